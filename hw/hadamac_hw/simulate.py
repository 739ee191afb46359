"""Compile Verilog with Verilator and run cocotb test modules on it.

`build` is cheap to call again: the result is kept under a name that holds the hash of the text, the options and
the versions of Verilator and the compiler.  Two things make a first build short:

- Only the top module's *ports* are visible to cocotb (``public=True`` shows every signal, as cocotb's own runner
  does, for twice the code and half the speed).
- Verilator's run-time library, two thirds of the compile time of a small design, is compiled once per
  environment and linked again from the cache.

Both `build` and `run` may be called by several processes at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from hadamac.errors import DescriptionError, ToolError
from hadamac.files import atomic_directory, atomic_write
from hadamac.tools import cache_directory, compiler_version, require_verilator, verilator_version

from .emit import TIMESCALE

__all__ = ["SimulationFailure", "SimulationResult", "build", "run", "seed_from_environment"]

OPTIMISE = "-O1"
"""C++ optimisation of the design itself; the run-time library always gets ``-O2``."""

# What every compiled file includes, parsed once: most of the compile time of a small design.
_HEADERS = "".join(f"#include <{name}>\n" for name in ("memory", "string", "verilated.h", "verilated_vpi.h"))
_RULE = "common.h.gch: common.h\n\t$(CXX) $(OPT_FAST) $(CPPFLAGS) -x c++-header -o $@ $<\n"

# Few, large C++ files with functions of bounded size: a third less compile time for a whole network.
_SPLIT = ("--output-split", "60000", "--output-split-cfuncs", "2000")
_VERILATE = ("-Wno-fatal", "-O3", "--x-assign", "fast", "--x-initial", "fast", *_SPLIT)


class SimulationFailure(AssertionError):
    """A cocotb test failed, or the simulation did not end in time."""


@dataclass(frozen=True)
class SimulationResult:
    """What a run of one test module gave.

    Attributes
    ----------
    tests
        Names of the cocotb tests that ran, all of which passed.
    seconds
        Wall-clock time inside the tests.
    seed
        Seed of the run, for ``HADAMAC_SEED``.
    log
        What the simulator printed.
    """

    tests: tuple[str, ...]
    seconds: float
    seed: int
    log: str


def seed_from_environment(default: int = 1) -> int:
    """Seed of all random numbers in a simulation: ``HADAMAC_SEED`` (an integer, or ``random``), else `default`."""
    text = os.environ.get("HADAMAC_SEED", "").strip()
    if not text:
        return default
    if text == "random":
        return secrets.randbelow(2**31)
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise DescriptionError(f"HADAMAC_SEED must be a non-negative integer or 'random', not {text!r}")
    return int(text)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an advisory lock, which the system drops if the process dies."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _call(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log, timeout_s: float) -> int:
    """Run a child in a process group of its own; on time-out or interrupt end that group, and no other process."""
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            return child.wait(timeout_s)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(path.read_text(errors="replace").rstrip().splitlines()[-lines:])


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


def _runtime(directory: Path, env: Mapping[str, str], log, timeout_s: float, waves: bool) -> list[str]:
    """Compile Verilator's run-time library and headers once per environment; link them into `directory`.

    Returns
    -------
    list of str
        Arguments for ``make``.
    """
    classes = (directory / "Vtop_classes.mk").read_text()
    listed = re.search(r"VM_GLOBAL_FAST \+= \\\n((?:\s+\w+ \\\n)*)", classes)
    objects = [f"{name}.o" for name in re.findall(r"\w+", listed[1])] if listed else []
    facts = (verilator_version(), compiler_version(), waves, objects, OPTIMISE, _HEADERS, _RULE, sys.prefix)
    store = cache_directory() / f"runtime-{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"
    arguments = ["-f", "Vtop.mk", f"VM_TRACE={int(waves)}", f"OPT_FAST={OPTIMISE}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2"]
    with _locked(store.with_suffix(".lock")):
        if not store.is_dir():
            (directory / "common.h").write_text(_HEADERS)
            (directory / "common.mk").write_text(_RULE)
            made = ["common.h", "common.h.gch", *objects]
            if _call(["make", "-j2", *arguments, "-f", "common.mk", *made[1:]], cwd=directory, env=env, log=log,
                     timeout_s=timeout_s):
                return arguments  # the complete make that follows shows the error
            with atomic_directory(store) as fresh:
                for name in made:
                    shutil.copy2(directory / name, fresh / name)
    for name in objects:
        shutil.copyfile(store / name, directory / name)
    if "VM_PARALLEL_BUILDS = 1" in classes:  # Verilator makes a precompiled header of its own
        return arguments
    return [*arguments, f"CXXFLAGS=-include {store / 'common.h'}"]


def _compile(directory: Path, text: str, top: str, options: Sequence[str], waves: bool, public: bool, log_path: Path,
             timeout_s: float) -> None:
    from cocotb_tools import config

    env = {**os.environ, **require_verilator()}
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
    verilate += [str(config.share_dir / "lib" / "verilator" / "verilator.cpp"), *sources]
    with open(log_path, "w") as log:
        try:
            failed = _call(verilate, cwd=directory, env=env, log=log, timeout_s=timeout_s)
            if not failed:
                arguments = _runtime(directory, env, log, timeout_s, waves)
                failed = _call(["make", "-j2", *arguments], cwd=directory, env=env, log=log, timeout_s=timeout_s)
        except subprocess.TimeoutExpired:
            raise ToolError(f"Verilator did not compile {top} within {timeout_s:.0f} s; see {log_path}") from None
    if failed:
        raise ToolError(f"Verilator could not compile {top}; the last lines of {log_path}:\n{_tail(log_path)}")


def build(
    verilog_text: str,
    top: str,
    build_dir: str | os.PathLike[str],
    *,
    options: Sequence[str] = (),
    waves: bool = False,
    public: bool = False,
    timeout_s: float = 900,
) -> Path:
    """Compile one design to a simulator program, or find the one compiled before.

    Parameters
    ----------
    verilog_text
        All modules of the design, for instance from `hadamac_hw.emit.emit`.
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

    Returns
    -------
    pathlib.Path
        The program, for `run`.  Its name is `top`.

    Raises
    ------
    ToolError
        A tool is missing, or the design does not compile; the message ends with the last lines of the log.
    """
    build_dir = Path(build_dir).resolve()
    if any(character.isspace() for character in str(build_dir)):
        raise ToolError(f"make cannot compile with a space in a directory name, as in {build_dir}; name another")
    require_verilator()
    facts = (verilog_text, top, tuple(options), waves, public, OPTIMISE, _VERILATE, TIMESCALE, sys.prefix)
    key = hashlib.sha256(repr((*facts, verilator_version(), compiler_version())).encode()).hexdigest()[:16]
    home = build_dir / f"{top}-{key}"
    program = home / top
    if program.is_file():
        return program
    build_dir.mkdir(parents=True, exist_ok=True)
    log = home.with_suffix(".log")
    with _locked(home.with_suffix(".lock")):
        if not program.is_file():
            with atomic_directory(home) as fresh, tempfile.TemporaryDirectory(prefix=".compile-", dir=build_dir) as work:
                _compile(Path(work), verilog_text, top, options, waves, public, log, timeout_s)
                (fresh / f"{top}.v").write_text(verilog_text)
                shutil.move(Path(work) / top, fresh / top)
    return program


def _environment(program: Path, test_module: str, results: Path, seed: int, extra: Mapping[str, str]) -> dict[str, str]:
    """Variables that cocotb 2.1 reads when it starts inside a simulator."""
    from cocotb_tools import config
    from find_libpython import find_libpython

    env = {name: value for name, value in os.environ.items() if not name.startswith(("COCOTB_", "PYTEST_"))}
    env |= {
        "GPI_USERS": f"{find_libpython()};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "COCOTB_TOPLEVEL": program.name,
        "COCOTB_TEST_MODULES": test_module,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_ANSI_OUTPUT": "0",
        "TOPLEVEL_LANG": "verilog",
        "HADAMAC_SEED": str(seed),
    }
    return env | dict(extra)


def _failures(results: Path) -> tuple[list[str], list[str], float]:
    """Names of all tests, texts of the failed ones, and the time they took together."""
    names, failures, seconds = [], [], 0.0
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        names.append(case.get("name", "?"))
        seconds += float(case.get("time", 0))
        for child in (*case.findall("failure"), *case.findall("error")):
            kind = child.get("error_type") or child.get("type") or child.tag
            text = child.get("error_msg") or child.get("message") or (child.text or "").strip()
            failures.append(f"{names[-1]}: {text if kind == 'AssertionError' else f'{kind}: {text}'}")
    return names, failures, seconds


def run(
    program: Path,
    test_module: str,
    env: Mapping[str, str] | None = None,
    *,
    testcase: str | None = None,
    seed: int | None = None,
    timeout_s: float = 600,
    waves: str | os.PathLike[str] | None = None,
) -> SimulationResult:
    """Run the cocotb tests of one module in a compiled simulator.

    Parameters
    ----------
    program
        What `build` returned.
    test_module
        Importable name of the module with the ``@cocotb.test()`` functions; this process's ``sys.path`` holds
        inside the simulator too.
    env
        More environment variables, by which tests take their parameters.
    testcase
        Regular expression on the name of a test; without it all run.
    seed
        Seed of the run; by default `seed_from_environment`.  Printed, and part of every failure's text.
    timeout_s
        Wall-clock limit, after which the simulator (and only it) is killed.
    waves
        VCD file to write; the program must be built with ``waves=True``.

    Raises
    ------
    SimulationFailure
        A test failed (its assertion's text is in the message), none ran, or time ran out.
    ToolError
        The simulator stopped without results.
    """
    seed = seed_from_environment() if seed is None else seed
    print(f"{program.name}: {test_module}, seed {seed} (HADAMAC_SEED={seed} repeats it)", flush=True)
    with tempfile.TemporaryDirectory(prefix="hadamac-sim-") as scratch:
        results, log_path = Path(scratch, "results.xml"), Path(scratch, "sim.log")
        variables = _environment(program, test_module, results, seed, env or {})
        if testcase is not None:
            variables["COCOTB_TEST_FILTER"] = testcase
        command = [str(program)] + (["--trace", "--trace-file", str(Path(waves).resolve())] if waves else [])
        with open(log_path, "w") as log:
            try:
                code = _call(command, cwd=Path(scratch), env=variables, log=log, timeout_s=timeout_s)
            except subprocess.TimeoutExpired:
                text = f"{program.name}: no end after {timeout_s:g} s, killed (seed {seed})\n{_tail(log_path)}"
                raise SimulationFailure(text) from None
        if not results.is_file():
            raise ToolError(f"The simulation of {program.name} stopped with status {code}:\n{_tail(log_path, 25)}")
        names, failures, seconds = _failures(results)
        log_text = log_path.read_text(errors="replace")
    if failures:
        raise SimulationFailure(f"{program.name} (seed {seed}): {len(failures)} of {len(names)} tests failed\n" + "\n".join(failures))
    if not names:
        raise SimulationFailure(f"{program.name}: {test_module} has no test that matches {testcase or 'anything'}")
    return SimulationResult(tuple(names), seconds, seed, log_text)
