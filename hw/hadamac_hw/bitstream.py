"""Verilog to a bitstream: yosys, nextpnr, ecppack, and what nextpnr's report says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hadamac.errors import DataError, FitError, ToolError
from hadamac.files import atomic_directory, check_directory
from hadamac.tools import require_fpga

from .boards.ulx3s import Board

__all__ = ["Report", "build_bitstream", "constraints"]

MARKER = "report.json"


@dataclass(frozen=True)
class Report:
    """nextpnr's verdict: cells ``used`` and ``available`` by type, Fmax and needed MHz per clock."""

    used: dict[str, int]
    available: dict[str, int]
    fmax: dict[str, tuple[float, float]]
    bitstream: Path

    @classmethod
    def parse(cls, report: dict, bitstream: Path) -> Report:
        """From the JSON that ``nextpnr --report`` writes."""
        cells = {name: row for name, row in report["utilization"].items() if row["used"]}
        return cls(
            {name: row["used"] for name, row in cells.items()}, {name: row["available"] for name, row in cells.items()},
            {name.removeprefix("$glbnet$"): (row["achieved"], row["constraint"]) for name, row in report["fmax"].items()},
            bitstream,
        )


def constraints(board: Board) -> str:
    """The board's .lpf: in the installed package, or in constraints/ of a checkout."""
    here = Path(__file__).resolve().parent
    for directory in (here / "constraints", here.parents[1] / "constraints"):
        if (directory / board.lpf).is_file():
            return (directory / board.lpf).read_text()
    raise DataError(f"Constraint file {board.lpf} is missing from constraints/")


def _run(command: list[str], work: Path, log: str, timeout_s: float) -> str:
    """One tool, in the working directory (YoWASP programs see no absolute path); its log's text."""
    try:
        with open(work / log, "w") as file:
            done = subprocess.run(command, cwd=work, stdout=file, stderr=subprocess.STDOUT, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{command[0]} did not end within {timeout_s:.0f} s") from None
    text = (work / log).read_text(errors="replace")
    if done.returncode:
        errors = [line for line in text.splitlines() if "ERROR" in line] or text.splitlines()[-1:]
        too_many = re.search(r"Unable to place cell.*?of type '?(\w+)|no Bels remaining for type (\w+)", text, re.I)
        kind = FitError if too_many else ToolError
        raise kind(f"{Path(command[0]).name} failed: {' '.join(errors[:1]).strip() or 'no message'}")
    return text


def build_bitstream(
    verilog: str, top: str, board: Board, out, *, freq_mhz: float, seed: int = 1, timeout_s: float = 3600,
    progress: Callable[[str], None] = lambda stage: None,
) -> Report:
    """Synthesise, place, route and pack; ``out`` gets ``TOP.bit``, ``report.json`` and the logs.

    Nothing is written if a step fails, a resource does not suffice or a clock is missed.

    Parameters
    ----------
    verilog, top : str
    board : Board
    out : path
    freq_mhz : float
        Clock that nextpnr works towards where the constraints name none.
    seed : int
        nextpnr's.
    progress : callable
        Called with the name of each stage.
    """
    check_directory(out, marker=MARKER)
    tools = {name: require_fpga(f"yowasp-{name}") for name in ("yosys", "nextpnr-ecp5", "ecppack")}
    with tempfile.TemporaryDirectory(prefix="hadamac-build-") as scratch:
        work = Path(scratch)
        (work / f"{top}.v").write_text(verilog)
        (work / "board.lpf").write_text(constraints(board))
        progress("synthesis (yosys; its first run compiles it, which takes minutes)")
        script = f"read_verilog {top}.v; synth_ecp5 -top {top} -json {top}.json"
        _run([tools["yosys"], "-q", "-p", script], work, "yosys.log", timeout_s)
        needed = _cells(json.loads((work / f"{top}.json").read_text()), top)
        for kind, limit in (("MULT18X18D", board.multipliers), ("LUT4", board.luts)):
            if needed.get(kind, 0) > limit:
                raise FitError(f"{top} needs {needed[kind]} {kind}, {board.name} has {limit}; "
                               "try a larger board or a longer --interval")
        progress("place and route (nextpnr)")
        _run([tools["nextpnr-ecp5"], board.device, "--package", board.package, "--speed", board.speed, "--json",
              f"{top}.json", "--lpf", "board.lpf", "--textcfg", f"{top}.config", "--report", "report.json",
              "--freq", f"{freq_mhz:g}", "--seed", str(seed), "--timing-allow-fail"], work, "nextpnr.log", timeout_s)
        progress("bitstream (ecppack)")
        _run([tools["ecppack"], "--compress", "--input", f"{top}.config", "--bit", f"{top}.bit"], work, "ecppack.log",
             timeout_s)
        report = Report.parse(json.loads((work / "report.json").read_text()), Path(out) / f"{top}.bit")
        for clock, (achieved, constraint) in report.fmax.items():
            if achieved < constraint:
                raise FitError(f"Clock {clock} reaches {achieved:.1f} MHz with seed {seed}, {board.name} needs "
                               f"{constraint:.1f}; nothing was written, try another --seed")
        with atomic_directory(out, marker=MARKER) as directory:
            for name in (f"{top}.v", f"{top}.bit", "report.json", "yosys.log", "nextpnr.log"):
                shutil.copy(work / name, directory / name)
    return report


def _cells(netlist: dict, top: str) -> dict[str, int]:
    count: dict[str, int] = {}
    for cell in netlist["modules"][top]["cells"].values():
        count[cell["type"]] = count.get(cell["type"], 0) + 1
    return count
