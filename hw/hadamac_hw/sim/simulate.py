"""Runs of cocotb test modules on Verilog: `build` compiles a design, `run` simulates it.

Several processes may call both at once.  There are two simulators (`SIMULATORS`): Verilator, which compiles the design
to a fast program, and Icarus Verilog, in which bits may be unknown.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.scratch import scratch_directory

from ..base.emit import emit
from ..base.fifo import Fifo
from ..base.process import Overrun, call, search_path, tail
from . import icarus, verilate

__all__ = ["SIMULATORS", "SimulationFailure", "SimulationResult", "build", "run", "seed_from_environment",
           "simulator_from_environment", "warm_up"]

SIMULATORS = ("verilator", "icarus")
"""Names of simulators that ``SIM`` and `build` accept; they are cocotb's."""


class SimulationFailure(AssertionError):
    """The error that a cocotb test failed, or that a simulation did not end in time."""


@dataclass(frozen=True)
class SimulationResult:
    """Result of a run of one test module.

    Attributes
    ----------
    tests
        Names of the cocotb tests that ran, all of which passed.
    seconds
        Wall-clock time inside the tests.
    seed
        Seed of the run; ``HADAMAC_SEED`` set to it repeats the run.
    log
        Text that the simulator printed.
    """

    tests: tuple[str, ...]
    seconds: float
    seed: int
    log: str


def seed_from_environment(default: int = 1) -> int:
    """Return the seed of a simulation's random numbers: ``HADAMAC_SEED`` (an integer or ``random``), or `default`."""
    text = os.environ.get("HADAMAC_SEED", "").strip()
    if not text:
        return default
    if text == "random":
        return secrets.randbelow(2**31)
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise DescriptionError(f"HADAMAC_SEED must be a non-negative integer or 'random', not {text!r}")
    return int(text)


def simulator_from_environment() -> str:
    """Return the simulator that the variable ``SIM`` names, as in cocotb's makefiles; by default Verilator."""
    name = os.environ.get("SIM", "").strip() or SIMULATORS[0]
    if name not in SIMULATORS:
        raise DescriptionError(f"SIM must be one of {', '.join(SIMULATORS)}, not {name!r}")
    return name


def build(verilog_text: str, top: str, build_dir: str | os.PathLike[str], *, simulator: str = SIMULATORS[0],
          **options: Any) -> Path:  # each simulator has its own
    """Compile a design for a simulator, or find the program that was compiled from it before.

    Parameters
    ----------
    verilog_text, top, build_dir
        All modules of the design, the name of its top, and the directory that holds many compiled designs.
    simulator
        One of `SIMULATORS`.
    options
        Further arguments of `hadamac_hw.sim.verilate.build` or `hadamac_hw.sim.icarus.build`.

    Returns
    -------
    pathlib.Path
        The program, which `run` takes.
    """
    if simulator not in SIMULATORS:
        raise DescriptionError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    return (icarus if simulator == "icarus" else verilate).build(verilog_text, top, build_dir, **options)


def _environment(program: Path, test_module: str, results: Path, seed: int, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that cocotb 2.1 reads when it starts inside a simulator."""
    from cocotb_tools import config
    from find_libpython import find_libpython

    env = {name: value for name, value in os.environ.items() if not name.startswith(("COCOTB_", "PYTEST_"))}
    env |= {
        "GPI_USERS": f"{find_libpython()};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": search_path(sys.path, results.parent),
        "COCOTB_TOPLEVEL": program.stem,
        "COCOTB_TEST_MODULES": test_module,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_ANSI_OUTPUT": "0",
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # otherwise cocotb loads pytest, which takes a second in each run
        "TOPLEVEL_LANG": "verilog",
        "HADAMAC_SEED": str(seed),
    }
    return env | dict(extra)


def _failures(results: Path) -> tuple[list[str], list[str], float]:
    """Return the names of all tests, the texts of the failed ones, and the seconds that all took together."""
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
    limit_s: float = 1800,
    waves: str | os.PathLike[str] | None = None,
) -> SimulationResult:
    """Run the cocotb tests of one module in a compiled simulator.

    Parameters
    ----------
    program
        Program from `build`.
    test_module
        Importable name of the module with the ``@cocotb.test()`` functions; ``sys.path`` is the same inside the
        simulator as in this process.
    env
        Further environment variables, for instance with parameters of the tests.
    testcase
        Regular expression for the names of the tests to run; by default all run.
    seed
        Seed of the run; by default `seed_from_environment`.  It is printed, and part of every failure's text.
    limit_s
        Seconds of processor time after which the simulator (and nothing else) is ended; it is ended too if it uses no
        processor time for some minutes.
    waves
        VCD file to be written; the program must have been built by Verilator with ``waves=True``.

    Raises
    ------
    SimulationFailure
        A test failed (the message holds the text of its assertion), no test ran, or the limit was reached.
    ToolError
        The simulator stopped without results.
    """
    seed = seed_from_environment() if seed is None else seed
    name = program.stem
    print(f"{name}: {test_module}, seed {seed} (HADAMAC_SEED={seed} repeats it)", flush=True)
    with scratch_directory("sim") as scratch:
        results, log_path = scratch / "results.xml", scratch / "sim.log"
        variables = _environment(program, test_module, results, seed, env or {})
        if testcase is not None:
            variables["COCOTB_TEST_FILTER"] = testcase
        command = icarus.command(program) if program.suffix == icarus.SUFFIX else [str(program)]
        command += ["--trace", "--trace-file", str(Path(waves).resolve())] if waves else []
        with open(log_path, "w") as log:
            try:
                code = call(command, cwd=scratch, env=variables, log=log, limit_s=limit_s)
            except Overrun as over:
                raise SimulationFailure(f"{name}: {over}, ended (seed {seed})\n{tail(log_path)}") from None
        if not results.is_file():
            raise ToolError(f"The simulation of {name} stopped with status {code}:\n{tail(log_path, 25)}")
        names, failures, seconds = _failures(results)
        log_text = log_path.read_text(errors="replace")
    if failures:
        what = f"{name} (seed {seed}): {len(failures)} of {len(names)} tests failed"
        raise SimulationFailure("\n".join([what, *failures]))
    if not names:
        raise SimulationFailure(f"{name}: {test_module} has no test that matches {testcase or 'anything'}")
    return SimulationResult(tuple(names), seconds, seed, log_text)


def warm_up(build_dir: str | os.PathLike[str]) -> None:
    """Fill the caches that every simulation needs, before several processes begin to do so at the same time.

    The caches hold Yosys compiled from WebAssembly and Verilator's run-time library.  Filling them takes half a minute.
    """
    build(emit(Fifo(8, inflight=1), "warm"), "warm", build_dir, quick=True)
