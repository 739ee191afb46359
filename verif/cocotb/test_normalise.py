# amaranth: UnusedElaboratable=no
"""Normalisation as emitted: short and long channels, one and several, constant, tiny and saturating frames."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.normalise import NormalisePlan, live_multiplicity
from hadamac_hw.layers.normalise import Normalise
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform

CASES = {  # plan, channels
    "normalise_line": (NormalisePlan(multiplicity=(1,) * 9, width=16, fraction=12, over="bins", correction=1), 1),
    "normalise_map": (NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=16, fraction=14, over="map"), 3),
    "normalise_bins": (NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=12, fraction=10, over="bins"), 3),
    "normalise_long": (NormalisePlan(multiplicity=(1, *(2,) * 47, 1), width=17, fraction=14, over="bins"), 2),
    "normalise_long_map": (NormalisePlan(multiplicity=(1, 2, 1, 2, 2) * 9, count=100, width=10, fraction=8, over="map",
                                         correction=1), 1),
    "normalise_odd": (NormalisePlan(multiplicity=(2,) * 5, count=4225, width=4, fraction=0, over="bins"), 2),
    "normalise_one": (NormalisePlan(multiplicity=(1,), count=3, width=8, fraction=5, over="bins"), 2),
    "normalise_even": (NormalisePlan(multiplicity=(2,) * 49, width=17, fraction=16, over="bins"), 1),
}


def stimuli(r, plan: NormalisePlan, channels: int) -> np.ndarray:
    low, high = limits(plan.width)
    shape = (channels, plan.bins)
    still = np.array([0, 1, -1, 1j, low, high, low + 1j * low, 3 + 2j]).reshape(-1, 1, 1) * np.ones(shape)
    impulse = np.zeros((4, *shape), dtype=complex)
    impulse[0, :, -1], impulse[1, 0, 0], impulse[2, :, plan.bins // 2], impulse[3, -1, -1] = 1j, low, high + 1j * low, -1
    bent = np.abs(np.arange(plan.bins) - plan.bins // 2) + 1j * (np.arange(plan.bins) % 3 - 1)
    loud = [uniform(r, plan.width, 2, *shape, scale=s) for s in (1, 0.1, 2.0 ** (2 - plan.width))]
    mixed = uniform(r, plan.width, 4, *shape) * 2.0 ** r.integers(1 - plan.width, 1, (4, channels, 1))
    return np.concatenate([*loud, still, impulse, corners(r, plan.width, 2, *shape), np.full((1, *shape), bent),
                           np.rint(mixed)])


@pytest.mark.parametrize("name", list(CASES))
def test_core(name):
    plan, channels = CASES[name]
    r = rng(name)
    x = stimuli(r, plan, channels)
    y, over = plan.run(x)
    block = Normalise(plan, channels=channels)
    np.testing.assert_array_equal(block.model(x), y)
    assert block.interval == channels * max(plan.bins, plan.statistics + plan.release)
    core = Core(block, name)
    assert over.any() == (name not in ("normalise_line", "normalise_one"))  # sqrt(K) is within their formats
    core.play_all(x.reshape(len(x), -1), y.reshape(len(x), -1), over, interval=block.interval)


def test_channels_as_long_as_their_statistics():
    """``normalise_even`` is the case in which a channel's bins and its statistics take equally long."""
    plan, _ = CASES["normalise_even"]
    assert plan.statistics + plan.release == plan.bins
