# amaranth: UnusedElaboratable=no
"""One-dimensional transforms of real signals against numpy's rfft and irfft."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.arrivals import double_buffer
from hadamac.errors import DescriptionError
from hadamac.model.fft.rows import RowsPlan, pack_channels, unpack_channels
from hadamac_hw.fft.rows import Rows
from support.seeds import refused, rng
from support.stimuli import limits

CASES = [(4, 1, 1), (8, 4, 2), (16, 3, 3), (16, 8, 5), (64, 20, 4), (256, 128, 2), (1024, 100, 3), (4096, 2048, 1)]
"""Samples, radius (half the samples is the whole half-spectrum), channels."""


def plan_of(size: int, radius: int, channels: int, **options) -> RowsPlan:
    return RowsPlan(size=(1, size), radius=(0, radius), channels=channels, **{"width": 16} | options)


def signals(r, size: int, channels: int, width: int = 16, count: int = 5) -> np.ndarray:
    low, high = limits(width)
    return r.integers(low, high, (count, channels, 1, size), endpoint=True).astype(float)


@pytest.mark.parametrize(("size", "radius", "channels"), CASES)
def test_forward_error(size, radius, channels):
    """The transform is rounded once, and once more where two channels are separated."""
    plan, x = plan_of(size, radius, channels), signals(rng("rows", size, radius), size, channels)
    y, overflow = plan.run(x)
    assert y.shape == (5, channels, 1, radius + 1) and overflow.shape == (5,) and not overflow.any()
    assert plan.scale == size.bit_length() - 1
    error = y - np.fft.rfft(x)[..., : radius + 1] / size
    assert np.sqrt(np.mean(abs(error) ** 2)) < 0.65 * 2**0.5 and abs(error).max() < 4


@pytest.mark.parametrize(("size", "radius", "channels"), CASES)
def test_inverse_error(size, radius, channels):
    """Bins of real signals, and the imaginary parts of DC and W/2, which no real signal has, dropped."""
    plan = plan_of(size, radius, channels, inverse=True)
    live = np.fft.rfft(signals(rng("inverse rows", size, radius), size, channels)) / size
    live = live[..., : radius + 1]
    live = np.rint(live * min(4, 32000 / max(abs(live.real).max(), abs(live.imag).max())))
    live[..., 0] += 8j
    if 2 * radius == size:
        live[..., radius] -= 8j
    x, overflow = plan.run(live)
    assert x.shape == (5, channels, 1, size) and x.dtype == np.float64 and not overflow.any()
    want = np.fft.irfft(np.pad(live, [(0, 0)] * 3 + [(0, size // 2 - radius)]), size) * size * 2.0**-plan.scale
    error = x - want
    assert np.sqrt(np.mean(error**2)) < 0.65 and abs(error).max() < 3


@pytest.mark.parametrize("channels", [2, 3])
def test_there_and_back(channels):
    """With few enough shifts, the inverse gives the low-passed signals back."""
    there, back = plan_of(64, 20, channels), plan_of(64, 20, channels, inverse=True, rows=(0,) * 6)
    x = signals(rng("there and back", channels), 64, channels, 13)
    y, over = there.run(x)
    again, flag = back.run(y)
    assert not over.any() and not flag.any()
    low = np.fft.rfft(x)
    low[..., 21:] = 0
    assert np.sqrt(np.mean((again - np.fft.irfft(low, 64)) ** 2)) < 0.75 * 64**0.5


def test_channels_do_not_leak_into_their_partners():
    """One of a pair at full scale, the other at rest: what reaches it is a rounding."""
    x = np.zeros((2, 4, 1, 32))
    x[0, 1], x[1, 2] = 32767, np.where(np.arange(32) % 2, -32768, 32767)
    y, _ = plan_of(32, 16, 4).run(x)
    for frame, loud in ((0, 1), (1, 2)):
        assert abs(y[frame, loud]).max() > 32000 and abs(np.delete(y[frame], loud, 0)).max() <= 1


def test_overflow_is_per_frame():
    x = np.zeros((4, 3, 1, 16))
    x[1, 0], x[2, 2], x[3] = 511, -512, 3
    y, overflow = plan_of(16, 5, 3, width=10, rows=(0, 0, 0, 0)).run(x)
    assert overflow.tolist() == [False, True, True, False]
    assert y[1, 0, 0, 0] == 511 and y[2, 2, 0, 0] == -512 and y[3, 1, 0, 0] == 48
    live = np.zeros((3, 3, 1, 6), dtype=complex)
    live[1], live[2, 2, 0, 0] = 200, 300
    x, overflow = plan_of(16, 5, 3, width=10, rows=(0, 0, 0, 0), inverse=True).run(live)
    assert overflow.tolist() == [False, True, False]
    np.testing.assert_array_equal(x[2, 2], np.full((1, 16), 300))


def test_pairs_of_channels():
    x = signals(rng("pairs"), 16, 5)
    pairs = pack_channels(x)
    assert pairs.shape == (5, 3, 1, 16) and pairs[2, 1, 0, 7] == x[2, 2, 0, 7] + 1j * x[2, 3, 0, 7]
    np.testing.assert_array_equal(pairs[:, 2], x[:, 4])
    np.testing.assert_array_equal(unpack_channels(pairs, 5), x)


@pytest.mark.parametrize("inverse", (False, True))
@pytest.mark.parametrize("channels", (1, 2, 3, 4))
def test_no_frame_at_all(channels, inverse):
    plan = plan_of(16, 3, channels, inverse=inverse)
    bins, samples = (0, channels, 1, 4), (0, channels, 1, 16)
    y, overflow = plan.run(np.zeros(bins, dtype=complex) if inverse else np.zeros(samples))
    assert y.shape == (samples if inverse else bins) and overflow.shape == (0,)


@pytest.mark.parametrize("inverse", (False, True))
@pytest.mark.parametrize(("size", "radius", "channels"), CASES)
def test_cycles_and_memory(size, radius, channels, inverse):
    """The latency is the time of the first beat; a pair of channels takes W cycles, or those of its bins."""
    plan = plan_of(size, radius, channels, inverse=inverse)
    block, pairs, bins = Rows(plan), (channels + 1) // 2, channels * (radius + 1)
    assert block.frame == ((bins, pairs * size) if inverse else (pairs * size, bins))
    times = plan.arrivals(np.arange(block.frame[0]))
    assert len(times) == block.frame[1] and times[0] == plan.latency == block.latency and (np.diff(times) > 0).all()
    assert plan.interval == block.interval >= max(pairs * size, bins) and block.multipliers == plan.row_plan.multipliers
    columns = 1 << radius.bit_length()
    fifo = 32 * (2 * (16 + inverse) + 1)  # 6 or 9 cycles in flight; a word and its last
    assert plan.memory_bits == (plan.row_plan.memory_bits("natural" if inverse else "bit-reversed")
                                + 2 * 2 * columns * 2 * 16 + fifo)  # two halves in two banks


@pytest.mark.parametrize("inverse", (False, True))
@pytest.mark.parametrize("channels", range(1, 8))
@pytest.mark.parametrize(("size", "radius"), [(8, 0), (8, 3), (8, 4), (16, 7), (16, 8), (4, 2)])
def test_the_interval_is_that_of_the_double_buffer(size, radius, channels, inverse):
    """Of many frames without a pause: no half is written while it is read, and halves differ where channels are odd."""
    plan, frames = plan_of(size, radius, channels, inverse=inverse), 40
    samples, bins = [size] * plan.pairs, [2 * (radius + 1)] * (channels // 2) + [radius + 1] * (channels % 2)
    writes, reads = (bins, samples) if inverse else (samples, bins)
    out = double_buffer(np.arange(frames * sum(writes)), writes * frames, reads * frames)
    starts = out.reshape(frames, -1)[:, 0]
    assert starts[-1] - starts[-21] == 20 * plan.interval


@pytest.mark.parametrize(("options", "message"), [
    ({"radius": (0, 9)}, "Rows radius must be an integer from 0 to 8, not 9"),
    ({"radius": (0, -1)}, "Rows radius must be an integer from 0 to 8, not -1"),
    ({"radius": (1, 3)}, "Rows radius must be an integer from 0 to 0, not 1"),
    ({"radius": (0, 1, 2)}, "Rows radius must be an integer or a pair of them, not (0, 1, 2)"),
    ({"size": (2, 16)}, "Rows size must be an integer from 1 to 1, not 2"),
    ({"size": (1, 12)}, "FFT size must be a power of two from 4 to 4096, not 12"),
    ({"size": (16,)}, "Rows size must be an integer or a pair of them, not (16,)"),
    ({"channels": 0}, "Rows channels must be an integer from 1 to 4096, not 0"),
    ({"channels": 1.0}, "Rows channels must be an integer from 1 to 4096, not 1.0"),
    ({"width": 24, "inverse": True}, "FFT width must be an integer from 4 to 24, not 25"),
    ({"rows": (1, 1)}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1, 1)"),
])
def test_refusals(options, message):
    with refused(message, DescriptionError):
        RowsPlan(**{"size": (1, 16), "radius": (0, 3), "channels": 2, "width": 12} | options)
