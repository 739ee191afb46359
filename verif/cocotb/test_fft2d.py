# amaranth: UnusedElaboratable=no
"""Two-dimensional transforms as emitted: bits, saturation, and every output cycle of the first frame."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.crop import live_shape, to_beats
from hadamac.model.fft.orders import bit_reversed
from hadamac.model.fft.pairs import pack_rows
from hadamac.model.fft.planar import Fft2dPlan
from hadamac_hw.fft.planar import Fft2d
from hadamac_hw.fft.transpose import TransposeForward, TransposeInverse
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, real_maps, uniform

# Some radii have a number of columns that is no power of two, on purpose.
CORES = {
    "fft2d_4": (Fft2dPlan(size=4, radius=0, width=10), 3),
    "fft2d_8": (Fft2dPlan(size=8, radius=3, width=12), 2),
    "fft2d_8_zeros": (Fft2dPlan(size=8, radius=2, width=16, rows=(0, 0, 1), columns=(0, 0, 0)), 1),
    "fft2d_16": (Fft2dPlan(size=16, radius=3, width=10, twiddle_width=12, rows=(0, 1, 1, 1), columns=(1, 1, 0, 1)), 2),
    "fft2d_8_whole": (Fft2dPlan(size=8, radius=4, width=12), 2),
    "ifft2d_8_whole": (Fft2dPlan(size=8, radius=4, width=12, inverse=True, rows=(0, 0, 1), columns=(0, 1, 0)), 2),
    "ifft2d_4": (Fft2dPlan(size=4, radius=1, width=16, inverse=True, rows=(0, 1), columns=(0, 0)), 4),
    "ifft2d_8": (Fft2dPlan(size=8, radius=3, width=10, inverse=True, rows=(1, 0, 1), columns=(0, 1, 0)), 3),
    "ifft2d_8_radius2": (Fft2dPlan(size=8, radius=2, width=12, inverse=True), 1),
    "fft2d_wide": (Fft2dPlan(size=(4, 16), radius=(1, 6), width=12, rows=(0, 1, 0, 1), columns=(0, 1)), 2),
    "fft2d_high": (Fft2dPlan(size=(16, 4), radius=(8, 1), width=12, rows=(0, 1), columns=(0, 1, 1, 0)), 2),  # all rows
    "ifft2d_wide": (Fft2dPlan(size=(4, 16), radius=(1, 8), width=12, inverse=True, rows=(0, 0, 1, 0), columns=(0, 1)), 2),
    "ifft2d_high": (Fft2dPlan(size=(16, 4), radius=(5, 1), width=12, inverse=True, rows=(0, 0), columns=(0, 1, 0, 1)), 3),
    "ifft2d_16": (Fft2dPlan(size=16, radius=7, width=16, inverse=True, rows=(0, 0, 1, 0), columns=(0, 1, 0, 0)), 2),
}


def frames_of(plan: Fft2dPlan, channels: int, r):
    """Return frames in beats, the expected beats, and the overflow of each frame."""
    if plan.inverse:
        shape = (channels, *live_shape(plan.size, plan.radius))
        x = np.concatenate([uniform(r, plan.width, 3, *shape, scale=s) for s in (1, 0.2, 0.02, 0.005)])
        x[3, :, 0, 0] = 2 ** (plan.width - 1) - 1  # DC alone
        x[3, :, 1:], x[3, :, 0, 1:] = 0, 0
        y, over = plan.run(x)
        return to_beats(x), pack_rows(y).reshape(len(x), -1), over
    maps = real_maps(r, plan.width, channels, *plan.shape)
    y, over = plan.run(maps)
    return pack_rows(maps).reshape(len(maps), -1), to_beats(y), over


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    plan, channels = CORES[name]
    core = Core(Fft2d(plan, channels=channels), name)
    x, y, over = frames_of(plan, channels, rng(name))
    if plan.shape == (16, 16):
        x, y, over = x[-8:], y[-8:], over[-8:]
    assert over.any() or plan.scale == sum(n.bit_length() - 1 for n in plan.shape), "the stimuli should saturate where anything can"
    beats = x.shape[1]
    first = plan.arrivals(np.arange(beats) + core.guard)
    results = core.play_all(x, y, over, interval=core.block.interval, latency=int(first[0]))
    none = results["none"]
    np.testing.assert_array_equal(none.output_cycles[: len(first)], first + none.input_cycles[0])
    if not plan.inverse and plan.radii[1] < plan.shape[1] // 2:  # the input sets the pace: it is never made to wait
        np.testing.assert_array_equal(np.diff(none.input_cycles), 1)


@pytest.mark.parametrize(("size", "radius"), [((4, 4), (1, 1)), ((8, 8), (2, 2)), ((8, 8), (4, 4)), ((4, 16), (1, 6)),
                                                ((16, 4), (3, 2))])
@pytest.mark.parametrize("inverse", (False, True))
def test_transpose(size, radius, inverse):
    """The buffer between the transforms works on its own, with words at both ends of the format and at random."""
    plan = Fft2dPlan(size=size, radius=radius, width=10, inverse=inverse)
    rows, columns = plan.shape
    r, shape = rng("transpose", size, radius, inverse), ((plan.live, rows) if inverse else (rows // 2, columns))
    x = np.concatenate([corners(r, 10, 4, *shape), uniform(r, 10, 8, *shape, scale=0.9)])
    block = TransposeInverse(plan) if inverse else TransposeForward(plan)
    over = np.zeros(len(x), dtype=bool) if inverse else plan.separate_rows(x[..., bit_reversed(columns)])[1]
    y = block.model(x)
    assert inverse or (over.any() and not over.all())
    core = Core(block, f"transpose{rows}x{columns}_{plan.live}_{inverse}")
    core.play_all(x.reshape(len(x), -1), y.reshape(len(x), -1), over, interval=block.interval)
