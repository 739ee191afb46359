# amaranth: UnusedElaboratable=no
"""Pooling of row pairs by tiles, as emitted: order, edge words, when a pair leaves."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft.planar import pack_rows
from hadamac_hw.layers.tile import Decimate, MaxPool
from support.cores import Core
from support.seeds import rng
from support.stimuli import real_maps


@pytest.mark.parametrize(("size", "width", "channels"), [(4, 8, 3), (8, 18, 1), (16, 12, 2)])
@pytest.mark.parametrize("kind", [MaxPool, Decimate])
def test_core(kind, size, width, channels):
    block = kind(size=size, width=width, channels=channels)
    core = Core(block, f"{kind.__name__.lower()}{size}")
    maps = real_maps(rng("tile", size), width, channels, size, size)
    x, y = (pack_rows(v).reshape(len(v), -1) for v in (maps, block.model(maps)))
    none = core.play_all(x, y, np.zeros(len(x)), interval=block.interval)["none"]
    ends = none.input_cycles.reshape(-1, size // 2, size)[:, 1::2, 1::2].reshape(-1)
    np.testing.assert_array_equal(none.output_cycles, ends + core.guard + block.latency - size - 1)
