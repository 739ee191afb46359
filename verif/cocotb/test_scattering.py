# amaranth: UnusedElaboratable=no
"""Scattering as emitted: each path and the whole, bits and cycles; forking and joining of streams."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Shape

from hadamac.data import shipped_digits
from hadamac.images import as_images
from hadamac.model.fft.pairs import pack_rows
from hadamac.scattering.model import beat_times, pixel_times
from hadamac.scattering.plan import scattering_plan
from hadamac_hw.base.emit import emit
from hadamac_hw.base.fork import Concatenate, Fork
from hadamac_hw.base.stream import Frame
from hadamac_hw.scattering import Scattering, ScatteringPath
from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import run_case
from support.cores import Core
from support.seeds import rng


def case(size: int, count: int):
    """A plan of two angles, images of which the third saturates, and their flags."""
    at = (32 - size) // 2
    digits = as_images(shipped_digits()[0], 32)[:40, at : at + size, at : at + size]
    plan = scattering_plan(digits // 8, size=size, angles=2)
    images = digits[:count] // 8
    images[2], images[-1] = 255, 0
    images[-1, 0, 0] = 1
    over = plan.run(images).overflow
    assert over.tolist() == [k == 2 for k in range(count)]
    return plan, images, over


def row_pairs(maps) -> np.ndarray:
    return pack_rows(maps).reshape(len(maps), -1)


@pytest.mark.parametrize("path", [0, 1, 2])
def test_path(path):
    plan, images, over = case(8, 6)
    block = ScatteringPath(plan=plan, path=path)
    core = Core(block, f"scattering_path{path}")
    none = core.play_all(images.reshape(6, -1), row_pairs(block.model(images)), over, interval=block.interval)["none"]
    times = beat_times(block.stages, pixel_times(8) + core.guard)
    np.testing.assert_array_equal(none.output_cycles[: len(times)], times + none.input_cycles[0])


def test_whole():
    """One frame ends ``interval`` cycles after the other, though the paths are not equally long."""
    plan, images, over = case(16, 5)
    block = Scattering(plan=plan)
    core = Core(block, "scattering")
    x, y = images.reshape(5, -1), row_pairs(block.model(images))
    none = core.play(x, y, overflow=True, expected_latency=block.latency + core.guard)["none"]
    ends = none.output_cycles.reshape(5, -1)[:, -1]
    np.testing.assert_array_equal(np.diff(ends), block.interval)
    core.play(x[~over], y[~over], stalls=["none", "both"], frame_gap=11, reset_after=x[0].size * 3 // 2)


def beats(r, count: int) -> list[int]:
    """Words of frames of 12 bits, `last` anywhere."""
    return r.integers(0, 2 ** Shape.cast(Frame(12)).width, count).tolist()


@pytest.mark.parametrize("branches", [1, 3])
def test_fork(branches):
    words = beats(rng("fork", branches), 300)
    more = {f"o{k}_": Beats.of(words) for k in range(1, branches)}
    run_case(emit(Fork(12, branches=branches), "forked"), "forked", input=words, expected=words, source="i_", sink="o0_",
             more_outputs=more, expected_latency=0, reset_after=151)


@pytest.mark.parametrize("lengths", [(1,), (3, 1, 5), (2, 2)])
def test_concatenate(lengths):
    r, frames = rng("concatenate", lengths), 40
    words = [beats(r, frames * n) for n in lengths]
    parts = [np.array(w).reshape(frames, -1) & 0xfff for w in words]
    joined = np.concatenate(parts, axis=1)
    joined[:, -1] |= 1 << 12  # the only beats whose last is set
    run_case(emit(Concatenate(12, lengths=lengths), "joined"), "joined", input=words[0], expected=joined.ravel().tolist(),
             source="i0_", sink="o_", more_inputs={f"i{k}_": Beats.of(w) for k, w in enumerate(words) if k}, expected_latency=0)
