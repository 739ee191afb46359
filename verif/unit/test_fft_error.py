# amaranth: UnusedElaboratable=no
"""Losses of an FFT: its SQNR over the width of the data, and the bound on its error, within which it may saturate."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft.error import error_bound
from hadamac.model.fft.iterative import IterativePlan
from hadamac.model.fft.plan import FftPlan
from hadamac.model.fft.steps import Twiddle
from hadamac_hw.base.targets import ICE40
from hadamac_hw.cores.standalone import fft_block
from support.seeds import rng
from support.stimuli import corners, limits, maximising, nasty

HAIR = 0.3
"""Difference in dB that two SQNRs of 16,384 samples may have by chance."""


def sqnr(plan, level: float) -> float:
    """Return the SQNR in dB with Gaussian noise of the RMS ``level`` in dBFS; loaded schedules are all ones."""
    r, low = rng("sqnr", plan.size, level), limits(plan.width)[0]  # the same noise at any width
    sigma = -low * 10 ** (level / 20) / 2**0.5
    x = np.clip(np.rint(r.normal(0, sigma, (16384 // plan.size, plan.size, 2))), low, -low - 1) @ (1, 1j)
    load = {"schedule": (1,) * plan.stages} if isinstance(plan, IterativePlan) else {"exponent": plan.stages}
    y, overflow, exponent = plan.run(x, **(load if plan.scaling == "run-time" else {}))
    assert not overflow.any()
    exact = np.fft.fft(x)
    return 10 * np.log10((np.abs(exact) ** 2).sum() / (np.abs(y * 2.0 ** exponent[:, None] - exact) ** 2).sum())


@pytest.mark.parametrize("target", (None, ICE40), ids=("generic", "ice40"))
@pytest.mark.parametrize("size", (64, 1024))
@pytest.mark.parametrize(("architecture", "scaling", "most"), [
    ("streaming", "full", (98, 93)), ("streaming", "block", (98, 93)), ("streaming", "run-time", (98, 93)),
    ("streaming", "schedule", (87, 75)), ("iterative", "schedule", (85, 73)), ("iterative", "run-time", (85, 73)),
])
def test_the_ratio_never_falls_with_the_width(size, target, architecture, scaling, most):
    """Data have 5 to 24 bits and are loud or quiet; all other parameters are chosen by the stand-alone core."""
    plans = [fft_block(architecture, target, size=size, width=width, scaling=scaling).plan for width in range(5, 25)]
    for level in (-3, -18, -40):
        found = np.array([sqnr(plan, level) for plan in plans[5 * (level == -40) :]])
        falls = np.maximum.accumulate(found)[:-1] - found[1:]
        assert falls.max() < HAIR, (level, found.round(1))
        if level == -3 and target is None:
            assert abs(found[-1] - most[size > 64]) < 1


def frames(r, width: int, size: int) -> np.ndarray:
    """Return constants, corners, one-bin maxima of any phase, and sines at full scale on bins and between them."""
    high = limits(width)[1]
    worst = [maximising(width, size, k, turn=turn) for k in range(size) for turn in np.arange(8) / 8]
    bins = np.concatenate([r.integers(0, size, 100), r.uniform(0, size, 50)])[:, None] * np.arange(size) / size
    phase = np.concatenate([r.integers(0, 4, 100) / 4, r.uniform(0, 1, 50)])[:, None]
    return np.concatenate([nasty(r, width, size), corners(r, width, 100, size), worst,
                           np.rint(high * np.exp(2j * np.pi * (bins + phase)))])


def beyond(exact, width: int) -> np.ndarray:
    """Return by how much the worst part of each frame (n, N) leaves the format."""
    low, high = limits(width)
    parts = exact.view(float)
    return np.maximum(parts.max(1) - high, low - parts.min(1))


@pytest.mark.parametrize("kind", (FftPlan, IterativePlan))
@pytest.mark.parametrize(("width", "operand_width"), [
    (5, 18), (16, 18), (18, 18), (24, 18), (10, 16), (16, 16), (16, 12),
])
@pytest.mark.parametrize("size", (8, 64))
def test_an_output_saturates_only_where_the_exact_result_is_near_the_end(kind, size, width, operand_width):
    """With a schedule of ones, only the output can raise the flag, whatever the input; and it does so where it must."""
    plan = kind(size=size, width=width, operand_width=operand_width, twiddle_width=operand_width)
    x = frames(rng("error", kind.__name__, size, width, operand_width), width, size)
    y, overflow, _ = plan.run(x)
    exact, bound = np.fft.fft(x) / size, error_bound(plan)
    error = np.abs((y - exact)[~overflow].view(float)).max()
    assert error <= 0.5 + bound
    assert size < 16 or width < operand_width or bound < 16 * error, "of use only if it is near"
    over = beyond(exact, width)
    assert overflow.any() and (over[overflow] >= 0.5 - bound).all() and overflow[over > 0.5 + bound].all()


@pytest.mark.parametrize(("kind", "size", "width", "flagged"), [
    (FftPlan, 16, 16, False), (FftPlan, 64, 16, False), (IterativePlan, 16, 16, False), (IterativePlan, 64, 16, False),
    (FftPlan, 16, 18, True), (FftPlan, 64, 18, True), (IterativePlan, 16, 20, True), (IterativePlan, 64, 20, True),
])
def test_data_as_wide_as_a_multiplier(kind, size, width, flagged):
    """An operand that has lost its last bits may leave the format although the exact result just fits it."""
    plan = kind(size=size, width=width, operand_width=18, twiddle_width=18)
    x = frames(rng("wide", size, width), width, size)
    overflow = plan.run(x).overflow
    if kind is FftPlan:
        assert plan.run(np.full(size, 1 + 1j) * limits(width)[1]).overflow == flagged
    assert (beyond(np.fft.fft(x) / size, width)[overflow] <= 1e-6).any() == flagged


@pytest.mark.parametrize("scaling", ("full", "run-time"))
@pytest.mark.parametrize(("width", "operand_width"), [(12, 18), (16, 18), (24, 18), (16, 10)])
def test_the_bound_of_full_growth(scaling, width, operand_width):
    plan = FftPlan(size=64, width=width, operand_width=operand_width, out_width=width + 7, scaling=scaling)
    x = frames(rng("growth", scaling, width), width, 64)
    y, overflow, _ = plan.run(x, exponent=0 if scaling == "run-time" else None)
    assert not overflow.any() and np.abs((y - np.fft.fft(x)).view(float)).max() <= 0.5 + error_bound(plan)


@pytest.mark.parametrize("size", (4, 64, 2048, 4096))
def test_no_operand_saturates_where_every_stage_halves(size):
    """This holds with the coarsest twiddles too, whose gain exceeds 1."""
    for width, twiddle_width in ((4, 6), (5, 6), (12, 6), (12, 18), (18, 18), (24, 18)):
        for out_width in (4, width, 24):
            plan = FftPlan(size=size, width=width, out_width=out_width, twiddle_width=twiddle_width)
            assert not any(s.operand.saturates for s in plan.steps if isinstance(s, Twiddle))
