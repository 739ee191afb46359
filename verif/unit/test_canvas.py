# amaranth: UnusedElaboratable=no
"""The copy of maps into maps of another size: pixel by pixel, convolution with zero padding, times, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.canvas import CanvasPlan, canvas
from hadamac.network import Activation, Canvas, Dense, Network, SpectralConv, SpectralPool
from hadamac.quantised import reference
from hadamac_hw.layers.canvas import Canvas as Circuit
from support import tiny
from support.seeds import refused, rng

SHAPES = [((8, 8), (5, 6), (16, 16)), ((16, 16), (7, 4), (8, 4)), ((4, 16), (4, 8), (16, 8)), ((8, 4), (3, 3), (8, 4)),
          ((1, 16), (1, 11), (1, 32)), ((1, 32), (1, 9), (1, 16))]


@pytest.mark.parametrize(("size", "keep", "to"), SHAPES)
def test_pixel_by_pixel(size, keep, to):
    maps = rng("canvas", size).integers(-50, 50, (2, 3, *size)).astype(float)
    got = canvas(maps, keep, to)
    assert got.shape == (2, 3, *to)
    for n, c, i, j in np.ndindex(got.shape):
        assert got[n, c, i, j] == (maps[n, c, i, j] if i < keep[0] and j < keep[1] else 0)
    plan = CanvasPlan(size=size, keep=keep, to=to, channels=3)
    words, overflow = plan.run(maps)
    np.testing.assert_array_equal(words, got)
    assert not overflow.any() and (plan.latency, plan.multipliers, plan.memory_bits) == (0, 0, 0)
    np.testing.assert_array_equal(Circuit(plan, width=12).model(maps), got)


@pytest.mark.parametrize(("size", "keep", "to"), SHAPES)
def test_times(size, keep, to):
    """Place by place: a beat is taken, or given, no earlier than it can be, and one place is passed in a cycle."""
    plan, r = CanvasPlan(size=size, keep=keep, to=to, channels=3), rng("times", size)
    beats, leaving = plan.frame
    times = np.cumsum(r.integers(1, 4, beats))
    taken, given, now, queue = [], [], -1, list(times)
    groups, pairs, columns = plan.loops
    for _, pair, x in np.ndindex(groups, pairs, columns):
        arrives = pair < (size[0] + 1) // 2 and x < size[1]
        now = max(now + 1, queue.pop(0) if arrives else 0)
        taken += [now] * arrives
        given += [now] * (pair < (to[0] + 1) // 2 and x < to[1])
    np.testing.assert_array_equal(plan.taken(times), taken)
    np.testing.assert_array_equal(plan.arrivals(times), given)
    assert (len(taken), len(given)) == (beats, leaving) and plan.interval == groups * pairs * columns


def test_zero_padding_of_a_convolution():
    """On a canvas, a circular convolution is one with zero padding, and its scale passes."""
    network = Network(name="padded", shape=(2, 16, 16), output="maps", layers=(
        Canvas(keep=16, size=32), SpectralConv(channels=3, kernel=5), Canvas(keep=16, size=16)))
    r = rng("padding")
    params, images = tiny.parameters(network, r), tiny.images(network, r, 3)
    padded = np.pad(images / 256, ((0, 0), (0, 0), (2, 2), (2, 2)))
    want = sum(np.einsum("oc,ncyx->noyx", params["conv0.kernel"][:, :, 4 - i, 4 - j], padded[..., i : i + 16, j : j + 16])
               for i, j in np.ndindex(5, 5))
    want = want + params["conv0.bias"][:, None, None]
    np.testing.assert_allclose(reference.forward(network, params, images), want, atol=1e-12)


def test_scales_pass():
    layers = (SpectralPool(size=8), Canvas(keep=5, size=8), SpectralConv(channels=2, kernel=3), Dense(outputs=2))
    network = Network(name="scale", shape=(1, 16, 16), layers=layers)
    scales = {stage.name: stage.scale for stage in network.stages if stage.scale != 1}
    assert {name: float(scale) for name, scale in scales.items()} == {"hadamard0": 0.25}


def described(*layers, shape=(1, 16, 16)):
    return Network(name="refused", shape=shape, layers=(*layers, Dense(outputs=2)))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Canvas(keep=0, size=4), "Canvas keep must be an integer from 1 to 4096, not 0"),
    (lambda: Canvas(keep=(3, 257), size=4), "Canvas keep must be an integer from 1 to 256, not 257"),
    (lambda: Canvas(keep=3, size=(4, 4, 4)), "Canvas size must be an integer or a pair of them, not (4, 4, 4)"),
    (lambda: described(Canvas(keep=12, size=12)), "Canvas size must be one of 4, 8, 16, 32, 64, 128, 256, not 12"),
    (lambda: described(Canvas(keep=17, size=32)), "Canvas keep must be at most its input's 16x16, not 17x17"),
    (lambda: described(Canvas(keep=(8, 16), size=8)), "Canvas keep must be at most its size 8x8, not 8x16"),
    (lambda: described(Canvas(keep=(4, 8), size=8), shape=(1, 16)), "Canvas keep must be an integer for signals, not (4, 8)"),
    (lambda: described(Dense(outputs=4), Canvas(keep=1, size=4)), "Canvas must have maps, not the outputs of a dense layer"),
    (lambda: Network(name="raw", shape=(1, 16, 16), standardise=True, layers=(Canvas(keep=9, size=16), Activation(), Dense(outputs=2))),
     "Network standardise must be false where Canvas 9x9 in 16x16 comes before a SpectralConv, Pointwise or Dense, into whose "
     "weights the mean and deviation are folded"),
    (lambda: Circuit(CanvasPlan(size=(3, 4), keep=(3, 4), to=(4, 4)), width=8),
     "Canvas size must have one row or an even number of rows, as its input has, not 3x4"),
    (lambda: Circuit(CanvasPlan(size=(1, 8), keep=(1, 4), to=(4, 4)), width=8),
     "Canvas target must have one row or an even number of rows, as its input has, not 4x4"),
    (lambda: Circuit(CanvasPlan(size=(8, 8), keep=(9, 4), to=(16, 4)), width=8),
     "Canvas keep must be at most its input's 8x8 and its target's 16x4, not 9x4"),
    (lambda: Circuit(CanvasPlan(size=(8, 8), keep=(4, 4), to=(8, 8)), width=0), "Canvas width must be a positive integer, not 0"),
])
def test_refusals(make, message):
    with refused(message, DescriptionError):
        make()
