# amaranth: UnusedElaboratable=no
"""The dense layer against Python integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hadamac import timing
from hadamac.errors import DataError, DescriptionError
from hadamac.model.dense import dense
from hadamac_hw.layers.dense import Dense
from support.seeds import refused, rng
from support.stimuli import limits


def plain(maps, weights, bias, shift, width: int):
    low, high = limits(width)
    logits, overflow = [], []
    for m in maps.reshape(len(maps), -1).tolist():
        exact = [round(Fraction(sum(int(a) * int(b) for a, b in zip(m, w)) + int(c)) / Fraction(2) ** int(s))
                 for w, c, s in zip(weights.reshape(len(weights), -1).tolist(), bias, shift)]
        logits.append([max(low, min(high, v)) for v in exact])
        overflow.append(logits[-1] != exact)
    return logits, overflow


@pytest.mark.parametrize(("outputs", "channels", "size", "width"), [(2, 1, 2, 10), (10, 3, 4, 16), (7, 16, 8, 17)])
def test_against_plain_integers(outputs, channels, size, width):
    r = rng("dense", outputs, channels, size)
    low, high = limits(width)
    maps = r.integers(low, high, (6, channels, size, size), endpoint=True).astype(float)
    maps[1], maps[2] = low, high
    weights = r.integers(-128, 128, (outputs, channels, size, size)).astype(float)
    weights[0], weights[1] = -128, 127
    bias = r.integers(-(2**30), 2**30, outputs)
    shift = r.integers(-3, 20, outputs)
    shift[0] = -8
    logits, overflow = dense(maps, weights, bias, shift, 24)
    expected, flags = plain(maps, weights, bias, shift, 24)
    assert logits.astype(int).tolist() == expected and overflow.tolist() == flags
    assert any(flags)
    block = Dense(weights=weights, bias=bias, shift=shift, lanes=2, width=width)
    np.testing.assert_array_equal(block.model(maps), logits)


def test_ties_to_even_and_no_frame():
    maps = np.array([3.0, 5, -3, 0]).reshape(4, 1, 1, 1) * np.array([[1, 0], [0, 0]])
    weights = np.ones((1, 1, 2, 2))
    logits, overflow = dense(maps, weights, np.array([0]), np.array([1]), 24)
    assert logits.ravel().tolist() == [2, 2, -2, 0] and not overflow.any()
    logits, overflow = dense(maps[:0], weights, np.array([0]), np.array([1]), 24)
    assert logits.shape == (0, 1) and overflow.shape == (0,)


def test_lane_words_are_beats_of_row_pairs():
    """A lane's memory in the order in which its data passes: round, channel, row pair, x, row of the pair."""
    weights = np.arange(3 * 2 * 4 * 4).reshape(3, 2, 4, 4) - 48
    block = Dense(weights=weights, bias=[0] * 3, shift=[0] * 3, lanes=2, width=12)
    words = [w - 256 if w > 127 else w for w in block.lane_words(0)]
    order = [(c, 2 * p + odd, x) for c in range(2) for p in range(2) for x in range(4) for odd in (0, 1)]
    assert words == [weights[o][k] for o in (0, 2) for k in order]
    words = block.lane_words(1)
    assert words[32:] == [0] * 32  # no fourth output


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lanes": 0}, DescriptionError, "Dense lanes must be from 1 to 5, not 0"),
        ({"lanes": 6}, DescriptionError, "Dense lanes must be from 1 to 5, not 6"),
        ({"lanes": 1.0}, DescriptionError, "Dense lanes must be from 1 to 5, not 1.0"),
        ({"weights": np.zeros((5, 1, 2, 2)), "lanes": 5}, DescriptionError, "Dense lanes must be from 1 to 4, not 5"),
        ({"weights": np.full((5, 2, 4, 4), 128)}, DescriptionError, "Dense weights must fit 8 signed bits, not 128 .. 128"),
        ({"weights": np.full((5, 2, 4, 4), 0.25)}, DataError, "Dense weights must be integers, not 0.25"),
        ({"weights": np.full((5, 2, 4, 4), np.nan)}, DataError, "Dense weights must be integers, not nan"),
        ({"weights": np.zeros((5, 2, 16))}, DataError, "Dense weights must have the shape (any, any, any, any), not (5, 2, 16)"),
        ({"weights": np.zeros((5, 2, 3, 3))}, DescriptionError, "Dense maps must have one row or an even number of rows, not 3 x 3"),
        ({"weights": np.zeros((5, 2, 5, 4))}, DescriptionError, "Dense maps must have one row or an even number of rows, not 5 x 4"),
        ({"bias": [0] * 4}, DataError, "Dense bias must have the shape (5), not (4,)"),
        ({"shift": [40] * 5}, DescriptionError, "Dense shift must be from -8 to 31, not 40 .. 40"),
        ({"shift": [0.5] * 5}, DataError, "Dense shift must be integers, not 0.5"),
    ],
)
def test_refusals(options, error, message):
    with refused(message, error):
        Dense(**{"weights": np.zeros((5, 2, 4, 4)), "bias": [0] * 5, "shift": [4] * 5, "lanes": 2, "width": 12} | options)


def test_cycle_counts():
    """ceil(outputs / lanes) rounds over all reals of a frame."""
    for lanes, rounds in ((1, 5), (2, 3), (3, 2), (4, 2), (5, 1)):
        block = Dense(weights=np.zeros((5, 2, 4, 4)), bias=[0] * 5, shift=[4] * 5, lanes=lanes, width=12)
        assert (block.rounds, block.interval, block.multipliers, block.frame) == (rounds, rounds * 32, lanes, (16, 5))
        assert block.latency == 48 - 1 + block.pipeline + timing.fifo(block.pipeline + lanes)
