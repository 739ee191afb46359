# amaranth: UnusedElaboratable=no
"""Pooling of row pairs by tiles, as emitted: order, edge words, when a pair leaves."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft.pairs import pack_rows
from hadamac_hw.layers.tile import Decimate, MaxPool
from support.cores import Core
from support.seeds import rng
from support.stimuli import real_maps


@pytest.mark.parametrize(("size", "width", "channels"), [((4, 4), 8, 3), ((8, 8), 18, 1), ((16, 16), 12, 2), ((4, 16), 10, 2),
                                                          ((16, 4), 10, 2)])
@pytest.mark.parametrize("kind", [MaxPool, Decimate])
def test_core(kind, size, width, channels):
    rows, columns = size
    block = kind(size=size if rows != columns else rows, width=width, channels=channels)
    core = Core(block, f"{kind.__name__.lower()}{rows}x{columns}")
    maps = real_maps(rng("tile", size), width, channels, rows, columns)
    x, y = (pack_rows(v).reshape(len(v), -1) for v in (maps, block.model(maps)))
    none = core.play_all(x, y, np.zeros(len(x)), interval=block.interval)["none"]
    ends = none.input_cycles.reshape(-1, rows // 2, columns)[:, 1::2, 1::2].reshape(-1)
    np.testing.assert_array_equal(none.output_cycles, ends + core.guard + block.latency - columns - 1)
