# amaranth: UnusedElaboratable=no
"""modReLU against its formula in floats; its phase; turns; edge words; refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.modrelu import ModRelu
from hadamac_hw.layers import modrelu as circuit
from support.seeds import refused, rng
from support.stimuli import corners, limits, uniform


def words(r, width: int, channels: int) -> np.ndarray:
    loud = [uniform(r, width, 2, channels, 500), corners(r, width, 1, channels, 500)]
    return np.concatenate(loud + [uniform(r, width, 2, channels, 500, scale=s) for s in (0.3, 0.03, 0.003)])


def biases(width: int) -> tuple[int, ...]:
    full = 1 << (width - 1)
    return (0, -1, -full // 100, -full // 5, -full // 2, 1 - full, -full)


@pytest.mark.parametrize("width", [4, 8, 12, 16, 17])
def test_error_and_phase(width):
    plan = ModRelu(bias=biases(width), width=width)
    z = words(rng("modrelu", width), width, len(plan.bias))
    y, overflow = plan.run(z)
    assert not overflow.any() and overflow.shape == (len(z),)
    np.testing.assert_array_equal(y, np.rint(y.real) + 1j * np.rint(y.imag))
    b, modulus = np.array(plan.bias)[:, None], np.abs(z)
    exact = z * np.maximum(0, modulus + b) / np.maximum(modulus, 1)
    for part in ("real", "imag"):
        error = np.abs(getattr(y, part) - getattr(exact, part))
        assert (error <= 0.5 + np.abs(getattr(z, part)) * 2**-14.8).all()
    # The distance of y from the ray of z comes from the rounding of both parts alone.
    across = np.abs((y * z.conj()).imag) / np.maximum(modulus, 1)
    assert across.max() <= 0.5**0.5 + 1e-9
    assert ((y * z.conj()).real >= 0).all()


def test_a_turn_of_the_phase_passes_through():
    """A quarter turn of a bin, as a shift of the map makes it, turns the result without any error: words hold it exactly."""
    plan = ModRelu(bias=biases(12), width=12)
    z = uniform(rng("turn"), 12, 3, len(plan.bias), 200, scale=0.99)
    y = plan.run(z)[0]
    for turn in (1j, -1, -1j):
        np.testing.assert_array_equal(plan.run(turn * z)[0], turn * y)
    np.testing.assert_array_equal(plan.run(z.conj())[0], y.conj())


def test_edge_words():
    low, high = limits(16)
    z = np.array([0, 1, -1j, low, low * 1j, low * (1 + 1j), high * (1 + 1j), high + low * 1j, 100, 100j])
    plan = ModRelu(bias=(0, -100, -1, low), width=16)
    y = plan.run(np.tile(z, (1, 4, 1)))[0][0]
    np.testing.assert_array_equal(y[0], z)  # without a bias nothing changes
    assert y[1, [0, 1, 2, 8, 9]].tolist() == [0] * 5 and y[1, 3] == low + 100
    assert y[2, [1, 2]].tolist() == [0, 0] and y[2, 8] == 99
    assert y[3, [0, 3, 4]].tolist() == [0, 0, 0]
    kept = round(low * (1 - 0.5**0.5))
    assert abs(y[3, 5] - kept * (1 + 1j)) <= 1.5


def test_maps_of_any_shape():
    plan = ModRelu(bias=(-3, -20), width=8)
    x = uniform(rng("shape"), 8, 3, 2, 4, 5)
    flat = plan.run(x.reshape(3, 2, 20))[0]
    np.testing.assert_array_equal(plan.run(x)[0], flat.reshape(x.shape))
    block = circuit.ModRelu(plan, bins=20)
    np.testing.assert_array_equal(block.model(x), flat.reshape(x.shape))
    assert (block.frame, block.interval, block.multipliers) == ((40, 40), 40, 6)
    assert block.pipeline == (4 + 1 + plan.rsqrt.pipeline) + 4 + 5 + 1 + 4 + 1
    assert block.latency == block.pipeline + timing.fifo(block.pipeline)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 3}, "ModRelu width must be an integer from 4 to 17, not 3"),
        ({"width": 18}, "ModRelu width must be an integer from 4 to 17, not 18"),
        ({"width": 8.0}, "ModRelu width must be an integer from 4 to 17, not 8.0"),
        ({"bias": ()}, "ModRelu bias must be one integer per channel, not ()"),
        ({"bias": (-1, -0.5)}, "ModRelu bias must be one integer per channel, not (-1, -0.5)"),
        ({"bias": -3}, "ModRelu bias must be one integer per channel, not -3"),
        ({"bias": ("a",)}, "ModRelu bias must be one integer per channel, not ('a',)"),
        ({"bias": (0, -129)}, "ModRelu bias must be from -128 to 0, not -129"),
        ({"bias": (0, 1)}, "ModRelu bias must be from -128 to 0, not 1; above 0 the gain (|z| + b) / |z| has no bound near z = 0"),
    ],
)
def test_refusals(options, message):
    with refused(message, DescriptionError):
        ModRelu(**{"bias": (0,), "width": 8} | options)


@pytest.mark.parametrize("bins", [0, 2.0])
def test_bins_are_refused(bins):
    with refused(f"ModRelu bins must be a positive integer, not {bins!r}", DescriptionError):
        circuit.ModRelu(ModRelu(bias=(0,), width=8), bins=bins)
