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
