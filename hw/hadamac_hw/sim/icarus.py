"""Compilation of Verilog for Icarus Verilog, the second simulator, whose bits have four states and may be unknown.

Debian's package ``iverilog`` is enough.  Icarus compiles in no time but simulates slowly: with cocotb some thousand
cycles a second, where Verilator reaches tens of thousands.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.paths import named
from hadamac.files.scratch import scratch_directory
from hadamac.files.writing import atomic_directory, make_directory
from hadamac.tools import apt_line, program_version

from ..base.process import Overrun, call, tail
from .verilate import locked

__all__ = ["LANGUAGES", "SUFFIX", "build", "command", "installed", "require"]

LANGUAGES = ("2005", "2012")
"""Versions of the language in which a design may be read: Verilog-2005, and the SystemVerilog of cocotb's runner."""

SUFFIX = ".vvp"
"""Suffix of a compiled program's name."""


def installed() -> bool:
    """Return whether both programs of Icarus Verilog are on PATH."""
    return all(map(shutil.which, ("iverilog", "vvp")))


def require() -> None:
    """Raise a `ToolError` that says what to install if Icarus Verilog is missing."""
    if not installed():
        raise ToolError(f"iverilog is missing, which SIM=icarus asks for; run: {apt_line('iverilog')}")


def command(program: Path) -> list[str]:
    """Return the command that simulates a compiled program with cocotb."""
    from cocotb_tools import config

    require()
    return ["vvp", "-m", config.lib_entry("vpi", "icarus"), str(program), "-none"]


def build(verilog_text: str, top: str, build_dir: str | os.PathLike[str], *, language: str = "2012",
          limit_s: float = 600) -> Path:
    """Compile a design for Icarus Verilog, or find the program that was compiled from it before.

    Parameters
    ----------
    verilog_text, top, build_dir
        The same arguments as of `hadamac_hw.sim.verilate.build`.
    language
        Version of the language, one of `LANGUAGES`.
    limit_s
        Seconds of processor time after which the compiler is ended.

    Returns
    -------
    pathlib.Path
        The program, named ``TOP.vvp``, for `hadamac_hw.sim.simulate.run`.

    Raises
    ------
    ToolError
        Icarus is missing, or the design does not compile; the message ends with the last lines of the log.
    """
    if language not in LANGUAGES:
        raise DescriptionError(f"Language for Icarus must be one of {', '.join(LANGUAGES)}, not {language!r}")
    require()
    build_dir = Path(os.path.realpath(named(build_dir)))
    version = program_version("vvp", "-V")
    key = hashlib.sha256(repr((verilog_text, top, language, version)).encode()).hexdigest()[:16]
    home = build_dir / f"{top}-icarus-{key}"
    program = home / f"{top}{SUFFIX}"
    if program.is_file():
        return program
    make_directory(build_dir)
    with scratch_directory("icarus") as work:
        (work / "design.v").write_text(verilog_text)
        compile_ = ["iverilog", f"-g{language}", "-s", top, "-o", program.name, "design.v"]
        with open(work / "log", "w") as log:
            try:
                failed = call(compile_, cwd=work, env=os.environ, log=log, limit_s=limit_s)
            except Overrun as over:
                raise ToolError(f"Icarus Verilog did not compile {top}: {over}") from None
        if failed:
            raise ToolError(f"Icarus Verilog could not compile {top}:\n{tail(work / 'log')}")
        with locked(home.with_suffix(".lock")):
            if not program.is_file():
                with atomic_directory(home) as fresh:
                    shutil.copy(work / program.name, fresh / program.name)
    return program
