# amaranth: UnusedElaboratable=no
"""The streaming FFT as emitted: every bit of adversarial frames, under every stall, with any gap, on time."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft import FftPlan, bit_reversed
from hadamac_hw.fft import Fft
from support.cores import Core
from support.seeds import rng
from support.stimuli import nasty

NATURAL, REVERSED = "natural", "bit-reversed"

CORES = {
    "fft4": (FftPlan(size=4, width=10), NATURAL, False),
    "fft4_zeros": (FftPlan(size=4, width=16, out_width=12, schedule=(0, 0)), REVERSED, True),
    "fft8": (FftPlan(size=8, width=12), REVERSED, False),
    "fft8_zeros": (FftPlan(size=8, width=10, schedule=(0, 0, 0), twiddle_width=10), NATURAL, True),
    "fft16": (FftPlan(size=16, width=16), NATURAL, True),
    "fft16_steep": (FftPlan(size=16, width=12, schedule=(0, 0, 1, 1), guard=0), REVERSED, False),
    "fft32": (FftPlan(size=32, width=10, out_width=12, schedule=(0, 1, 0, 0, 1)), NATURAL, False),
    "fft32_narrow": (FftPlan(size=32, width=16, operand_width=12, twiddle_width=10), REVERSED, False),
    "fft64": (FftPlan(size=64, width=16), NATURAL, False),
    "fft64_zeros": (FftPlan(size=64, width=17, schedule=(0,) * 6), NATURAL, True),
    "fft256": (FftPlan(size=256, width=12), NATURAL, False),
}


def prepare(name: str):
    plan, order, inverse = CORES[name]
    core = Core(Fft(plan, inverse=inverse, order=order), name)
    x = nasty(rng(name), plan.width, plan.size, inverse)
    y, over = plan.run(x, inverse)
    y = y if order == NATURAL else y[:, bit_reversed(plan.size)]
    np.testing.assert_array_equal(core.block.model(x), y)
    return core, x, y, over


def selection(over, clean: int, loud: int):
    """Some frames of both kinds, in their order."""
    return np.sort(np.concatenate([np.flatnonzero(~over)[:clean], np.flatnonzero(over)[:loud]]))


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    core, x, y, over = prepare(name)
    size = core.block.plan.size
    if size > 32:  # the shorter the frame, the more of them
        keep = selection(over, *((4, 3) if size > 64 else (6, 5)))
        x, y, over = x[keep], y[keep], over[keep]
    assert over.any() and not over.all()
    results = core.play_all(x, y, over, interval=size)
    np.testing.assert_array_equal(np.diff(results["none"].output_cycles), 1, "frames back to back leave without a hole")
    np.testing.assert_array_equal(np.diff(results["shy"].output_cycles), 2, "half the rate: the FIFO never runs empty")


@pytest.mark.parametrize(("name", "gaps"), [("fft4", (1, 2, 5)), ("fft8", (1, 4, 7, 8)), ("fft16", (3, 13, 17, 50))])
def test_frames_any_gap_apart(name, gaps):
    """The same bits and the same latency of each frame, whatever the bubbles between frames; and the last drains."""
    core, x, y, over = prepare(name)
    keep = selection(over, 4, 0)
    for gap in gaps:
        results = core.play(x[keep], y[keep], stalls=["none"], frame_gap=gap, expected_interval=x.shape[1] + gap)
        taken, given = results["none"].input_cycles, results["none"].output_cycles
        np.testing.assert_array_equal(given - taken, core.block.latency + 1)
    alone = core.play(x[keep[:1]], y[keep[:1]], stalls=["none"])["none"]
    np.testing.assert_array_equal(alone.output_cycles - alone.input_cycles, core.block.latency + 1)


def test_an_operand_that_saturates_is_flagged_though_the_output_fits():
    """Four samples add up to four times full scale before the first product; later shifts bring the result back."""
    core, x, _, _ = prepare("fft16_steep")
    frames = np.zeros((3, 16), dtype=complex)
    frames[1, 1::4] = 2047 * (1 + 1j)
    y, over = core.block.plan.run(frames)
    assert over.tolist() == [False, True, False] and np.abs(y.real).max() < 2**11 - 1 > np.abs(y.imag).max()
    core.play(frames, core.block.model(frames), overflow=True, stalls=["none", "both"])


@pytest.mark.parametrize("name", ["fft8"])
def test_broken_frames_at_the_core_s_port(name):
    """A short frame is filled with zeros, a long one cut; both raise frame_error, and the frames after are clean."""
    core, x, _, over = prepare(name)
    size = core.block.plan.size
    clean = x[selection(over, 4, 0)]
    short, long = clean[1].copy(), clean[2]
    short[size // 2 :] = 0
    frames = [clean[0], clean[1][: size // 2], clean[3], np.concatenate([long, long[:3]]), clean[0]]
    sent = np.concatenate(frames)
    last = np.zeros(len(sent), dtype=int)
    last[np.cumsum([len(f) for f in frames]) - 1] = 1
    y = core.block.model(np.array([clean[0], short, clean[3], long, clean[0]]))
    core.play(sent[None], y, frame_error=True, input_last=last, stalls=["none", "both", "bursts"])
