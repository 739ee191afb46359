"""Seeded random numbers, with which a failing run can be repeated."""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np
import pytest

from hadamac.errors import HadamacError
from hadamac_hw.sim.simulate import seed_from_environment

__all__ = ["rng", "refused"]


def rng(*name: object) -> np.random.Generator:
    """Return a generator of the random numbers called `name`; ``HADAMAC_SEED`` sets the seed, which is printed."""
    seed = seed_from_environment()
    print(f"seed {seed} (HADAMAC_SEED={seed} repeats it)")
    return np.random.default_rng([seed, crc32(repr(name).encode())])


def refused(message: str, error: type[Exception] = HadamacError):
    """Expect an error whose whole text is `message`."""
    return pytest.raises(error, match=rf"\A{re.escape(message)}\Z")
