# amaranth: UnusedElaboratable=no
"""Pooling of maps by tiles: definition pixel by pixel, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DataError, DescriptionError
from hadamac.model.tile import decimate, max_pool
from hadamac_hw.layers.tile import Decimate, MaxPool
from support.seeds import refused, rng


def test_pixel_by_pixel():
    maps = rng("tile").integers(-50, 50, (2, 3, 8, 8)).astype(float)
    maps[0, 0, :2, :2] = [[-(2**15), 0], [1, 2**15 - 1]]
    best, first = max_pool(maps), decimate(maps)
    assert best.shape == first.shape == (2, 3, 4, 4)
    for n, c, i, j in np.ndindex(2, 3, 4, 4):
        tile = maps[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        assert best[n, c, i, j] == tile.max() and first[n, c, i, j] == tile[0, 0]


@pytest.mark.parametrize(("kind", "function"), [(MaxPool, max_pool), (Decimate, decimate)])
def test_blocks(kind, function):
    name = kind.__name__
    block = kind(size=8, width=12, channels=3)
    assert (block.frame, block.interval, block.latency, block.multipliers) == ((96, 24), 96, 8 + 1 + 4 + 2, 0)
    maps = rng("blocks").integers(-2048, 2048, (2, 3, 8, 8))
    np.testing.assert_array_equal(block.model(maps), function(maps))
    wide = kind(size=(4, 16), width=12, channels=3)
    assert (wide.frame, wide.interval, wide.latency) == ((96, 24), 96, 16 + 1 + 4 + 2)
    maps = maps.reshape(2, 3, 4, 16)
    np.testing.assert_array_equal(wide.model(maps), function(maps))
    for size, bad in ((2, 2), (12, 12), (8.0, 8.0), (True, True), ((8, 12), 12), ((2, 8), 2), ((1, 16), 1)):
        with refused(f"{name} size must be a power of two from 4, not {bad!r}", DescriptionError):
            kind(size=size, width=12)
    for what in ("width", "channels"):
        with refused(f"{name} {what} must be a positive integer, not 0", DescriptionError):
            kind(**{"size": 8, "width": 12} | {what: 0})
    for shape in ((3, 3), (2, 3), (3, 4), (4,)):
        with refused(f"{name} maps must have even numbers of rows and columns, not {shape}", DataError):
            function(np.zeros(shape))
