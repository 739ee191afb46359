# amaranth: UnusedElaboratable=no
"""Iterative FFT as emitted: every bit of adversarial frames, under every stall, on time; broken frames mended."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft import cycles
from hadamac.model.fft.orders import output_bins
from hadamac_hw.fft.iterative import IterativeFft
from support.cores import Core
from support.seeds import rng
from support.stimuli import nasty


def user_words(r, plan, x):
    """Return ``(user, inverse, schedule)``: bits of all beats, and what those of each frame's first beat mean."""
    inverse = r.integers(0, 2, len(x)).astype(bool)
    schedule = r.integers(0, 2, (len(x), plan.stages)) if plan.scaling == "run-time" else None
    user = r.integers(0, 1 << (plan.stages + 1 if schedule is not None else 1), x.shape)
    user[:, 0] = inverse
    if schedule is not None:
        user[:, 0] += (schedule << np.arange(1, plan.stages + 1)).sum(1)
    return user, inverse, schedule


@pytest.mark.parametrize(("size", "order", "options"), [
    (4, "natural", {}), (8, "bit-reversed", {"schedule": (0, 1, 1), "out_width": 14}), (16, "centred", {"width": 16}),
    (32, "natural", {"schedule": (0,) * 5, "operand_width": 12}), (64, "natural", {"twiddle_width": 12, "guard": 0}),
    (4, "centred", {"scaling": "run-time"}), (32, "natural", {"scaling": "run-time", "operand_width": 18}),
    (128, "natural", {"guard": 3}),
])
def test_core(size, order, options):
    r = rng("iterative", size, order)
    block = IterativeFft(**({"size": size, "width": 12, "order": order} | options))
    core, plan = Core(block, f"iterative{size}_{len(options)}"), block.plan
    x = nasty(r, plan.width, size)
    x = x[r.permutation(len(x))[: 12 if size < 64 else 6]]
    user, inverse, schedule = user_words(r, plan, x)
    y, over, _ = plan.run(x, inverse, schedule)
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    y = y[:, output_bins(size, order)]
    np.testing.assert_array_equal(block.model(x, inverse, schedule), y)
    results = core.play(x, y, overflow=over.any(), user=user, expected_user=flags, expected_latency=block.latency,
                        expected_interval=block.interval)
    starts = results["none"].output_cycles.reshape(len(x), size)
    np.testing.assert_array_equal(np.diff(starts, axis=1), 1, "a frame leaves without a hole")
    core.play(x[:3], y[:3], overflow=over[:3].any(), user=user[:3], expected_user=flags[:3], frame_gap=5,
              stalls=["none", "both"], reset_after=2 * size + size // 2)


def test_a_table_of_one_octant(monkeypatch):
    """4,096 points have such a table; forced on fewer, it gives the same bits in the same cycles."""
    whole = IterativeFft(size=32, width=12)
    monkeypatch.setattr(cycles, "FULL_TABLE", 8)
    block = IterativeFft(size=32, width=12)
    assert block.latency == whole.latency
    x = nasty(rng("octants"), 12, 32)[4:10]
    _, over, _ = block.plan.run(x)
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    Core(block, "iterative32_octants").play(x, block.model(x), overflow=over.any(), user=0 * flags, expected_user=flags,
                                            stalls=["none"], expected_latency=block.latency)


def test_flags_belong_to_their_frame():
    r = rng("flags")
    block = IterativeFft(size=16, width=12, schedule=(0, 1, 1, 1))
    x = nasty(r, 12, 16)
    user, inverse, _ = user_words(r, block.plan, x)
    y, over, _ = block.plan.run(x, inverse)
    assert 3 < over.sum() < len(x) - 3
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    Core(block, "iterative_flags").play(x, y, overflow=True, user=user, expected_user=flags, stalls=["none", "shy"])


def test_broken_frames():
    """A short frame is filled with zeros, a long one cut; both raise frame_error, and the frames after are clean."""
    block = IterativeFft(size=8, width=12)
    core, size = Core(block, "iterative_broken"), 8
    x = nasty(rng("broken"), 12, size)
    clean = x[~block.plan.run(x).overflow][:4]
    half, one, cut = clean[1].copy(), clean[2].copy(), clean[3].copy()
    half[size // 2 :], one[1:], cut[-1] = 0, 0, 0
    whole = [clean[0], half, clean[3], clean[2], clean[0], one, one, cut, clean[2], half, clean[1]]
    sent = [clean[0], half[: size // 2], clean[3], np.concatenate([clean[2], clean[2][:3]]), clean[0], one[:1], one[:1],
            cut[:-1], np.concatenate([clean[2], cut[:1]]), half[: size // 2], clean[1]]
    last = np.zeros(sum(map(len, sent)), dtype=int)
    last[np.cumsum([len(f) for f in sent]) - 1] = 1
    y, over, _ = block.plan.run(np.array(whole))
    flags = np.zeros(y.shape, dtype=int)
    flags[:, -1] = over
    core.play(np.concatenate(sent)[None], y, frame_error=True, input_last=last, user=np.zeros((1, len(last)), dtype=int),
              expected_user=flags, overflow=over.any(), stalls=["none", "both", "bursts"])
