"""Run cocotb test modules on Verilog: `build` compiles it, `run` simulates it.

Both may be called by several processes at once.  Two simulators are known: Verilator, which compiles the design to
a program, and Icarus Verilog, which knows unknown bits; see `SIMULATORS`.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.scratch import scratch_directory

from ..base.emit import emit
from ..base.process import Overrun, call, search_path, tail
from ..base.stream import Fifo
from ..sim import icarus, verilate

__all__ = ["SIMULATORS", "SimulationFailure", "SimulationResult", "build", "run", "seed_from_environment",
           "simulator_from_environment", "warm_up"]

SIMULATORS = ("verilator", "icarus")
"""Names that ``SIM`` and `build` accept, as cocotb spells them."""


class SimulationFailure(AssertionError):
    """A cocotb test failed, or the simulation did not end in time."""


@dataclass(frozen=True)
class SimulationResult:
    """Results of a run of one test module.

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


def simulator_from_environment() -> str:
    """Return the simulator that ``SIM`` names, as in cocotb's makefiles; Verilator without it."""
    name = os.environ.get("SIM", "").strip() or SIMULATORS[0]
    if name not in SIMULATORS:
        raise DescriptionError(f"SIM must be one of {', '.join(SIMULATORS)}, not {name!r}")
    return name


def build(verilog_text: str, top: str, build_dir: str | os.PathLike[str], *, simulator: str = SIMULATORS[0],
          **options) -> Path:
    """Compile one design for a simulator, or find the one compiled before.

    Parameters
    ----------
    verilog_text, top, build_dir
        All modules of the design, the name of the top, and the directory that holds many compiled designs.
    simulator
        One of `SIMULATORS`.
    options
        Further arguments of `hadamac_hw.sim.verilate.build` or `hadamac_hw.sim.icarus.build`.

    Returns
    -------
    pathlib.Path
        The program, for `run`.
    """
    if simulator not in SIMULATORS:
        raise DescriptionError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    return (icarus if simulator == "icarus" else verilate).build(verilog_text, top, build_dir, **options)


def _environment(program: Path, test_module: str, results: Path, seed: int, extra: Mapping[str, str]) -> dict[str, str]:
    """Variables that cocotb 2.1 reads when it starts inside a simulator."""
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
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # which would load pytest: a second for each run
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
    limit_s: float = 1800,
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
    limit_s
        Seconds of processor time, after which the simulator (and only it) is ended; so is one that stands still.
    waves
        VCD file to write; the program must be built by Verilator with ``waves=True``.

    Raises
    ------
    SimulationFailure
        A test failed (its assertion's text is in the message), none ran, or the limit was reached.
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
    """Fill the caches that every test needs, once, before several processes would all want to do it.

    These are Yosys compiled from WebAssembly and Verilator's run-time library: half a minute on a fresh machine.
    """
    build(emit(Fifo(8, inflight=1), "warm"), "warm", build_dir, quick=True)
