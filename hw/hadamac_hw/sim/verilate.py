"""Compilation of Verilog to a simulator program with Verilator; a program that exists already is found again.

The program is kept under a name that holds a hash of the text, the options and the versions of Verilator and the
compiler.  Two things make a first build short:

- Only the *ports* of the top module are visible to cocotb.  (``public=True`` shows every signal, as cocotb's own runner
  does, which makes the code twice as large and simulation a third slower.)
- Verilator's run-time library and headers, which are most of the compile time of a small design, are compiled once per
  environment and then taken from the cache.

Several processes may build at once, the same design or different ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.paths import failed, named
from hadamac.files.scratch import scratch_directory
from hadamac.files.writing import atomic_directory, make_directory
from hadamac.tools import cache_directory, compiler_version, require_verilator, verilator_version

from ..base.emit import TIMESCALE
from ..base.process import Overrun, call, tail

__all__ = ["build", "locked"]

FAST, QUICK = "-O1", "-O0"
"""Levels of C++ optimisation for long and for short simulations; the run-time library is always compiled at ``-O1``."""

# The headers that every compiled file includes.  Parsing them is most of the compile time of a small design, so they
# are parsed once.
_HEADERS = "".join(f"#include <{name}>\n" for name in ("memory", "string", "verilated.h", "verilated_vpi.h"))
_RULE = "common.h.gch: common.h\n\t$(CXX) $(OPT_FAST) $(CPPFLAGS) -x c++-header -o $@ $<\n"

# Few large C++ files with functions of bounded size take a third less time to compile for a whole network.
_SPLIT = ("--output-split", "60000", "--output-split-cfuncs", "2000")
_VERILATE = ("-Wno-fatal", "-O3", "--x-assign", "fast", "--x-initial", "fast", *_SPLIT)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an advisory lock on a file; the system releases it if the process dies."""
    try:
        file = open(path, "w")
    except OSError as error:
        raise failed(path, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _ports(text: str, top: str) -> list[str]:
    """Return the names of the ports of the module `top`, whose header may have either style."""
    header = re.search(rf"^\s*module\s+\\?{re.escape(top)}\s*(?:#\s*\(.*?\)\s*)?\((.*?)\)\s*;", text, re.M | re.S)
    if header is None:
        raise DescriptionError(f"The Verilog has no module named {top} with ports")
    plain = re.sub(r"//.*", "", header[1])
    return [names[-1] for item in plain.split(",") if (names := re.findall(r"[A-Za-z_]\w*", item))]


def _control_file(text: str, top: str) -> str:
    """Return a control file for Verilator that makes the ports of `top`, and nothing else, readable and writable."""
    lines = [f'public_flat_rw -module "{top}" -var "{port}"' for port in _ports(text, top)]
    return "\n".join(["`verilator_config", *lines, ""])


def _made_once(kind: str, facts: tuple, made: Sequence[str], directory: Path, make: Callable[[], int]) -> Path | None:
    """Return the directory of the cache that holds certain files, which are made first where they are missing.

    Parameters
    ----------
    kind
        Beginning of the directory's name.
    facts
        All facts on which the files depend, beside the tools' versions.
    made
        Names of the files.
    directory
        Working directory in which they are made, and from which they are copied to the cache.
    make
        Makes them, and returns an exit status.

    Returns
    -------
    pathlib.Path or None
        The directory of the cache; None if ``make`` failed.
    """
    facts = (*facts, verilator_version(), compiler_version(), sys.prefix)
    store = cache_directory() / f"{kind}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"
    with locked(store.with_suffix(".lock")):
        if not store.is_dir():
            if make():
                return None
            with atomic_directory(store) as fresh:
                for name in made:
                    shutil.copy2(directory / name, fresh / name)
    return store


def _runtime(directory: Path, env: Mapping[str, str], log: IO[str], limit_s: float, waves: bool,
             level: str) -> list[str]:
    """Compile Verilator's run-time library and headers once per environment, and copy them into `directory`.

    Returns
    -------
    list of str
        Arguments for the ``make`` that compiles the design.
    """
    classes = (directory / "Vtop_classes.mk").read_text()
    listed = re.search(r"VM_GLOBAL_FAST \+= \\\n((?:\s+\w+ \\\n)*)", classes)
    objects = [f"{name}.o" for name in re.findall(r"\w+", listed[1])] if listed else []
    arguments = ["-f", "Vtop.mk", f"VM_TRACE={int(waves)}", f"OPT_FAST={level}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1"]

    def make(*targets: str) -> int:
        command = ["make", "-j2", *arguments, "-f", "common.mk", *targets]
        return call(command, cwd=directory, env=env, log=log, limit_s=limit_s)

    (directory / "common.h").write_text(_HEADERS)
    (directory / "common.mk").write_text(_RULE)
    library = _made_once("library", (waves, objects, arguments[-1]), objects, directory, lambda: make(*objects))
    header = _made_once("header", (waves, level, _HEADERS, _RULE), ["common.h", "common.h.gch"], directory,
                        lambda: make("common.h.gch"))
    if library is None or header is None:
        return arguments  # the caller then compiles everything, which shows the error
    for name in objects:
        shutil.copyfile(library / name, directory / name)
    if _in_parts(directory):  # then Verilator makes a precompiled header of its own
        return arguments
    return [*arguments, "-f", "main.mk", "VK_OBJS=", f"CXXFLAGS=-include {header / 'common.h'}"]


def _in_parts(directory: Path) -> bool:
    """Return whether Verilator divides the design into several C++ files, as it does with a large one."""
    return "VM_PARALLEL_BUILDS = 1" in (directory / "Vtop_classes.mk").read_text()


def _write_main(directory: Path, main: Path) -> None:
    """Write the C++ file that is compiled: cocotb's `main`, together with the design if that is a single file.

    The time that a compiler takes for any file at all is longer than the time for such a small design.
    """
    design = "" if _in_parts(directory) else '#include "Vtop__ALL.cpp"\n'
    (directory / "main.cpp").write_text(f'{design}#include "{main}"\n')
    (directory / "main.mk").write_text("main.o: Vtop__ALL.cpp\n")


def _compile(
    directory: Path,
    text: str,
    top: str,
    options: Sequence[str],
    waves: bool,
    public: bool,
    level: str,
    log_path: Path,
    limit_s: float,
) -> None:
    """Compile a design in `directory`, as `build` describes; raise `ToolError` if that fails."""
    from cocotb_tools import config

    env = {**os.environ, **require_verilator(), "TMPDIR": str(directory)}  # a compiler that is ended leaves files
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # the flags of an outer make must not be passed on
        env.pop(variable, None)
    (directory / f"{top}.v").write_text(text)
    sources = [f"{top}.v"]
    if not public:
        (directory / "ports.vlt").write_text(_control_file(text, top))
        sources.insert(0, "ports.vlt")
    libs = str(config.libs_dir)
    verilate = [f"{env['VERILATOR_ROOT']}/bin/verilator", "--cc", "--exe", "--Mdir", ".", "--prefix", "Vtop", "-o", top]
    verilate += ["--top-module", top, "--vpi"]
    verilate += ["--timescale", "/".join(TIMESCALE), *_VERILATE, *options]
    verilate += ["--trace"] if waves else []
    verilate += ["--public-flat-rw"] if public else []
    verilate += ["-LDFLAGS", f"-Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator"]
    verilate += ["main.cpp", *sources]
    with open(log_path, "w") as log:
        try:
            failed = call(verilate, cwd=directory, env=env, log=log, limit_s=limit_s)
            if not failed:
                _write_main(directory, config.share_dir / "lib" / "verilator" / "verilator.cpp")
                arguments = _runtime(directory, env, log, limit_s, waves, level)
                failed = call(["make", "-j2", *arguments], cwd=directory, env=env, log=log, limit_s=limit_s)
        except Overrun as over:
            raise ToolError(f"Verilator did not compile {top}: {over}; see {log_path}") from None
    if failed:
        end = tail(log_path) or "(none: is the disk full?)"
        raise ToolError(f"Verilator could not compile {top}; the last lines of {log_path}:\n{end}")


def build(
    verilog_text: str,
    top: str,
    build_dir: str | os.PathLike[str],
    *,
    options: Sequence[str] = (),
    waves: bool = False,
    public: bool = False,
    quick: bool = False,
    limit_s: float = 1800,
) -> Path:
    """Compile a design to a simulator program, or find the program that was compiled from it before.

    Parameters
    ----------
    verilog_text
        All modules of the design, for instance from `hadamac_hw.base.emit.emit`.
    top
        Name of the top module.
    build_dir
        Directory that holds the programs of many designs; it is made if it is missing.
    options
        Further arguments for ``verilator``.
    waves
        Whether `run` can write a VCD file.
    public
        Whether every signal of the hierarchy is visible to cocotb, and not only the ports of the top.
    quick
        Whether to compile in half the time a program that simulates more slowly; good for some thousand cycles.
    limit_s
        Seconds of processor time after which the compilers are ended.

    Returns
    -------
    pathlib.Path
        The program, which `run` takes.  Its name is `top`.

    Raises
    ------
    ToolError
        A tool is missing, or the design does not compile; the message ends with the last lines of the log.
    """
    build_dir = Path(os.path.realpath(named(build_dir)))
    require_verilator()
    level = QUICK if quick else FAST
    facts = (verilog_text, top, tuple(options), waves, public, level, _VERILATE, TIMESCALE, sys.prefix)
    key = hashlib.sha256(repr((*facts, verilator_version(), compiler_version())).encode()).hexdigest()[:16]
    home = build_dir / f"{top}-{key}"
    program = home / top
    if program.is_file():
        return program
    make_directory(build_dir)
    log = home.with_suffix(".log")
    with locked(home.with_suffix(".lock")):
        if not program.is_file():
            # The work is done elsewhere, because make fails where a directory's name holds a space or a colon.
            with atomic_directory(home) as fresh, scratch_directory("compile") as work:
                _compile(work, verilog_text, top, options, waves, public, level, log, limit_s)
                (fresh / f"{top}.v").write_text(verilog_text)
                shutil.move(work / top, fresh / top)
    return program
