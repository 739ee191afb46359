"""Lets tests run in a checkout that is not installed, and names the directory in which simulators are cached."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
for _root in (_HERE, _HERE.parent / "sw", _HERE.parent / "hw"):
    if str(_root) not in sys.path:
        sys.path.insert(0, str(_root))


@pytest.fixture(scope="session")
def build_dir() -> Path:
    """Directory of compiled simulators, kept between runs."""
    from hadamac_hw.bench.case import BUILD_DIR

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
