# amaranth: UnusedElaboratable=no
"""The Hadamard product against Python integers, number by number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadamac import timing
from hadamac.errors import DataError, DescriptionError, FitError
from hadamac.model.hadamard import hadamard
from hadamac_hw.layers.hadamard import Hadamard
from support.seeds import refused, rng
from support.stimuli import corners, limits, uniform


def plain(x, weights, bias, shift, width: int):
    """The definition in Python integers and fractions: ``(y, overflow)``."""
    n, inputs, bins = x.shape
    low, high = limits(width)
    y, overflow = np.zeros((n, len(weights), bins), dtype=complex), np.zeros(n, dtype=bool)
    for k in range(n):
        for o in range(len(weights)):
            for b in range(bins):
                re, im = (int(bias[o]) if b == 0 else 0), 0
                for c in range(inputs):
                    xr, xi = int(x[k, c, b].real), int(x[k, c, b].imag)
                    wr, wi = int(weights[o, c, b].real), int(weights[o, c, b].imag)
                    re, im = re + xr * wr - xi * wi, im + xr * wi + xi * wr
                parts = [round(Fraction(v) / Fraction(2) ** int(shift[o])) for v in (re, im)]
                kept = [max(low, min(high, p)) for p in parts]
                overflow[k] |= parts != kept
                y[k, o, b] = complex(*kept)
    return y, overflow


@pytest.mark.parametrize(("inputs", "outputs", "bins", "width", "weight_width"),
                         [(1, 1, 1, 10, 8), (3, 2, 6, 12, 8), (8, 4, 6, 16, 8), (2, 5, 28, 17, 4)])
def test_against_plain_integers(inputs, outputs, bins, width, weight_width):
    r = rng("plain", inputs, outputs, bins)
    x = np.concatenate([uniform(r, width, 2, inputs, bins), corners(r, width, 3, inputs, bins)])
    weights = np.concatenate([uniform(r, weight_width, outputs - 1, inputs, bins), corners(r, weight_width, 1, inputs, bins)])
    bias = r.integers(-(2 ** (width + weight_width - 2)), 2 ** (width + weight_width - 2), outputs)
    shift = r.integers(-2, width + weight_width - 4, outputs)
    y, overflow = hadamard(x[..., None], weights[..., None], bias, shift, width)
    expected, flags = plain(x, weights, bias, shift, width)
    np.testing.assert_array_equal(y[..., 0], expected)
    np.testing.assert_array_equal(overflow, flags)
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=1, width=width, weight_width=weight_width)
    np.testing.assert_array_equal(block.model(x), expected)


def test_two_axes_of_bins_and_the_bias_at_dc_only():
    weights, bias = np.zeros((2, 3, 5, 3), dtype=complex), np.array([40, -24])
    x = uniform(rng("axes"), 10, 4, 3, 5, 3)
    y, overflow = hadamard(x, weights, bias, np.array([3, 2]), 10)
    assert y.shape == (4, 2, 5, 3) and not overflow.any()
    assert y[0, 0, 0, 0] == 5 and y[3, 1, 0, 0] == -6
    assert np.count_nonzero(y) == 8
    assert hadamard(x[:0], weights, bias, np.array([3, 2]), 10)[0].shape == (0, 2, 5, 3)


def test_ties_go_to_even_and_both_ends_saturate():
    x = np.array([5, -5, 7, 3, 511, -512]).reshape(6, 1, 1, 1).astype(complex)
    one = np.ones((1, 1, 1, 1), dtype=complex)
    y, overflow = hadamard(x, one, np.array([0]), np.array([1]), 8)
    assert y.ravel().tolist() == [2, -2, 4, 2, 127, -128]
    assert overflow.tolist() == [False] * 4 + [True, True]
    y, overflow = hadamard(x * 1j, one, np.array([0]), np.array([-1]), 10)
    assert y.ravel().tolist() == [10j, -10j, 14j, 6j, 511j, -512j]
    assert overflow.tolist() == [False] * 4 + [True, True]


def make(**options):
    weights = np.zeros((2, 4, 6), dtype=complex)
    return Hadamard(**{"weights": weights, "bias": [0, 0], "shift": [8, 8], "lanes": 2, "width": 12} | options)


def big(value) -> np.ndarray:
    weights = np.zeros((2, 4, 6), dtype=complex)
    weights[1, 2, 3] = value
    return weights


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lanes": 3}, DescriptionError, "Hadamard lanes must divide the 4 input channels, not 3"),
        ({"lanes": 0}, DescriptionError, "Hadamard lanes must divide the 4 input channels, not 0"),
        ({"lanes": 2.0}, DescriptionError, "Hadamard lanes must divide the 4 input channels, not 2.0"),
        ({"banks": 3}, DescriptionError, "Hadamard banks must be 1 or 2, not 3"),
        ({"banks": 2, "loadable": False}, DescriptionError, "Hadamard banks must be 1 in ROM, not 2"),
        ({"shift": [8, 32]}, DescriptionError, "Hadamard shift must be from -8 to 31, not 8 .. 32"),
        ({"shift": [-9, 3]}, DescriptionError, "Hadamard shift must be from -8 to 31, not -9 .. 3"),
        ({"weights": big(128j)}, DescriptionError, "Hadamard weights must fit 8 signed bits, not 0 .. 128"),
        ({"weights": big(-129)}, DescriptionError, "Hadamard weights must fit 8 signed bits, not -129 .. 0"),
        ({"weights": big(0.5)}, DataError, "Hadamard weights must be integers, not (0.5+0j)"),
        ({"weights": big(np.nan)}, DataError, "Hadamard weights must be integers, not (nan+0j)"),
        ({"weights": np.zeros((4, 6))}, DataError, "Hadamard weights must have the shape (any, any, any), not (4, 6)"),
        ({"bias": [0]}, DataError, "Hadamard bias must have the shape (2), not (1,)"),
        ({"bias": [0, 0.5]}, DataError, "Hadamard bias must be integers, not 0.5"),
        ({"bias": [0, 1 << 47]}, FitError, "Hadamard bias must fit 48 signed bits, not 140737488355328"),
        ({"index": [0, 1, 2]}, DescriptionError,
         "Hadamard index must be left out where weights are loadable: each bin has its own"),
        ({"index": [0, 1, 2, 3, 4, 4], "loadable": False}, DescriptionError,
         "Hadamard index must contain each number from 0 to 5, not 0 .. 4"),
        ({"weights": np.zeros((2, 4, 2)), "index": [0, 1], "loadable": False}, DescriptionError,
         "Hadamard index must have more than 2 bins, not 2: a new frame could overtake the lookup"),
        ({"ramps": [1, 2]}, DataError, "Hadamard ramps must have the shape (2, 2), not (2,)"),
        ({"shift": [8, 8, 8]}, DataError, "Hadamard shift must have the shape (2), not (3,)"),
    ],
)
def test_refusals(options, error, message):
    with refused(message, error):
        make(**options)


def test_a_shift_beyond_the_accumulator_elaborates():
    """31 is allowed for any width, and drops more bits than a narrow accumulator has: every result is 0 then."""
    block = Hadamard(weights=np.full((1, 1, 2), 127 + 127j), bias=[1], shift=[31], lanes=1, width=10)
    assert not block.model(np.full((1, 1, 2), 511 - 512j)).any()
    Simulator(block)


def test_cycle_counts():
    """Steps of a frame: outputs x bins x folds; lanes = multipliers / 4; latency as the docstring derives it."""
    for lanes, folds in ((1, 4), (2, 2), (4, 1)):
        block = make(lanes=lanes)
        assert (block.interval, block.multipliers, block.frame) == (12 * folds, 4 * lanes, (24, 12))
        assert block.latency == 24 + folds - 1 + block.pipeline + timing.fifo(block.pipeline)
