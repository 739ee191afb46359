"""What all tests share: paths of a checkout that is not installed, caches, fixtures, the soak, and the last lines.

``make sim`` runs every test but those marked ``soak`` (`support.soak` and the folder ``verif/soak``), which
``make soak`` runs.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
for _root in (_HERE, _HERE.parent / "sw", _HERE.parent / "hw"):
    if str(_root) not in sys.path:
        sys.path.insert(0, str(_root))


import hadamac_hw.base.emit  # noqa: E402  (the paths come first)
from support import minutes, soak, texts  # noqa: E402

hadamac_hw.base.emit.emit = texts.kept(hadamac_hw.base.emit.emit)  # before any test module takes it


MINUTES = os.environ.get("HADAMAC_MINUTES")
if MINUTES:
    minutes.install()


def pytest_unconfigure(config):
    if MINUTES and (hasattr(config, "workerinput") or not config.option.dist or config.option.dist == "no"):
        minutes.save(Path(MINUTES))


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: needs minutes, and is run by `make soak` alone")


def pytest_collection_modifyitems(config, items):
    root = str(_HERE / "soak")
    for item in items:
        if soak.marked(item.nodeid) or str(item.path).startswith(root):
            item.add_marker(pytest.mark.soak)
    if not any("::" in argument or argument.endswith(".py") for argument in config.args) and not config.option.keyword:
        if lines := soak.unused([item.nodeid for item in items]):
            raise pytest.UsageError(f"support/soak.py names tests that do not exist: {', '.join(lines)}")


def pytest_collection_finish():
    """Keep what is there by now out of Python's search for cyclic garbage, and let it search more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_terminal_summary(terminalreporter):
    """Say at the end what this machine could not test, and what would let it."""
    from hadamac.tools import apt_line
    from hadamac_hw.sim import icarus

    if not icarus.installed():
        terminalreporter.write_line(
            "Not tested, because iverilog is missing: the emitted Verilog in a second simulator (Icarus Verilog, as "
            f"Verilog-2005 and as SystemVerilog). To test it: {apt_line('iverilog')}")
    if find_spec("torch") is None:
        terminalreporter.write_line(
            "Not tested, because torch is missing: training and the torch modules. To test them: make .venv/.train sim")


@pytest.fixture(scope="session")
def build_dir() -> Path:
    """Directory of compiled simulators, kept between runs."""
    from hadamac_hw.sim.case import BUILD_DIR

    return BUILD_DIR


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch", reason="torch is needed to train; the rest of hadamac does without")
    # Threads that spin for one another make so small a job ten times slower on a busy machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


@pytest.fixture
def rng(request):
    """Random numbers of a test, of its own; ``HADAMAC_SEED`` sets the seed."""
    from support.seeds import rng

    return rng(request.node.name)
