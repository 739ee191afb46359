# amaranth: UnusedElaboratable=no
"""Two-dimensional transforms of real maps against numpy's rfft2 and irfft2."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.crop import crop, expand
from hadamac.model.fft.pairs import pack_rows, unpack_rows
from hadamac.model.fft.planar import Fft2dPlan
from hadamac_hw.fft.planar import Fft2d
from hadamac_hw.layers.frame import RowPairs
from support.seeds import refused, rng
from support.stimuli import limits

CASES = [(4, 0), (4, 1), (4, 2), (8, 0), (8, 2), (8, 3), (8, 4), (16, 3), (16, 7), (16, 8), (32, 7), (32, 15), (64, 15)]
"""Sizes and radii; N/2 is the whole half-spectrum with its Nyquist bins."""


def maps_of(r, size: int, width: int, count: int = 6, channels: int = 2) -> np.ndarray:
    low, high = limits(width)
    return r.integers(low, high, (count, channels, size, size), endpoint=True).astype(float)


def spectrum(maps, radius: int) -> np.ndarray:
    return crop(np.fft.rfft2(maps), radius)


def hermitian(live, size: int) -> np.ndarray:
    """Return real maps whose spectrum is the Hermitian part of `live`, by complex sums that share nothing with rfft2."""
    radius = live.shape[-1] - 1
    n = np.arange(size)
    out = np.zeros((*live.shape[:-2], size, size))
    rows = [*range(radius + 1), *range(-radius, 0)] if 2 * radius < size else range(size)
    for row, u in enumerate(rows):
        for v in range(radius + 1):
            wave = np.exp(2j * np.pi * (u * n[:, None] + v * n) / size)
            term = (live[..., row, v, None, None] * wave).real
            out += term * (1 if v in (0, size / 2) else 2)
    return out


@pytest.mark.parametrize(("size", "radius"), CASES)
def test_forward_error(size, radius):
    plan = Fft2dPlan(size=size, radius=radius, width=16)
    maps = maps_of(rng("forward", size, radius), size, 16)
    y, overflow = plan.run(maps)
    assert y.shape == (6, 2, min(2 * radius + 1, size), radius + 1) and overflow.shape == (6,) and not overflow.any()
    assert plan.scale == 2 * (size.bit_length() - 1)
    error = y - spectrum(maps, radius) * 2.0**-plan.scale
    # Rows and columns are rounded once each, and once more when two rows are separated.
    assert np.sqrt(np.mean(np.abs(error) ** 2)) < 0.65
    assert np.abs(error).max() < 4


@pytest.mark.parametrize(("size", "radius"), CASES)
def test_inverse_error(size, radius):
    plan = Fft2dPlan(size=size, radius=radius, width=16, inverse=True, rows=(1,) * (size.bit_length() - 1))
    r = rng("inverse", size, radius)
    live = crop(np.fft.rfft2(maps_of(r, size, 16)) / size**2, radius)
    live = np.rint(live * (4 if size > 4 else 2))
    if 2 * radius == size:  # bins that no real map has: the Nyquist column is its own mirror image
        live[..., radius] += 8j
        assert np.abs(hermitian(live, size) - np.fft.irfft2(live, (size, size)) * size**2).max() < 1e-6
    live[..., 0, 0] = np.rint(live[..., 0, 0].real)
    maps, overflow = plan.run(live)
    assert maps.shape == (6, 2, size, size) and maps.dtype == np.float64 and not overflow.any()
    error = maps - hermitian(live, size) * 2.0**-plan.scale
    assert np.abs(error).max() < 3
    assert np.sqrt(np.mean(error**2)) < 0.65


@pytest.mark.parametrize(("size", "radius"), [(8, 3), (8, 4), (16, 3), (16, 7), (16, 8)])
def test_inverse_is_irfft2_of_a_real_map_s_bins(size, radius):
    """With few enough shifts, the inverse gives the low-passed map back."""
    there = Fft2dPlan(size=size, radius=radius, width=16)
    back = Fft2dPlan(size=size, radius=radius, width=16, inverse=True,
                     rows=(0,) * (size.bit_length() - 1), columns=(0,) * (size.bit_length() - 1))
    maps = maps_of(rng("back", size, radius), size, 13)
    y, over = there.run(maps)
    again, flag = back.run(y)
    assert not over.any() and not flag.any()
    expected = np.fft.irfft2(np.pad(expand(crop(np.fft.rfft2(maps), radius), size),
                                    [(0, 0)] * 3 + [(0, size // 2 - radius)]), s=(size, size))
    # Noise of 0.65 LSB in each of N * N bins adds up to 0.65 N in a pixel.
    assert np.sqrt(np.mean((again - expected) ** 2)) < 0.75 * size


def test_what_the_dc_column_s_imaginary_part_holds_is_dropped():
    """At v = 0 and N/2 a row's spectrum is real: bins that no real map has do not leak into the neighbouring row."""
    plan = Fft2dPlan(size=8, radius=3, width=16, inverse=True)
    live = np.zeros((1, 1, 7, 4), dtype=complex)
    live[0, 0, 0, 0] = 8000j
    maps, _ = plan.run(live)
    assert not maps.any()
    whole = Fft2dPlan(size=8, radius=4, width=16, inverse=True)
    bins = np.zeros((1, 1, 8, 5), dtype=complex)
    bins[0, 0, [0, 4, 0, 4], [0, 0, 4, 4]] = 8000j
    maps, _ = whole.run(bins)
    assert not maps.any()
    live[0, 0, 1, 0] = 16000  # without its conjugate at u = -1: half of it is Hermitian
    maps, _ = plan.run(live)
    assert np.abs(maps - hermitian(live, 8) * 2.0**-plan.scale).max() < 2


def test_halving_saturates_in_one_case_only():
    """Only (high - low) / 2 saturates, which rounds to 2**(w-1), and it flags its frame only."""
    plan = Fft2dPlan(size=4, radius=1, width=10, rows=(0, 0), columns=(0, 0))
    assert plan.halving.saturates and plan.halving.drop == 1
    r = rng("halving")
    low, high = limits(10)
    flagged = 0
    for _ in range(50):
        maps = np.where(r.random((1, 1, 4, 4)) < 0.5, low, high).astype(float)
        y, overflow = plan.run(maps)
        assert np.abs(y.real).max() <= 512 and np.abs(y.imag).max() <= 512
        exact = spectrum(maps, 1)
        beyond = max(exact.real.max() - high, low - exact.real.min(), exact.imag.max() - high, low - exact.imag.min())
        assert overflow[0] or beyond < 2
        flagged += overflow[0]
    assert flagged


def test_overflow_is_per_frame():
    plan = Fft2dPlan(size=8, radius=3, width=10, rows=(0, 0, 0), columns=(0, 0, 0))
    maps = np.zeros((4, 2, 8, 8))
    maps[1, 0], maps[2, 1], maps[3] = 511, -512, 3
    y, overflow = plan.run(maps)
    assert overflow.tolist() == [False, True, True, False]
    assert y[1, 0, 0, 0] == 511 and y[2, 1, 0, 0] == -512 and y[3, 0, 0, 0] == 192
    back = Fft2dPlan(size=8, radius=3, width=10, rows=(0, 0, 0), columns=(0, 0, 0), inverse=True)
    live = np.zeros((3, 1, 7, 4), dtype=complex)
    live[1], live[2, 0, 0, 0] = 100 + 100j, 300
    maps, overflow = back.run(live)
    assert overflow.tolist() == [False, True, False]
    np.testing.assert_array_equal(maps[2], np.full((1, 8, 8), 300))


def test_row_pairs_pack_and_unpack():
    maps = maps_of(rng("pairs"), 8, 12)
    pairs = pack_rows(maps)
    assert pairs.shape == (6, 2, 4, 8) and pairs[3, 1, 2, 5] == maps[3, 1, 4, 5] + 1j * maps[3, 1, 5, 5]
    np.testing.assert_array_equal(unpack_rows(pairs), maps)


def test_no_frame_at_all():
    for plan in (Fft2dPlan(size=8, radius=1, width=12), Fft2dPlan(size=8, radius=1, width=12, inverse=True)):
        x = np.zeros((0, 3, 3, 2), dtype=complex) if plan.inverse else np.zeros((0, 3, 8, 8))
        y, overflow = plan.run(x)
        assert y.shape == ((0, 3, 8, 8) if plan.inverse else (0, 3, 3, 2)) and overflow.shape == (0,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": 5}, "Fft2d radius must be an integer from 0 to 4, not 5"),
        ({"radius": -1}, "Fft2d radius must be an integer from 0 to 4, not -1"),
        ({"radius": 1.0}, "Fft2d radius must be an integer from 0 to 4, not 1.0"),
        ({"size": 12}, "FFT size must be a power of two from 4 to 4096, not 12"),
        ({"width": 24, "inverse": True}, "FFT width must be an integer from 4 to 24, not 25"),
        ({"columns": (1, 1)}, "FFT schedule must be 3 shifts of 0 or 1 (log2 8), not (1, 1)"),
        ({"twiddle_width": 4}, "FFT twiddle_width must be an integer from 6 to 18, not 4"),
    ],
)
def test_refusals(options, message):
    with refused(message, DescriptionError):
        Fft2dPlan(**{"size": 8, "radius": 3, "width": 12} | options)


@pytest.mark.parametrize("inverse", (False, True))
@pytest.mark.parametrize(("size", "radius"), CASES)
def test_the_latency_is_the_time_of_the_first_beat(size, radius, inverse):
    plan = Fft2dPlan(size=size, radius=radius, width=16, inverse=inverse)
    block = Fft2d(plan, channels=3)
    times = plan.arrivals(np.arange(block.frame[0]))
    assert len(times) == block.frame[1] and times[0] == plan.latency == block.latency
    # At most one beat a cycle, and the third map leaves two intervals after the first one.
    assert (np.diff(times) > 0).all() and times[2 * len(times) // 3] - times[0] == 2 * plan.interval


@pytest.mark.parametrize(("size", "radius"), CASES)
def test_memory_of_the_transforms_and_of_the_buffer_between(size, radius):
    for inverse in (False, True):
        plan = Fft2dPlan(size=size, radius=radius, width=16, inverse=inverse)
        columns = 1
        while columns < radius + 1:
            columns *= 2
        fifo = 32 * (2 * (16 + inverse) + 1)  # 6 or 9 cycles in flight; a word and its last
        assert plan.memory_bits == (plan.row_plan.memory_bits("natural" if inverse else "bit-reversed")
                                    + plan.column_plan.memory_bits("bit-reversed" if inverse else "natural")
                                    + 2 * 2 * size // 2 * columns * 2 * 16 + fifo)  # two halves in two banks


def test_row_pairs_model():
    pixels = rng("model").integers(0, 256, (3, 8, 8))
    np.testing.assert_array_equal(RowPairs(size=8, width=16, shift=7).model(pixels), pack_rows(pixels * 128.0))


def test_block_refusals_and_facts():
    plan = Fft2dPlan(size=8, radius=1, width=12)
    for channels in (0, 1.0, None):
        with refused(f"Fft2d channels must be a positive integer, not {channels!r}", DescriptionError):
            Fft2d(plan, channels=channels)
    block = Fft2d(plan, channels=3)
    assert (block.frame, block.interval, block.multipliers) == ((96, 18), 96, 8)
    x = maps_of(rng("block"), 8, 12, channels=3)
    np.testing.assert_array_equal(block.model(x), plan.run(x)[0])
    for shift in (-1, 3, 4):
        with refused(f"RowPairs shift must be from 0 to 2, not {shift}", DescriptionError):
            RowPairs(size=8, width=11, shift=shift)
    RowPairs(size=8, width=11, shift=2)
