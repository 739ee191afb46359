# amaranth: UnusedElaboratable=no
"""Model of the streaming FFT: its measured error against numpy.fft, saturation, refusals, shapes."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.fft.orders import bit_reversed
from hadamac.model.fft.plan import FftPlan
from hadamac.model.fft.steps import twiddles
from hadamac.numeric import round_half_even, saturate, swap
from hadamac_hw.fft.iterative import IterativeFft
from hadamac_hw.fft.real import RealFft
from hadamac_hw.fft.streaming import Fft
from support.seeds import refused, rng
from support.stimuli import limits, nasty, uniform

SIZES = (4, 8, 16, 32, 64, 128, 256, 512, 1024)


def transform(x, scale: int, inverse: bool = False):
    """Return 2**-scale times the unnormalised DFT, in floats."""
    y = np.fft.ifft(x) * x.shape[-1] if inverse else np.fft.fft(x)
    return y * 2.0**-scale


def signals(r, size: int, width: int, count: int) -> dict[str, np.ndarray]:
    """Return words (count, size): noise of two shapes at full scale, and sines of any frequency and phase."""
    low, high = limits(width)
    gauss = (r.standard_normal((count, size)) + 1j * r.standard_normal((count, size))) * high / 4
    angle = 2 * np.pi * (r.uniform(0, 1, (count, 1)) * np.arange(size) + r.uniform(0, 1, (count, 1)))
    return {
        "gaussian": np.clip(np.rint(gauss).real, low, high) + 1j * np.clip(np.rint(gauss).imag, low, high),
        "uniform": uniform(r, width, count, size),
        "sine": np.rint(high * np.exp(1j * angle)),
    }


@pytest.mark.parametrize("size", SIZES)
def test_error_and_bias_at_scale_one_over_n(size):
    """The result is 0.43 LSB rms from an ideal transform; rounding the output alone costs sqrt(1/6) = 0.41."""
    plan = FftPlan(size=size, width=16)
    r = rng("error", size)
    for kind, x in signals(r, size, 16, max(8, 65536 // size)).items():
        for inverse in (False, True):
            y, overflow, _ = plan.run(x, inverse)
            error = y - transform(x, plan.scale, inverse)
            rms = np.sqrt(np.mean(np.abs(error[~overflow]) ** 2))
            bias = np.abs(error[~overflow].mean())
            # Sums of four are multiples of 1/4: ties are frequent there, and cost more than a smooth error.
            limit = 0.50 if size == 4 else 0.45
            assert rms < limit, f"{kind}: {rms:.3f} LSB rms"
            assert bias < 5 * rms / np.sqrt(error.size), f"{kind}: bias {bias:.5f} LSB"
            assert not overflow.any() or kind != "gaussian"


@pytest.mark.parametrize("size", (8, 64, 256))
def test_error_is_bounded_at_other_widths(size):
    """The error in LSB of the output hardly depends on widths, until (17 bits) an operand has no fraction bit left."""
    r = rng("widths", size)
    for width, twiddle_width, limit in ((8, 16, 0.43), (10, 12, 0.43), (12, 12, 0.43), (16, 18, 0.45), (17, 18, 0.50)):
        plan = FftPlan(size=size, width=width, twiddle_width=twiddle_width)
        x = uniform(r, width, 4096 // size * 8, size)
        y, overflow, _ = plan.run(x)
        error = (y - transform(x, plan.scale))[~overflow]
        assert np.sqrt(np.mean(np.abs(error) ** 2)) < limit, (width, twiddle_width)


def test_four_points_round_up_to_beyond_the_format():
    """The only case of this size that saturates is (127 + 127 + 128 + 128) / 4 = 127.5, which rounds to 128."""
    plan = FftPlan(size=4, width=8)
    y, overflow, _ = plan.run(np.array([127, 127j, -128, -128j]))
    assert y[1] == 127 and overflow
    y, overflow, _ = plan.run(np.array([127, 127j, -128, -127j]))
    assert y[1] == 127 and not overflow


def test_schedule_of_zeros_saturates_and_says_so():
    """A constant at full scale leaves the format by N; an impulse never does."""
    for size in (4, 8, 64):
        plan = FftPlan(size=size, width=10, schedule=(0,) * (size.bit_length() - 1))
        x = np.full((3, size), 511.0 + 0j)
        x[1], x[2] = 0, np.where(np.arange(size), 0, 511 - 512j)
        y, overflow, _ = plan.run(x)
        assert overflow.tolist() == [True, False, False] and plan.scale == 0
        assert y[0, 0] == 511 and not y[1].any()
        np.testing.assert_array_equal(y[2], np.full(size, 511 - 512j))
        wide = FftPlan(size=size, width=10, out_width=10 + size.bit_length() - 1, schedule=plan.schedule)
        y, overflow, _ = wide.run(x)
        assert not overflow.any() and y[0, 0] == 511 * size and not y[0, 1:].any()


@pytest.mark.parametrize("size", (4, 8, 64))
@pytest.mark.parametrize("shift", (0, 1))
def test_inverse_is_the_exchange_of_parts(size, shift):
    plan = FftPlan(size=size, width=12, schedule=(shift,) * (size.bit_length() - 1))
    x = nasty(rng("swap", size, shift), plan.width, plan.size)
    forward, over, _ = plan.run(swap(x))
    backward, flag, _ = plan.run(x, inverse=True)
    np.testing.assert_array_equal(backward, swap(forward))
    np.testing.assert_array_equal(flag, over)


def test_there_and_back_is_the_identity_within_the_noise():
    there = FftPlan(size=64, width=12, out_width=16, schedule=(1, 1, 0, 0, 0, 0))
    back = FftPlan(size=64, width=16, out_width=14, schedule=(1, 1, 1, 1, 0, 0))
    x = uniform(rng("identity"), 12, 40, 64)
    y, over, _ = back.run(there.run(x)[0], inverse=True)
    assert not over.any()
    assert np.abs(y - x).max() < 3


def test_shapes_and_order():
    plan = FftPlan(size=8, width=12)
    x = uniform(rng("shapes"), 12, 2, 3, 8)
    y, overflow, _ = plan.run(x)
    assert y.shape == (2, 3, 8) and overflow.shape == (2, 3) and y.dtype == np.complex128
    np.testing.assert_array_equal(plan.run(x[1, 2])[0], y[1, 2])
    assert plan.run(x[:0])[0].shape == (0, 3, 8)
    np.testing.assert_array_equal(y, round_half_even(y, 0))
    np.testing.assert_array_equal(saturate(y, 12), y)
    assert bit_reversed(8).tolist() == [0, 4, 2, 6, 1, 5, 3, 7]
    block = Fft(plan, order="bit-reversed")
    np.testing.assert_array_equal(block.model(x), y[..., bit_reversed(8)])
    np.testing.assert_array_equal(Fft(plan, inverse=True).model(x), plan.run(x, inverse=True)[0])
    np.testing.assert_array_equal(twiddles((0, 1, 2, 3), 4, 10), 256 * np.array([1, -1j, -1, 1j]))


def gaussian(r, width: int, level: float, *shape: int) -> np.ndarray:
    """Return complex noise of the RMS ``level`` in dBFS."""
    low, high = limits(width)
    sigma = -low * 10 ** (level / 20) / 2**0.5
    re, im = (np.clip(np.rint(r.normal(0, sigma, shape)), low, high) for _ in range(2))
    return re + 1j * im


@pytest.mark.parametrize("level", (-12, -18, -24, -30, -40))
def test_a_block_exponent_keeps_the_ratio_at_every_level(level):
    """The SQNR is 80 dB at 1,024 points; with a fixed scale of 1/N the same noise at -40 dBFS has only 32 dB left."""
    x = gaussian(rng("block", level), 16, level, 60, 1024)
    plan = FftPlan(size=1024, width=16, twiddle_width=18, scaling="block")
    y, overflow, exponent = plan.run(x)
    error, exact = y - transform(x, 0) * 2.0 ** -exponent[:, None], transform(x, 0) * 2.0 ** -exponent[:, None]
    sqnr = 10 * np.log10((np.abs(exact) ** 2).sum() / (np.abs(error) ** 2).sum())
    assert sqnr > 79 and not overflow.any()
    # The exponent is the smallest: with one less, some part would not fit.
    parts = np.abs(np.concatenate([y.real, y.imag], 1)).max(1)
    assert (parts[exponent > 0] >= 2**14).all() and parts.max() <= 2**15


@pytest.mark.parametrize("size", (4, 8, 64, 1024))
def test_full_growth_and_loaded_schedules(size):
    """With full growth nothing saturates; with a loaded schedule the output is that result shifted, whichever stages shift.
    """
    r = rng("growth", size)
    x = np.concatenate([nasty(r, 12, size), gaussian(r, 12, -12, 20, size)])
    full = FftPlan(size=size, width=12, scaling="full")
    y, overflow, exponent = full.run(x)
    assert full.out_width == 12 + full.stages + 1 and not overflow.any() and not exponent.any()
    exact = transform(x, 0)
    error = y - exact
    sqnr = 10 * np.log10((np.abs(exact) ** 2).sum() / max((np.abs(error) ** 2).sum(), 1))
    assert sqnr > 80
    assert size > 4 or not error.any()
    loaded = FftPlan(size=size, width=12, scaling="run-time")
    ones = r.integers(0, full.stages + 1, len(x))
    y, overflow, exponent = loaded.run(x, exponent=ones)
    np.testing.assert_array_equal(exponent, ones)
    want = exact * 2.0 ** -ones[:, None]
    noise = 0.6 + np.abs(exact).max(1) * 2.0**-ones * 2e-4
    assert (np.abs((saturate(want, 12) - y).view(float)).max(1) <= noise).all()
    low, high = limits(12)
    beyond = np.maximum(want.view(float).max(1) - high, low - want.view(float).min(1))
    assert (beyond[overflow] > -noise[overflow]).all() and overflow[beyond > noise].all()
    assert overflow.any() and not overflow.all()
    with pytest.raises(DescriptionError, match="FFT exponent must be integers from 0 to"):
        loaded.run(x, exponent=full.stages + 1)
    with pytest.raises(DescriptionError, match="FFT frames must each have an exponent where scaling is run-time"):
        loaded.run(x)
    with pytest.raises(DescriptionError, match="FFT frames have no exponent where scaling is full"):
        full.run(x, exponent=0)


def test_what_frames_are_given_is_checked():
    plan = FftPlan(size=8, width=12, scaling="run-time")
    x = np.zeros((3, 8))
    with refused("FFT exponent must be integers from 0 to 3, not 1.5 .. 1.5", DescriptionError):
        plan.run(x, exponent=1.5)
    with refused("FFT exponent of frames (3,) must have the shape (3,), not (2,)", DescriptionError):
        plan.run(x, exponent=(1, 2))
    with refused("FFT inverse must be one for all frames (3,), or of that shape, not (2,)", DescriptionError):
        plan.run(x, inverse=(True, False), exponent=0)
    assert FftPlan(size=8, width=12, schedule=np.ones(3, dtype=int)).schedule == (1, 1, 1)
    for wrong in (5, plan):
        with pytest.raises(DescriptionError, match="IterativeFft plan must be an IterativePlan, not"):
            IterativeFft(wrong)
        with pytest.raises(DescriptionError, match="RealFft plan must be a RealFftPlan, not"):
            RealFft(wrong)
    with refused("Fft plan must be an FftPlan, not 5", DescriptionError):
        Fft(5)


def test_a_part_that_rounds_up_beyond_a_block_s_format_is_clipped():
    plan = FftPlan(size=4, width=8, out_width=8, scaling="block")
    y, overflow, exponent = plan.run([[127, 64, 64, 0], [127, 64, 63, 0], [-128, -128, 0, 0], [-128, -128, -1, 0]])
    assert not overflow.any() and exponent.tolist() == [1, 1, 1, 2] and y[:, 0].tolist() == [127, 127, -128, -64]


def test_multipliers():
    """A complex product takes four multipliers; there are log4 N - 1 products, and one more for odd log2 N.

    If a word of the first product has more bits than a multiplier takes, there are four more.
    """
    assert [FftPlan(size=n, width=16).multipliers for n in (4, 8, 16, 32, 64, 256, 1024)] == [0, 4, 4, 8, 8, 12, 16]
    for scaling in ("full", "block", "run-time"):
        assert [FftPlan(size=64, width=w, scaling=scaling).multipliers for w in (16, 17, 24)] == [8, 12, 12]
        assert [FftPlan(size=32, width=w, scaling=scaling).multipliers for w in (17, 18, 24)] == [8, 12, 12]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 12}, "FFT size must be a power of two from 4 to 4096, not 12"),
        ({"size": 2}, "FFT size must be a power of two from 4 to 4096, not 2"),
        ({"size": 8192}, "FFT size must be a power of two from 4 to 4096, not 8192"),
        ({"size": 16.0}, "FFT size must be a power of two from 4 to 4096, not 16.0"),
        ({"size": True}, "FFT size must be a power of two from 4 to 4096, not True"),
        ({"width": 3}, "FFT width must be an integer from 4 to 24, not 3"),
        ({"width": 25}, "FFT width must be an integer from 4 to 24, not 25"),
        ({"out_width": 41}, "FFT out_width must be an integer from 4 to 40, not 41"),
        ({"twiddle_width": 5}, "FFT twiddle_width must be an integer from 6 to 18, not 5"),
        ({"twiddle_width": "16"}, "FFT twiddle_width must be an integer from 6 to 18, not '16'"),
        ({"guard": -1}, "FFT guard must be an integer from 0 to 8, not -1"),
        ({"operand_width": 19}, "FFT operand_width must be an integer from 8 to 18, not 19"),
        ({"scaling": "float"}, "FFT scaling must be schedule, full, run-time or block, not 'float'"),
        ({"scaling": "full", "schedule": (1, 1, 1, 1)}, "FFT scaling 'full' takes no schedule, not (1, 1, 1, 1)"),
        ({"scaling": "block", "out_width": 21}, "FFT out_width with a block exponent must be below the result's 21 bits, "
         "which need none, not 21"),
        ({"schedule": 5}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not 5"),
        ({"schedule": (1.0, 1, 1, 1)}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1.0, 1, 1, 1)"),
        ({"size": 4, "width": 12, "scaling": "block", "out_width": 14},
         "FFT out_width with a block exponent must be below the result's 14 bits, which need none, not 14"),
        ({"schedule": (1, 1, 1)}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1, 1, 1)"),
        ({"schedule": (1, 2, 1, 1)}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1, 2, 1, 1)"),
        ({"width": 24, "operand_width": 8},
         "FFT operand_width 8 and twiddle_width 16 must leave a product its 2 guard bits, not -3"),
    ],
)
def test_refusals(options, message):
    with refused(message, DescriptionError):
        FftPlan(**{"size": 16, "width": 16} | options)


def test_block_refusals():
    plan = FftPlan(size=16, width=16)
    with refused("FFT frame must have 16 samples, not 8", DescriptionError):
        plan.run(np.zeros((3, 8)))
    with refused("Fft order must be natural, bit-reversed or centred, not 'reversed'", DescriptionError):
        Fft(plan, order="reversed")
    with refused("Fft takes a plan or parameters, not both", DescriptionError):
        Fft(plan, size=16)
