# amaranth: UnusedElaboratable=no
"""modReLU as emitted: biases by channel, loud, quiet and zero words, both ends of the widths."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.modrelu import ModRelu
from hadamac_hw.layers.modrelu import ModRelu as Block
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform

# bias, width, bins
CORES = {
    "modrelu_4": ((-3,), 4, 16),
    "modrelu_one_bin": ((-1, -200, 0), 10, 1),
    "modrelu_channels": ((0, -1000, -32768, -7, -20000), 16, 9),
    "modrelu_wide": ((-65536, -100), 17, 12),
}


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    bias, width, bins = CORES[name]
    plan = ModRelu(bias=bias, width=width)
    core, r, shape = Core(Block(plan, bins=bins), name), rng(name), (len(bias), bins)
    low, high = limits(width)
    edges = np.array([0, low, high, 1, -1, low + 1])
    x = [uniform(r, width, 6, *shape, scale=s) for s in (1, 0.3, 0.03, 0.001)]
    x += [corners(r, width, 2, *shape), r.choice(edges, (6, *shape)) + 1j * r.choice(edges, (6, *shape))]
    if width == 4:  # every word
        words = np.arange(low, high + 1)
        x.append((words[:, None] + 1j * words).reshape(-1, *shape))
    x = np.concatenate(x)
    y, over = plan.run(x)
    none = core.play_all(x.reshape(len(x), -1), y.reshape(len(x), -1), over, interval=bins * len(bias))["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.guard + core.block.latency)
