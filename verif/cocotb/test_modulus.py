# amaranth: UnusedElaboratable=no
"""Moduli as emitted: every word of a small width, edges and random words of wide ones, maps in pairs."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.modulus import ModulusPlan
from hadamac_hw.layers.modulus import Modulus, PairModulus
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform

LENGTH = 16
"""Beats of a frame: the block of moduli does not count them."""
PAIRS = {
    "pair_modulus_1": {"width": 8, "beats": 1, "pairs": 3},
    "pair_modulus_5": {"width": 12, "beats": 5, "pairs": 2},
    "pair_modulus_32": {"width": 16, "beats": 32},
    "pair_modulus_wide": {"width": 17, "beats": 3, "pairs": 1},
}


def edges(width: int) -> np.ndarray:
    low, high = limits(width)
    words = [low, low + 1, -1, 0, 1, high - 1, high, 3 * high // 4]
    return np.array([complex(a, b) for a in words for b in words])


@pytest.mark.parametrize("width", [4, 6, 12, 16, 17])
def test_modulus(width):
    name = f"modulus{width}"
    core, r = Core(Modulus(width=width), name), rng(name)
    low, high = limits(width)
    words = np.arange(low, high + 1) if width <= 6 else np.array([])
    every = (words[:, None] + 1j * words).ravel()
    quiet = uniform(r, width, 4 * LENGTH, scale=0.7)
    x = np.concatenate([every, edges(width), quiet, uniform(r, width, 8 * LENGTH), uniform(r, width, LENGTH, scale=0.01),
                        corners(r, width, LENGTH)]).reshape(-1, LENGTH)
    y, over = ModulusPlan(width).run(x)
    assert over.any()
    none = core.play_all(x, y, over, interval=LENGTH)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.block.latency)


@pytest.mark.parametrize("name", list(PAIRS))
def test_pair_modulus(name):
    block = PairModulus(**PAIRS[name])
    core, r = Core(block, name), rng(name)
    shape = (block.pairs, 2, block.beats)
    x = np.concatenate([uniform(r, block.width, 3, *shape), uniform(r, block.width, 4, *shape, scale=0.7),
                        corners(r, block.width, 2, *shape), np.full((1, *shape), 0j)])
    y, over = ModulusPlan(block.width).run_pairs(x)
    assert over.any()
    none = core.play_all(x.reshape(10, -1), y.reshape(10, -1), over, interval=block.interval)["none"]
    second = np.tile(np.repeat([False, True], block.beats), 10 * block.pairs)
    np.testing.assert_array_equal(none.output_cycles,
                                  none.input_cycles[second] + core.guard + block.latency - block.beats)
