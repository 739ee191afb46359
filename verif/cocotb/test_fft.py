"""The streaming FFT as emitted: every bit of adversarial frames, under every stall, with any gap, on time."""

from __future__ import annotations

import numpy as np
import pytest
from hadamac.model.fft import FftPlan, bit_reversed
from hadamac_hw.fft import Fft
from support.cores import play, play_both
from support.seeds import rng
from support.stimuli import nasty

NATURAL, REVERSED = "natural", "bit-reversed"

CORES = {
    "fft4": (FftPlan(size=4, width=10), NATURAL, False),
    "fft4_zeros": (FftPlan(size=4, width=16, out_width=12, schedule=(0, 0)), REVERSED, True),
    "fft8": (FftPlan(size=8, width=12), REVERSED, False),
    "fft8_zeros": (FftPlan(size=8, width=10, schedule=(0, 0, 0), twiddle_width=10), NATURAL, True),
    "fft16": (FftPlan(size=16, width=16), NATURAL, True),
    "fft16_wide": (FftPlan(size=16, width=12, out_width=18, schedule=(0, 1, 0, 0), guard=0), REVERSED, False),
    "fft32": (FftPlan(size=32, width=10, schedule=(0, 1, 0, 0, 1)), NATURAL, False),
    "fft32_narrow": (FftPlan(size=32, width=16, operand_width=12, twiddle_width=10), REVERSED, False),
    "fft64": (FftPlan(size=64, width=16), NATURAL, False),
    "fft64_zeros": (FftPlan(size=64, width=17, schedule=(0,) * 6), NATURAL, True),
    "fft256": (FftPlan(size=256, width=12), NATURAL, False),
}


def prepare(name: str):
    plan, order, inverse = CORES[name]
    block = Fft(plan, inverse=inverse, order=order)
    x = nasty(rng(name), plan.width, plan.size, inverse)
    y, over = plan.run(x, inverse)
    y = y if order == NATURAL else y[:, bit_reversed(plan.size)]
    np.testing.assert_array_equal(block.model(x), y)
    return block, x, y, over


def selection(over, clean: int, loud: int):
    """Some frames of both kinds, in their order."""
    return np.sort(np.concatenate([np.flatnonzero(~over)[:clean], np.flatnonzero(over)[:loud]]))


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    block, x, y, over = prepare(name)
    if block.plan.size > 32:  # the shorter the frame, the more of them
        keep = selection(over, *((4, 3) if block.plan.size > 64 else (6, 5)))
        x, y, over = x[keep], y[keep], over[keep]
    assert over.any() and not over.all()
    results = play_both(block, x, y, over, name=name, latency=block.latency + 1, interval=block.interval)
    cycles = results["none"].output_cycles
    np.testing.assert_array_equal(np.diff(cycles), 1, "frames back to back leave without a hole")


@pytest.mark.parametrize("name", ["fft4", "fft8", "fft16"])
def test_frames_any_gap_apart(name):
    """The same bits and the same latency of each frame, whatever the bubbles between frames; and the last drains."""
    block, x, y, over = prepare(name)
    size = block.plan.size
    keep = selection(over, 4, 0)
    for gap in sorted({1, 2, 3, 5, size - 1, size, size + 1, 3 * size + 2}):
        results = play(block, x[keep], y[keep], name=name, stalls=["none"], frame_gap=gap,
                       expected_latency=block.latency + 1, expected_interval=size + gap)
        taken, given = results["none"].input_cycles, results["none"].output_cycles
        np.testing.assert_array_equal(given - taken, block.latency + 1)


def test_one_frame_alone_drains():
    block, x, y, _ = prepare("fft16")
    result = play(block, x[:1], y[:1], name="fft16", stalls=["none", "shy"])["none"]
    assert result.output_cycles[-1] - result.input_cycles[-1] == block.latency + 1


@pytest.mark.parametrize("name", ["fft8", "fft16"])
def test_broken_frames_at_the_core_s_port(name):
    """A short frame is filled with zeros, a long one cut; both raise frame_error, and the frames after are clean."""
    block, x, _, over = prepare(name)
    size = block.plan.size
    clean = x[selection(over, 4, 0)]
    short, long = clean[1].copy(), clean[2]
    short[size // 2 :] = 0
    frames = [clean[0], clean[1][: size // 2], clean[3], np.concatenate([long, long[:3]]), clean[0]]
    sent = np.concatenate(frames)
    last = np.zeros(len(sent), dtype=int)
    last[np.cumsum([len(f) for f in frames]) - 1] = 1
    y = block.model(np.array([clean[0], short, clean[3], long, clean[0]]))
    play(block, sent[None], y, name=name, frame_error=1, input_last=last, stalls=["none", "both", "bursts"])
