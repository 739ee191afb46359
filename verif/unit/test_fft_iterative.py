"""Model of the iterative FFT: its measured error, an independent evaluation in integers, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.fft.iterative import IterativePlan
from hadamac.numeric import swap
from support.seeds import refused, rng
from support.stimuli import limits, nasty, uniform


def transform(x, scale: int):
    return np.fft.fft(x) * 2.0**-scale


@pytest.mark.parametrize("size", (4, 8, 64, 256, 1024))
@pytest.mark.parametrize(("operand_width", "guard", "limit"), [(16, 2, 0.75), (18, 3, 0.51)])
def test_error_and_bias_at_scale_one_over_n(size, operand_width, guard, limit):
    """The error is 0.69 LSB with the 16 bits of an iCE40's multiplier, and 0.46 with 18 and three guard bits."""
    plan = IterativePlan(size=size, width=16, operand_width=operand_width, guard=guard)
    x = uniform(rng("iterative", size), 16, max(8, 65536 // size), size)
    for inverse in (False, True):
        y, overflow, exponent = plan.run(x, inverse)
        error = (y - (swap(transform(swap(x), plan.scale)) if inverse else transform(x, plan.scale)))[~overflow]
        rms = np.sqrt(np.mean(np.abs(error) ** 2))
        assert rms < limit and abs(error.mean()) < 5 * rms / np.sqrt(error.size)
        assert (exponent == plan.stages).all()


def integers(plan, frame, schedule):
    """Return ``(output, saturated)`` of one frame, by loops over Python integers along the signal flow graph."""
    saturated = False

    def requantise(value, drop, width):
        nonlocal saturated
        kept, rest = value >> drop, value - (value >> drop << drop)
        if drop and (2 * rest > 1 << drop or (2 * rest == 1 << drop and kept & 1)):
            kept += 1
        low, high = limits(width)
        saturated |= not low <= kept <= high
        return min(max(kept, low), high)

    n = plan.size
    words = [(int(z.real) << plan.guard, int(z.imag) << plan.guard) for z in frame]
    operand = min(plan.word, plan.operand_width)
    for k, shift in enumerate(schedule):
        half = n >> (k + 1)
        for base in range(0, n, 2 * half):
            for j in range(half):
                (ar, ai), (br, bi) = words[base + j], words[base + j + half]
                words[base + j] = tuple(requantise(v, shift, plan.word) for v in (ar + br, ai + bi))
                if half == 1:
                    words[base + 1] = tuple(requantise(v, shift, plan.word) for v in (ar - br, ai - bi))
                    continue
                extra, one = plan.word - operand, 1 << (plan.twiddle_width - 2)
                dr, di = (requantise(v, extra + shift, operand) for v in (ar - br, ai - bi))
                w = np.exp(-1j * np.pi * j / half) * one
                c, s = int(np.rint(w.real)), int(np.rint(w.imag))
                drop = plan.twiddle_width - 2 - extra
                words[base + j + half] = tuple(requantise(v, drop, plan.word) for v in (dr * c - di * s, dr * s + di * c))
    out = [tuple(requantise(v, plan.guard, plan.out_width) for v in word) for word in words]
    order = [int(f"{k:0{plan.stages}b}"[::-1], 2) for k in range(n)]
    return np.array([complex(*out[k]) for k in order]), saturated


@pytest.mark.parametrize("options", [
    {}, {"schedule": (0, 1, 0, 0, 1), "out_width": 14}, {"operand_width": 10, "guard": 3, "twiddle_width": 9},
    {"schedule": (0,) * 5}, {"scaling": "run-time", "guard": 0},
])
def test_the_model_equals_plain_integers(options):
    plan = IterativePlan(size=32, width=12, **options)
    r = rng("integers", len(options))
    x = nasty(r, 12, 32)
    schedules = r.integers(0, 2, (len(x), 5)) if plan.scaling == "run-time" else np.tile(plan.schedule, (len(x), 1))
    y, overflow, _ = plan.run(x, schedule=schedules if plan.scaling == "run-time" else None)
    for k, frame in enumerate(x):
        want, saturated = integers(plan, frame, schedules[k].tolist())
        np.testing.assert_array_equal(y[k], want)
        assert overflow[k] == saturated
    assert overflow.any() and not overflow.all()


def test_no_word_inside_saturates_at_scale_one_over_n():
    """The flag is raised only where the exact result is beyond the format, give or take the error."""
    for size in (8, 64):
        plan = IterativePlan(size=size, width=10)
        x = nasty(rng("inside", size), 10, size)
        y, overflow, _ = plan.run(x)
        exact, (low, high) = transform(x, plan.scale), limits(10)
        beyond = np.maximum(np.maximum(exact.real, exact.imag) - high, low - np.minimum(exact.real, exact.imag)).max(-1)
        assert (beyond[overflow] > -3).all() and overflow[beyond > 3].all() and overflow.any()


@pytest.mark.parametrize(("options", "message"), [
    ({"size": 12}, "FFT size must be a power of two from 4 to 4096, not 12"),
    ({"scaling": "full"}, "FFT scaling must be schedule or run-time, not 'full'"),
    ({"schedule": (1, 0)}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1, 0)"),
    ({"width": 24, "operand_width": 8, "twiddle_width": 8},
     "FFT twiddle_width must be at least 22 for words of 27 bits and operands of 8, and leave 4 passes room for their "
     "roundings, not 8"),
])
def test_refusals(options, message):
    with refused(message, DescriptionError):
        IterativePlan(**({"size": 16, "width": 16} | options))
    plan = IterativePlan(size=16, width=16)
    with refused("FFT frame must have 16 samples, not 8", DescriptionError):
        plan.run(np.zeros((3, 8)))
    with refused("FFT frames have no schedule where scaling is schedule", DescriptionError):
        plan.run(np.zeros((3, 16)), schedule=(1, 1, 1, 1))
    loaded = IterativePlan(size=16, width=16, scaling="run-time")
    with refused("FFT frames must each have a schedule where scaling is run-time", DescriptionError):
        loaded.run(np.zeros((3, 16)))
    with refused("FFT schedule must be integers from 0 to 1, not 3 .. 3", DescriptionError):
        loaded.run(np.zeros((3, 16)), schedule=3)
