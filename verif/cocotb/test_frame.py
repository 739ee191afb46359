# amaranth: UnusedElaboratable=no
"""Buffers at the ends of a network, as emitted: pixels to pairs with their border, and maps back to pixels."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft.pairs import pack_rows
from hadamac.model.fft.rows import pack_channels
from hadamac.model.frame import FramePlan, RasterPlan
from hadamac_hw.layers.frame import ChannelPair, FramePairs
from hadamac_hw.layers.raster import Raster
from support.cores import Core
from support.seeds import rng


def joined(numbers: np.ndarray, bits: int) -> np.ndarray:
    """Return numbers (..., count) as one word of `bits` bits each, the first in the lowest bits."""
    words = numbers.astype(object) & ((1 << bits) - 1)
    return sum(words[..., k] << (k * bits) for k in range(words.shape[-1]))


def raster(frames: np.ndarray, bits: int) -> np.ndarray:
    """Return frames (n, channels, rows, columns) as words (n, pixels)."""
    return joined(np.moveaxis(frames, 1, -1).reshape(len(frames), -1, frames.shape[1]), bits)


# rows and columns of a frame, of the maps, channels, rule of the border, bits, width, shift, sign
FRAMES = {
    "frame_zero": ((5, 7), (8, 8), 2, "zero", 8, 16, 7, False),
    "frame_mirror": ((5, 7), (8, 8), 3, "mirror", 6, 12, 6, True),
    "frame_one_channel": ((3, 8), (4, 8), 1, "mirror", 8, 10, 1, False),
    "frame_columns": ((4, 5), (4, 8), 2, "zero", 5, 12, 3, True),
    "frame_whole": ((4, 4), (4, 4), 3, "zero", 8, 12, 0, True),
    "frame_row": ((1, 11), (1, 16), 1, "mirror", 12, 16, 4, True),
    "frame_rows": ((1, 13), (1, 16), 2, "zero", 8, 12, 4, True),
    "frame_odd_rows": ((1, 9), (1, 16), 3, "mirror", 8, 12, 4, True),
    "frame_whole_rows": ((1, 8), (1, 8), 5, "zero", 8, 12, 1, False),
}


@pytest.mark.parametrize("name", list(FRAMES))
def test_frame_pairs(name):
    given, size, channels, rule, bits, width, shift, sign = FRAMES[name]
    block = FramePairs(FramePlan(given=given, size=size, channels=channels, bits=bits, width=width, padding=rule), shift=shift,
                       sign=sign)
    least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if sign else (0, (1 << bits) - 1)
    frames = rng(name).integers(least, most, (6, channels, *given), endpoint=True)
    frames[0], frames[1] = least, most
    widths = [(0, 0)] * 2 + [((m - n) // 2, m - n - (m - n) // 2) for n, m in zip(given, size)]
    maps = np.pad(frames, widths, mode="reflect" if rule == "mirror" else "constant") << shift
    pairs = pack_channels(maps) if size[0] == 1 else pack_rows(maps)
    np.testing.assert_array_equal(block.model(frames), pairs)
    x, y = raster(frames, bits), pairs.reshape(len(pairs), -1)
    core = Core(block, name)
    none = core.play_all(x, y, np.zeros(6), interval=block.interval)["none"]
    # The first frame is read without a pause.
    first = none.output_cycles[: block.plan.reads]
    np.testing.assert_array_equal(first, block.plan.arrivals(none.input_cycles[: block.plan.writes] + core.guard))


RASTERS = {"raster_one": ((4, 8), 1, 12), "raster_three": ((8, 4), 3, 10), "raster_two": ((4, 4), 2, 16),
           "raster_row": ((1, 16), 1, 12), "raster_two_rows": ((1, 8), 2, 12), "raster_odd_rows": ((1, 8), 3, 9)}


@pytest.mark.parametrize("name", list(RASTERS))
def test_raster(name):
    """Words of all channels of a pixel, each with its sign; latency, interval and every cycle of the first frame."""
    size, channels, width = RASTERS[name]
    block = Raster(RasterPlan(size=size, channels=channels, width=width))
    maps = rng(name).integers(-(1 << (width - 1)), 1 << (width - 1), (6, channels, *size))
    maps[0], maps[1] = -(1 << (width - 1)), (1 << (width - 1)) - 1
    x = (pack_channels(maps) if size[0] == 1 else pack_rows(maps)).reshape(6, -1)
    y = np.array([[[m[c, i, j] for c in range(channels)] for i, j in np.ndindex(*size)] for m in maps])
    np.testing.assert_array_equal(block.model(maps), y)
    core = Core(block, name)
    none = core.play_all(x, y, np.zeros(6), interval=block.interval)["none"]
    first = none.output_cycles[: block.plan.reads]
    np.testing.assert_array_equal(first, block.plan.arrivals(none.input_cycles[: block.plan.writes] + core.guard))


@pytest.mark.parametrize("channels", [1, 2])
def test_channel_pair(channels):
    """Samples pass in the cycle in which they come, as the parts of a pair."""
    block = ChannelPair(samples=16, channels=channels, bits=8, width=12, shift=3, sign=True)
    signals = rng("pair", channels).integers(-128, 128, (5, channels, 1, 16))
    y = pack_channels(signals << 3).reshape(5, -1)
    none = Core(block, f"channel_pair{channels}").play_all(raster(signals, 8), y, np.zeros(5), interval=16, latency=1)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + 1)
