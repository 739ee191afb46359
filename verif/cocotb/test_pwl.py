# amaranth: UnusedElaboratable=no
"""Pointwise functions as emitted: every word of a table's range, saturation, the flag."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.pwl import PwlTable
from hadamac_hw.pwl import Pwl, Relu
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform

LENGTH = 16
"""Beats of a frame: these blocks do not count them."""


def tables() -> dict[str, PwlTable]:
    r = rng("tables")
    segments = 9
    breakpoints = sorted(r.choice(np.arange(-127, 128), segments - 1, replace=False).tolist())
    loud = PwlTable(width=8, breakpoints=breakpoints, slopes=r.integers(-128, 128, segments), slope_width=8,
                    offsets=r.integers(-(2**15), 2**15, segments), shift=7)
    return {
        "pwl_random": loud,
        "pwl_gain": PwlTable(width=10, breakpoints=(), slopes=(3,), offsets=(-5,), shift=0, slope_width=6),
        "pwl_sigmoid": PwlTable.interpolate(lambda v: 1 / (1 + np.exp(-v)), low=-8, high=8, segments=16, width=12, fraction=8),
    }


def test_relu():
    """Combinational: a guard gives it the clock that the bench drives."""
    block = Relu(width=12)
    block.frame = (LENGTH, LENGTH)
    core, r = Core(block, "relu"), rng("relu")
    words = np.arange(-2048, 2048).reshape(-1, LENGTH)[::5]
    x = np.concatenate([words + 1j * words[::-1], corners(r, 12, 2, LENGTH), uniform(r, 12, 2, LENGTH)])
    y = np.maximum(x.real, 0) + 1j * np.maximum(x.imag, 0)
    none = core.play_all(x, y, np.zeros(len(x)), interval=LENGTH)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.guard)


@pytest.mark.parametrize("name", ["pwl_random", "pwl_gain", "pwl_sigmoid"])
def test_table(name):
    table = tables()[name]
    core = Core(Pwl(table), name)
    low, high = limits(table.width)
    words = np.arange(low, high + 1)[:: max(1, 2**table.width // 1024)].reshape(-1, LENGTH)
    edges = np.array([b + d for b in table.breakpoints for d in (-1, 0)] + [0] * LENGTH)
    edges = np.clip(edges[: len(edges) // LENGTH * LENGTH], low, high).reshape(-1, LENGTH)
    x = np.concatenate([words + 1j * words[::-1], edges + 1j * edges[:, ::-1], corners(rng(name), table.width, 2, LENGTH)])
    re, over_re = table.run(x.real)
    im, over_im = table.run(x.imag)
    over = over_re | over_im
    assert over.any() == (name != "pwl_sigmoid")
    if (~over).sum() < 2:  # two quiet frames for the flag, of words that do not saturate
        quiet = words.reshape(-1, 1)[~table.run(words.reshape(-1, 1))[1]]
        x[-2:] = quiet[0] + 1j * quiet[-1]
        (re, over_re), (im, over_im) = table.run(x.real), table.run(x.imag)
        over = over_re | over_im
    none = core.play_all(x, re + 1j * im, over, interval=LENGTH)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.block.latency)
