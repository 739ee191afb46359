# amaranth: UnusedElaboratable=no
"""Folded FFT as emitted: the words of the streaming FFT, bit for bit, under every stall, in the cycles of its plan."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft import cycles
from hadamac.model.fft.steps import Butterfly, butterfly, twiddle
from hadamac.numeric import requantise
from hadamac_hw.fft.folded import FoldedFft
from support.cores import Core
from support.seeds import rng
from support.stimuli import nasty, uniform

RANDOM = "random"
"""A schedule that is drawn at random."""


@pytest.mark.parametrize(("size", "order", "inverse", "options"), [
    (4, "natural", False, {"schedule": RANDOM}),
    (8, "bit-reversed", True, {"width": 16, "out_width": 14}),
    (16, "natural", True, {"schedule": RANDOM, "out_width": 15, "twiddle_width": 12}),
    (16, "centred", False, {"schedule": (0,) * 4, "width": 17, "twiddle_width": 6, "guard": 0}),
    (32, "natural", False, {"width": 16}),
    # Operands that saturate are narrower than others.
    (32, "bit-reversed", True, {"schedule": (0,) * 5, "width": 8, "operand_width": 16}),
    (64, "bit-reversed", False, {"schedule": RANDOM, "width": 10, "out_width": 12, "twiddle_width": 18}),
    # Operands and products are shifted from pass to pass.
    (128, "natural", True, {"schedule": (0, 0, 0, 1, 1, 0, 1), "width": 8, "out_width": 10, "twiddle_width": 12}),
])
def test_core(size, order, inverse, options):
    r = rng("folded", size, order)
    options = {"size": size, "width": 12} | options
    if options.get("schedule") == RANDOM:
        options["schedule"] = r.integers(0, 2, size.bit_length() - 1).tolist()
    block = FoldedFft(order=order, inverse=inverse, **options)
    core, folded = Core(block, f"folded{size}_{order.replace('-', '_')}"), block.folded
    x = nasty(r, block.plan.width, size, inverse)
    if size >= 64:
        x = x[[0, *r.permutation(len(x) - 4)[:4], *range(-4, 0)]]  # the last ones are quiet
    x = x[r.permutation(len(x))]
    over = block.plan.run(x, inverse).overflow
    results = core.play_all(x, block.model(x), over, interval=block.interval)
    for stall in ("none", "idle"):  # those under which the sink never waits
        taken, sent = results[stall].input_cycles, results[stall].output_cycles
        np.testing.assert_array_equal(sent, folded.arrivals(taken + core.guard, order))


def test_a_table_of_one_octant(monkeypatch):
    """From 2,048 points on there is such a table; forced on fewer, it gives the same bits in the same cycles."""
    whole = FoldedFft(size=32, width=12)
    monkeypatch.setattr(cycles, "FULL_TABLE", 16)
    block = FoldedFft(size=32, width=12)
    assert (block.latency, block.interval) == (whole.latency, whole.interval)
    x = nasty(rng("folded octants"), 12, 32)[4:10]
    core = Core(block, "folded32_octants")
    core.play(x, block.model(x), overflow=block.plan.run(x).overflow.any(), stalls=["none"],
              expected_latency=block.latency + core.guard)


def saturating(plan, x):
    """Return ``(operand, output)``, bool (n,): the frames of which an operand saturates, and those whose output does."""
    operand = np.zeros(len(x), dtype=bool)
    for step in plan.steps:
        if isinstance(step, Butterfly):
            x = butterfly(x, step)
        else:
            x, over = twiddle(x, step, plan.twiddle_width)
            operand |= over
    return operand, requantise(x, plan.output)[1]


def test_overflow():
    """A saturated operand alone sets the flag, and so does a saturated output; frames around them do not."""
    block = FoldedFft(size=16, width=10, schedule=(0, 0, 1, 1))
    core = Core(block, "folded16_overflow")
    # Both butterflies before the product add samples 4 apart: 4 * 511 does not fit into 11 bits.  A constant becomes
    # 16 * 128 / 4 = 512, which does not fit into 10.
    x = np.array([np.where(np.arange(16) % 4, 0, 511), np.full(16, 128), *uniform(rng("folded overflow"), 10, 3, 16, scale=0.1)])
    operand, output = saturating(block.plan, x)
    assert operand.tolist() == [True, *4 * [False]] and output.tolist() == [False, True, *3 * [False]]
    y = block.model(x)
    for frames in ([2, 0, 3, 4], [2, 1, 3, 4]):
        core.play(x[frames], y[frames], overflow=True, stalls=["none", "both"])
    core.play(x[2:], y[2:], overflow=False, stalls=["none"])
