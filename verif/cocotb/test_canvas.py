# amaranth: UnusedElaboratable=no
"""The copy of maps into maps of another size, as emitted: order, edge words, and when a beat is taken and given."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.canvas import CanvasPlan
from hadamac.model.fft.pairs import pack_rows
from hadamac.model.fft.rows import pack_channels
from hadamac_hw.layers.canvas import Canvas
from support.cores import Core
from support.seeds import rng
from support.stimuli import real_maps

CASES = {
    "larger": {"size": (4, 8), "keep": (3, 5), "to": (8, 16), "channels": 2},
    "smaller": {"size": (8, 8), "keep": (4, 3), "to": (4, 4), "channels": 3},
    "other": {"size": (4, 16), "keep": (3, 8), "to": (16, 8)},
    "blank": {"size": (8, 8), "keep": (7, 6), "to": (8, 8), "channels": 2},
    "signals": {"size": (1, 8), "keep": (1, 7), "to": (1, 16), "channels": 3},
    "shorter": {"size": (1, 16), "keep": (1, 5), "to": (1, 8), "channels": 4},
}


@pytest.mark.parametrize("name", list(CASES))
def test_core(name):
    plan, width = CanvasPlan(**CASES[name]), 12
    block = Canvas(plan, width=width)
    core = Core(block, f"canvas_{name}")
    maps = real_maps(rng("canvas", name), width, plan.channels, *plan.size)
    pack = pack_channels if plan.size[0] == 1 else pack_rows
    x, y = (pack(v).reshape(len(v), -1) for v in (maps, block.model(maps)))
    none = core.play_all(x, y, np.zeros(len(x)), interval=block.interval)["none"]
    # A beat is offered at once after the one before; the first frame has the times of the plan.
    first = none.input_cycles[: plan.frame[0]]
    got = none.output_cycles[: plan.frame[1]]
    offered = np.arange(len(first))
    np.testing.assert_array_equal(got - got[0], plan.arrivals(offered) - plan.arrivals(offered)[0])
