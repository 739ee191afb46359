# amaranth: UnusedElaboratable=no
"""One-dimensional transforms of signals as emitted: bits, saturation, and every output cycle of the first frame."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft.orders import bit_reversed
from hadamac.model.fft.rows import RowsPlan, pack_channels
from hadamac_hw.fft.rows import Rows
from hadamac_hw.fft.transpose import RowsForward, RowsInverse
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform


def plan_of(size: int, radius: int, channels: int, width: int, **options) -> RowsPlan:
    return RowsPlan(size=(1, size), radius=(0, radius), channels=channels, width=width, **options)


CORES = {
    "rows_one": plan_of(8, 3, 1, 10),
    "rows_two": plan_of(16, 5, 2, 12, rows=(0, 1, 0, 1)),
    "rows_odd": plan_of(8, 2, 3, 12, rows=(0, 1, 0)),
    "rows_even": plan_of(4, 1, 4, 10, rows=(0, 1)),
    "rows_whole": plan_of(8, 4, 3, 12, rows=(1, 0, 0)),  # more bins than samples: the input waits
    "rows_whole_odd": plan_of(8, 4, 5, 10, rows=(1, 0, 0)),
    "rows_dc": plan_of(16, 0, 5, 10, rows=(1, 0, 1, 0)),
    "irows_one": plan_of(8, 3, 1, 10, inverse=True, rows=(0, 1, 0)),
    "irows_two": plan_of(16, 5, 2, 12, inverse=True, rows=(0, 1, 0, 1)),
    "irows_odd": plan_of(8, 2, 3, 12, inverse=True, rows=(0, 0, 1)),
    "irows_even": plan_of(4, 1, 4, 10, inverse=True, rows=(0, 0)),
    "irows_whole": plan_of(8, 4, 3, 12, inverse=True, rows=(0, 1, 0)),
    "irows_dc": plan_of(16, 0, 5, 10, inverse=True, rows=(0, 0, 0, 0)),
}


def frames_of(plan: RowsPlan, r):
    """Return frames in beats, the expected beats, and the overflow of each frame."""
    low, high = limits(plan.width)
    if plan.inverse:
        shape = (plan.channels, 1, plan.live)
        x = np.concatenate([uniform(r, plan.width, 4, *shape, scale=s) for s in (1, 0.3, 0.05, 0.01)])
        x[3, ..., 0], x[3, ..., 1:] = high, 0  # DC alone
        y, over = plan.run(x)
        return x.reshape(len(x), -1), pack_channels(y).reshape(len(x), -1), over
    shape, n = (plan.channels, 1, plan.shape[1]), np.arange(plan.shape[1])
    x = [np.zeros(shape), np.full(shape, high), np.full(shape, low), np.broadcast_to(np.where(n % 2, low, high), shape)]
    x += [np.where(r.random(shape) < 0.5, low, high) for _ in range(3)]
    x += [np.rint(uniform(r, plan.width, *shape, scale=s).real) for s in (1, 1, 0.2, 0.2, 0.02, 0.02)]
    x = np.array(x, dtype=float)
    y, over = plan.run(x)
    return pack_channels(x).reshape(len(x), -1), y.reshape(len(x), -1), over


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    plan = CORES[name]
    x, y, over = frames_of(plan, rng(name))
    assert over.any() or plan.scale == plan.row_plan.stages or plan.inverse and plan.live == 1, "the stimuli should saturate where anything can"
    core = Core(Rows(plan), name)
    first = plan.arrivals(np.arange(x.shape[1]) + core.guard)
    none = core.play_all(x, y, over, interval=core.block.interval, latency=int(first[0]))["none"]
    # Frames that wait for a half of the buffer leave later than the first one alone would.
    length = min(len(first), plan.shape[1] if plan.inverse else 2 * plan.live)
    np.testing.assert_array_equal(none.output_cycles[:length], first[:length] + none.input_cycles[0])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("inverse", (False, True))
def test_buffer(channels, inverse):
    """The buffer beside the transform works on its own, with words at both ends of the format and at random."""
    plan = plan_of(8, 3, channels, 10, inverse=inverse)
    shape = (channels, 4) if inverse else (plan.pairs, 8)
    r = rng("buffer", channels, inverse)
    x = np.concatenate([corners(r, 10, 4, *shape), uniform(r, 10, 8, *shape, scale=0.9)])
    block = RowsInverse(plan) if inverse else RowsForward(plan)
    over = np.zeros(len(x), dtype=bool) if inverse else plan.separate_rows(x[:, :, None, bit_reversed(8)])[1]
    y = block.model(x)
    assert inverse or (over.any() and not over.all())
    core = Core(block, f"buffer{channels}_{inverse}")
    core.play_all(x.reshape(len(x), -1), y.reshape(len(x), -1), over, interval=block.interval)
