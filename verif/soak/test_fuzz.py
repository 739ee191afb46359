"""Two thousand hostile inputs: each is met by one line and exit code 2, or by nothing worse than a result."""

from __future__ import annotations

from support.fuzz import fuzz
from support.seeds import rng


def test_hostile_input():
    codes = fuzz(rng("hostile"), 2000)
    print(f"exit codes: {codes}")
    assert codes.get(2, 0) > 1000
