# amaranth: UnusedElaboratable=no
"""Spectral pooling and padding as emitted: every Nyquist rule, even and odd sizes, one and two dimensions, timing."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.crop import kept_rows
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac_hw.layers.spectral_pool import SpectralPad, SpectralPool
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform

# (larger size, smaller size, rule, dimensions, channels, width)
CASES = {
    "zero8_4": (8, 4, "zero", 2, 2, 12),
    "zero8_8": (8, 8, "zero", 2, 1, 18),
    "zero9_6_1d": (9, 6, "zero", 1, 2, 12),
    "average8_4": (8, 4, "average", 2, 3, 12),
    "average7_6": (7, 6, "average", 2, 2, 18),
    "average8_2": (8, 2, "average", 2, 1, 9),
    "average3_2": (3, 2, "average", 2, 2, 8),
    "average6_6": (6, 6, "average", 2, 1, 8),
    "average16_8_1d": (16, 8, "average", 1, 2, 12),
    "naive8_4": (8, 4, "naive", 2, 2, 12),
    "odd8_5": (8, 5, "average", 2, 2, 12),
    "odd7_1": (7, 1, "zero", 2, 2, 12),
    "odd1_1": (1, 1, "zero", 2, 2, 8),
}


def by_columns(spectra) -> np.ndarray:
    """Return half-spectra (n, channels, u, v) or (n, channels, v) as beats (n, channel v u)."""
    return (np.swapaxes(spectra, -1, -2) if spectra.ndim == 4 else spectra).reshape(len(spectra), -1)


def frames(name, plan, channels: int) -> np.ndarray:
    """Return quiet frames, then frames at full scale, then the lowest and highest words."""
    r, shape = rng(name), (channels, *plan.shapes[0])
    low, high = limits(plan.width)
    edges = [np.full((1, *shape), v * (1 + 1j)) for v in (low, high, 1, -1, 0)]
    return np.concatenate([uniform(r, plan.width, 3, *shape, scale=0.45), uniform(r, plan.width, 2, *shape),
                           corners(r, plan.width, 2, *shape), *edges])


@pytest.mark.parametrize("name", list(CASES))
def test_pool(name):
    size, keep, nyquist, dimensions, channels, width = CASES[name]
    plan = PoolPlan(size=size, keep=keep, nyquist=nyquist, width=width, dimensions=dimensions)
    block = SpectralPool(plan, channels=channels)
    core, x = Core(block, f"pool_{name}"), frames(name, plan, channels)
    y, over = plan.run(x)
    # Only the imaginary parts of a column of pairs may saturate, except in rows 0 and M/2.
    assert over.any() == (plan.averages and dimensions == 2 and keep > 2)
    none = core.play_all(by_columns(x), by_columns(y), over, interval=block.interval)["none"]
    live = np.zeros((size // 2 + 1, size if dimensions == 2 else 1), dtype=bool)
    live[: keep // 2 + 1, kept_rows(size, keep) if dimensions == 2 else 0] = True
    if plan.averages and dimensions == 2:  # the beats of a live column leave one a cycle, once its last beat is in
        columns = none.input_cycles.reshape(-1, size // 2 + 1, size)[:, : keep // 2 + 1, -1].reshape(-1, 1)
        want = (columns + core.guard + 1 + block.latency - size + np.arange(keep)).reshape(-1)
    else:
        want = none.input_cycles[np.tile(live.reshape(-1), len(x) * channels)] + core.guard
    np.testing.assert_array_equal(none.output_cycles, want)


@pytest.mark.parametrize("name", list(CASES))
def test_pad(name):
    to, size, nyquist, dimensions, channels, width = CASES[name]
    plan = PadPlan(size=size, to=to, nyquist=nyquist, width=width, dimensions=dimensions)
    block = SpectralPad(plan, channels=channels)
    core, x = Core(block, f"pad_{name}"), frames(name, plan, channels)
    y, over = plan.run(x)
    none = core.play_all(by_columns(x), by_columns(y), over, interval=block.interval)["none"]
    np.testing.assert_array_equal(np.diff(none.output_cycles), 1)
