# amaranth: UnusedElaboratable=no
"""Pointwise functions as emitted: every word of a table's range, saturation, the flag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Shape

from hadamac.model.pwl.fitting import FUNCTIONS, fit
from hadamac.model.pwl.table import PwlTable
from hadamac.numeric import SQ
from hadamac_hw.layers.pwl import Pwl, Relu
from hadamac_hw.sim.beats import Beats
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
        "pwl_sigmoid": fit(FUNCTIONS["sigmoid"], segments=16, format=SQ(4, 8)).table,
        "pwl_gelu": fit(FUNCTIONS["gelu"], segments=5, format=SQ(3, 7)).table,
        "pwl_leaky": fit(FUNCTIONS["leaky"], segments=2, format=SQ(2, 8)).table,
    }


def test_relu():
    """ReLU is combinational: a frame guard before it gives it the clock that the bench drives."""
    block = Relu(width=12)
    block.frame = (LENGTH, LENGTH)
    core, r = Core(block, "relu"), rng("relu")
    words = np.arange(-2048, 2048).reshape(-1, LENGTH)[::5]
    x = np.concatenate([words + 1j * words[::-1], corners(r, 12, 2, LENGTH), uniform(r, 12, 2, LENGTH)])
    y = np.maximum(x.real, 0) + 1j * np.maximum(x.imag, 0)
    none = core.play_all(x, y, np.zeros(len(x)), interval=LENGTH)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.guard)


@pytest.mark.parametrize("loadable", [False, True], ids=["built-in", "loadable"])
@pytest.mark.parametrize("name", ["pwl_random", "pwl_gain", "pwl_sigmoid", "pwl_gelu", "pwl_leaky"])
def test_table(name, loadable):
    table = tables()[name]
    core = Core(Pwl(table, loadable=loadable), name)
    x, y, over = played(table, name)
    assert over.any() == (name in ("pwl_random", "pwl_gain", "pwl_gelu"))  # at the top gelu(x) is x, and the fit's error may exceed it
    none = core.play_all(x, y, over, interval=LENGTH)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.block.latency)


def test_real():
    """With ``real`` only the real part is computed; the other is 0 and cannot saturate."""
    table = tables()["pwl_sigmoid"]
    core = Core(Pwl(table, real=True), "pwl_real")
    assert core.block.multipliers == core.verilog.count(" * $signed(") == 1
    x, y, _ = played(table, "pwl_sigmoid")
    core.play_all(x, y.real, table.run(x.real)[1], interval=LENGTH)


def load_words(block: Pwl, table: PwlTable) -> list[int]:
    """Return the beats that load a table, as the docstring of `load` describes them."""
    fields = {name: (field.offset, field.shape) for name, field in block.load.payload.shape()}

    def beat(**values):
        return sum((v & ((1 << Shape.cast(fields[name][1]).width) - 1)) << fields[name][0] for name, v in values.items())

    starts = (0, *table.breakpoints)
    return [beat(segment=k, breakpoint=starts[k], slope=table.slopes[k], offset=table.offsets[k])
            for k in range(len(table.slopes))]


def test_loading():
    """A table that is loaded replaces the one built in, whole or in part."""
    tanh = fit(FUNCTIONS["tanh"], segments=6, format=SQ(4, 8)).table
    grown = replace(tanh, breakpoints=tanh.breakpoints[:-1] + (2000,), slopes=tanh.slopes[:-1] + (5,),
                    offsets=tanh.offsets[:-1] + (12345,))
    core = Core(Pwl(tanh, loadable=True), "pwl_loading")
    for number, table in enumerate((replace(tanh, slopes=tanh.slopes[::-1], offsets=tanh.offsets[::-1]), grown)):
        x, y, over = played(table, f"loading{number}")
        words = load_words(core.block, table)
        core.play(x, y, overflow=over.any(), preload={"s_load": Beats.of(words[-1:] if number else words)},
                  stalls=["none", "both"])


def played(table: PwlTable, name: str):
    """Return frames of all words and edges, the expected frames, and which of them saturate."""
    low, high = limits(table.width)
    words = np.arange(low, high + 1)[:: max(1, 2**table.width // 1024)].reshape(-1, LENGTH)
    edges = np.array([b + d for b in table.breakpoints for d in (-1, 0)] + [0] * LENGTH)
    edges = np.clip(edges[: len(edges) // LENGTH * LENGTH], low, high).reshape(-1, LENGTH)
    x = np.concatenate([words + 1j * words[::-1], edges + 1j * edges[:, ::-1], corners(rng(name), table.width, 2, LENGTH)])
    re, over_re = table.run(x.real)
    im, over_im = table.run(x.imag)
    over = over_re | over_im
    if (~over).sum() < 2:  # two quiet frames for the flag, of words that do not saturate
        quiet = words.reshape(-1, 1)[~table.run(words.reshape(-1, 1))[1]]
        x[-2:] = quiet[0] + 1j * quiet[-1]
        (re, over_re), (im, over_im) = table.run(x.real), table.run(x.imag)
        over = over_re | over_im
    return x, re + 1j * im, over
