# amaranth: UnusedElaboratable=no
"""Crop and expansion as emitted: which beats live, when they leave, and where `last` is."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.crop import live_rows, live_shape, to_beats
from hadamac_hw.layers.crop import Crop, Expand
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, uniform

CROPS = {
    "crop4": {"size": 4, "radius": 1, "columns": 2, "width": 8},
    "crop8": {"size": 8, "radius": 0, "columns": 5, "channels": 3, "width": 12},
    "crop_wide": {"size": 4, "radius": (1, 5), "columns": 8, "channels": 2, "width": 10},
    "crop_high": {"size": 8, "radius": (4, 1), "columns": 3, "channels": 2, "width": 10},  # all rows
    "crop_row": {"size": 1, "radius": (0, 4), "columns": 9, "channels": 3, "width": 12},
    "crop16": {"size": 16, "radius": 5, "columns": 8, "channels": 2, "width": 17},
}
EXPANDS = {
    "expand4": {"size": 4, "radius": 0, "channels": 3, "width": 8},
    "expand8": {"size": 8, "radius": 3, "width": 12},
    "expand_wide": {"size": 4, "radius": (1, 5), "channels": 2, "width": 10},
    "expand_high": {"size": 8, "radius": (4, 1), "channels": 2, "width": 10},
    "expand16": {"size": 16, "radius": 2, "channels": 2, "width": 17},
}


def by_columns(spectra) -> np.ndarray:
    """Half-spectra (n, channels, u, v) to beats (n, channel v u)."""
    return np.swapaxes(spectra, -1, -2).reshape(len(spectra), -1)


@pytest.mark.parametrize("name", list(CROPS))
def test_crop(name):
    block = Crop(**CROPS[name])
    core, r = Core(block, name), rng(name)
    shape = (block.channels, block.size, block.columns)
    x = np.concatenate([uniform(r, block.width, 3, *shape), corners(r, block.width, 2, *shape)])
    y = to_beats(block.model(x))
    none = core.play_all(by_columns(x), y, np.zeros(5), interval=block.interval)["none"]
    live = np.zeros((block.columns, block.size), dtype=bool)
    live[: block.radii[1] + 1, live_rows(block.size, block.radii[0])] = True
    mask = np.tile(live.reshape(-1), 5 * block.channels)
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles[mask] + core.guard)


@pytest.mark.parametrize("name", list(EXPANDS))
def test_expand(name):
    block = Expand(**EXPANDS[name])
    core, r = Core(block, name), rng(name)
    shape = (block.channels, *live_shape(block.size, block.radii))
    x = np.concatenate([uniform(r, block.width, 3, *shape), corners(r, block.width, 2, *shape)])
    y = by_columns(block.model(x))
    none = core.play_all(to_beats(x), y, np.zeros(5), interval=block.interval)["none"]
    np.testing.assert_array_equal(np.diff(none.output_cycles), 1)
