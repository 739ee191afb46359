# amaranth: UnusedElaboratable=no
"""Transforms of real frames as emitted: every bit of adversarial frames, under every stall, on time."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac_hw.fft.real import RealFft
from support.cores import Core
from support.seeds import rng
from support.stimuli import nasty


@pytest.mark.parametrize(("frames", "size", "width"), [(2, 4, 10), (2, 8, 12), (2, 64, 12), (1, 8, 12), (1, 16, 10),
                                                       (1, 128, 16)])
def test_core(frames, size, width):
    r = rng("real", frames, size)
    block = RealFft(size=size, width=width, frames=frames)
    core = Core(block, f"real{frames}_{size}")
    x = nasty(r, width, block.plan.points)
    x = x[r.permutation(len(x))[: 20 if size < 32 else 8]]
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    alternating = np.where(np.arange(block.plan.points) % 2, low, high)
    x = np.concatenate([x, [alternating + 1j * low if frames == 2 else np.full(len(alternating), high + 1j * low)]])
    y, over = block.plan.run(x)
    np.testing.assert_array_equal(block.model(x), y)
    assert over.any() and not over.all()
    core.play_all(x, y, over, interval=block.interval)
