# amaranth: UnusedElaboratable=no
"""Crop and expansion of half-spectra: definition bin by bin, beat order, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DataError, DescriptionError
from hadamac.model.crop import crop, expand, from_beats, live_rows, live_shape, to_beats
from hadamac_hw.layers.crop import Crop, Expand
from support.seeds import refused, rng
from support.stimuli import uniform

SHAPES = [(4, 0), (4, 1), (8, 0), (8, 1), (8, 2), (8, 3), (16, 5), (16, 7), (32, 15), (5, 1), (7, 3), (9, 2)]


@pytest.mark.parametrize(("size", "radius"), SHAPES)
def test_bin_by_bin(size, radius):
    x = uniform(rng("crop", size, radius), 12, 3, 2, size, size // 2 + 1)
    y = crop(x, radius)
    assert y.shape == (3, 2, 2 * radius + 1, radius + 1)
    for row, u in enumerate([*range(radius + 1), *range(-radius, 0)]):
        for v in range(radius + 1):
            np.testing.assert_array_equal(y[:, :, row, v], x[:, :, u, v])
    back = expand(y, size)
    assert back.shape == (3, 2, size, radius + 1)
    np.testing.assert_array_equal(crop(back, radius), y)
    assert np.count_nonzero(back) == np.count_nonzero(y)
    dead = [u for u in range(size) if min(u, size - u) > radius]
    assert not back[:, :, dead].any() and len(dead) == size - 2 * radius - 1


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_a_radius_of_half_the_size_is_the_whole_half_spectrum(size):
    """With a radius of N/2 every row is live, in the order of a transform, and the Nyquist bins occur once."""
    x = uniform(rng("whole", size), 12, 3, 2, size, size // 2 + 1)
    np.testing.assert_array_equal(crop(x, size // 2), x)
    np.testing.assert_array_equal(expand(x, size), x)
    assert live_rows(size, size // 2).tolist() == list(range(size))
    assert live_shape(size, size // 2) == x.shape[-2:] and live_shape(size, size // 2 - 1) == (size - 1, size // 2)
    np.testing.assert_array_equal(from_beats(to_beats(x), 2, size // 2, size), x)


def test_beats_are_channel_column_row():
    x = uniform(rng("beats"), 12, 2, 3, 5, 3)
    beats = to_beats(x)
    assert beats.shape == (2, 45)
    np.testing.assert_array_equal(
        beats[1], [x[1, c, u, v] for c in range(3) for v in range(3) for u in range(5)])
    np.testing.assert_array_equal(from_beats(beats, 3, 2), x)
    assert live_rows(16, 2).tolist() == [0, 1, 2, 14, 15]


def test_cropping_a_real_map_keeps_its_mean_and_a_real_map():
    maps = rng("mean").standard_normal((4, 16, 16))
    live = crop(np.fft.rfft2(maps), 3) * (8 / 16) ** 2
    small = np.fft.irfft2(np.pad(expand(live, 8), [(0, 0), (0, 0), (0, 1)]), s=(8, 8))
    np.testing.assert_allclose(small.mean((1, 2)), maps.mean((1, 2)), atol=1e-14)
    np.testing.assert_allclose(crop(np.fft.rfft2(small), 3), live, atol=1e-12)


def test_model_refusals():
    for radius in (9, -1, 1.0, True):
        with refused(f"Live radius of 16 bins must be an integer from 0 to 8, not {radius!r}", DataError):
            crop(np.zeros((16, 9)), radius)
    with refused("Live radius of 7 bins must be an integer from 0 to 3, not 4", DataError):
        crop(np.zeros((7, 4)), 4)
    for shape in ((4, 3), (17, 9), (8, 9)):  # 2r+1 rows, or all 16
        with refused(f"Live bins must have an odd number of rows, or all 16, not {shape}", DataError):
            expand(np.zeros(shape), 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "Crop size must be a positive integer, not 0"),
        ({"size": True}, "Crop size must be a positive integer, not True"),
        ({"size": "8"}, "Crop size must be a positive integer, not '8'"),
        ({"radius": 5}, "Crop radius must be an integer from 0 to 4, not 5"),
        ({"size": 7, "radius": 4}, "Crop radius must be an integer from 0 to 3, not 4"),
        ({"radius": -1}, "Crop radius must be an integer from 0 to 4, not -1"),
        ({"radius": (5, 2)}, "Crop radius must be an integer from 0 to 4, or a pair whose first one is, not (5, 2)"),
        ({"radius": (2, -1)}, "Crop radius must be an integer from 0 to 4, or a pair whose first one is, not (2, -1)"),
        ({"radius": (2, 2, 2)}, "Crop radius must be an integer from 0 to 4, or a pair whose first one is, not (2, 2, 2)"),
        ({"radius": (1.0, 2)}, "Crop radius must be an integer from 0 to 4, or a pair whose first one is, not (1.0, 2)"),
        ({"radius": 1.0}, "Crop radius must be an integer from 0 to 4, or a pair whose first one is, not 1.0"),
        ({"columns": 2}, "Crop columns must be an integer from 3, not 2"),
        ({"columns": 5.0}, "Crop columns must be an integer from 3, not 5.0"),
        ({"radius": (2, 5)}, "Crop columns must be an integer from 6, not 5"),
        ({"channels": 0}, "Crop channels must be a positive integer, not 0"),
        ({"width": 0}, "Crop width must be a positive integer, not 0"),
    ],
)
def test_block_refusals(options, message):
    with refused(message, DescriptionError):
        Crop(**{"size": 8, "radius": 2, "columns": 5, "width": 12} | options)


def test_blocks_follow_the_model():
    x = uniform(rng("blocks"), 12, 2, 3, 8, 5)
    block = Crop(size=8, radius=2, columns=5, channels=3, width=12)
    assert (block.frame, block.interval, block.latency) == ((120, 45), 120, 0)
    live = block.model(x)
    np.testing.assert_array_equal(live, crop(x, 2))
    block = Expand(size=8, radius=2, channels=3, width=12)
    assert (block.frame, block.interval, block.latency) == ((45, 72), 72, 0)
    np.testing.assert_array_equal(block.model(live), expand(live, 8))
    block = Crop(size=7, radius=2, columns=4, channels=3, width=12)  # a crop or a normalisation left these bins
    assert (block.frame, block.interval) == ((84, 45), 84)
    block = Expand(size=8, radius=4, channels=3, width=12)
    assert (block.frame, block.interval) == ((120, 120), 120)
    np.testing.assert_array_equal(block.model(x), x)
    with refused("Expand radius must be an integer from 0 to 4, not 7", DescriptionError):
        Expand(size=8, radius=7, width=12)
