# amaranth: UnusedElaboratable=no
"""Buffers at the ends of a network against NumPy's padding: what they store, their tables, beats and cycles."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.fft.pairs import pack_rows, unpack_rows
from hadamac.model.fft.rows import pack_channels, unpack_channels
from hadamac.model.frame import FramePlan, LinePlan, PassPlan, RasterPlan
from hadamac_hw.layers.frame import ChannelPair, FramePairs, RowPairs
from hadamac_hw.layers.raster import Raster
from support.seeds import refused, rng

# rows and columns of a frame, of the maps, channels, rule of the border
FRAMES = {
    "odd, zero": ((5, 11), (8, 16), 2, "zero"),
    "odd, mirror": ((5, 11), (8, 16), 2, "mirror"),
    "RGB without a border": ((4, 8), (4, 8), 3, "zero"),
    "one channel": ((7, 4), (8, 4), 1, "mirror"),
    "rows only": ((6, 8), (8, 8), 3, "mirror"),
    "columns only": ((4, 9), (4, 16), 1, "zero"),
    "almost twice as large": ((5, 9), (8, 16), 1, "mirror"),
    "a signal": ((1, 19), (1, 32), 1, "mirror"),
    "two signals": ((1, 24), (1, 32), 2, "zero"),
    "three signals": ((1, 17), (1, 32), 3, "mirror"),
    "five whole signals": ((1, 16), (1, 16), 5, "zero"),
}


def plan_of(name: str, bits: int = 8, width: int = 16) -> FramePlan:
    given, size, channels, rule = FRAMES[name]
    return FramePlan(given=given, size=size, channels=channels, bits=bits, width=width, padding=rule)


def padded(frames: np.ndarray, size, rule: str) -> np.ndarray:
    """Frames with a border, pixels of an odd one more after them than before."""
    around = [(0, 0), (0, 0)]
    for given, wanted in zip(frames.shape[2:], size):
        around.append(((wanted - given) // 2, wanted - given - (wanted - given) // 2))
    return np.pad(frames, around, mode="reflect") if rule == "mirror" else np.pad(frames, around)


@pytest.mark.parametrize("name", list(FRAMES))
def test_pairs_of_frames(name):
    """The model is NumPy's padding, shifted up, in pairs of rows or of channels."""
    given, size, channels, rule = FRAMES[name]
    plan = plan_of(name)
    block = FramePairs(plan, shift=5, sign=True)
    frames = rng("frames", name).integers(-128, 128, (4, channels, *given))
    maps, pairs = padded(frames, size, rule) * 32.0, block.model(frames)
    assert block.frame == (given[0] * given[1], pairs[0].size) and plan.reads == pairs[0].size
    if size[0] == 1:
        np.testing.assert_array_equal(pairs, pack_channels(maps))
        np.testing.assert_array_equal(unpack_channels(pairs, channels), maps)
        assert channels % 2 == 0 or not pairs[:, -1].imag.any()
    else:
        np.testing.assert_array_equal(pairs, pack_rows(maps))
        np.testing.assert_array_equal(unpack_rows(pairs), maps)


@pytest.mark.parametrize("name", list(FRAMES))
def test_tables_lead_to_the_pixels(name):
    """A read by the words of the tables, from memories filled in raster order, gives NumPy's padding."""
    given, size, channels, rule = FRAMES[name]
    plan = plan_of(name)
    image = rng("tables", name).integers(1, 256, given)
    row_bits, column_bits = plan.address_bits
    banks = np.zeros((2, 1 << row_bits, 1 << column_bits), dtype=int)
    for y, x in np.ndindex(*given):
        banks[y % 2, y // 2, x] = image[y, x]
    want = padded(image[None, None], size, rule)[0, 0]
    for x, word in enumerate(plan.column_table()):
        column, inside = word & (1 << column_bits) - 1, word >> column_bits
        assert word < 1 << plan.column_bits
        if plan.flat:
            assert (banks[0, 0, column] if inside else 0) == want[0, x]
            continue
        for k, facts in enumerate(plan.row_table()):
            assert facts < 1 << plan.row_bits
            numbers = [facts >> (bank * row_bits) & (1 << row_bits) - 1 for bank in range(2)]
            for second in range(2):
                odd, there = (facts >> (2 * row_bits + 2 * second + bit) & 1 for bit in range(2))
                pixel = banks[odd, numbers[odd], column] if there and inside else 0
                assert pixel == want[2 * k + second, x], (k, second, x)


@pytest.mark.parametrize("name", list(FRAMES))
def test_cycles_and_memory_of_frames(name):
    """A frame is read after its last pixel, one pair a cycle; both halves and the border's tables are counted."""
    given, size, channels, _ = FRAMES[name]
    plan = plan_of(name)
    block = FramePairs(plan, shift=0, sign=False)
    beats = (channels + 1) // 2 * size[1] if size[0] == 1 else channels * size[0] * size[1] // 2
    assert plan.interval == block.interval == max(given[0] * given[1], beats)
    out = plan.arrivals(np.arange(plan.writes))
    np.testing.assert_array_equal(out, block.latency + np.arange(beats))
    assert block.latency == plan.writes + plan.pipeline + timing.fifo(plan.pipeline)
    assert plan.pipeline == (2 if given == size else 3) if timing.RAM == 1 else plan.pipeline > 0
    words = 2 * (1 << (given[1] - 1).bit_length())
    if size[0] > 1:
        words *= 2 * (1 << ((given[0] + 1) // 2 - 1).bit_length())
    tables = 0 if given == size else plan.column_bits * size[1] + (plan.row_bits * size[0] // 2 if size[0] > 1 else 0)
    assert plan.memory_bits == words * channels * 8 + tables + timing.fifo_bits(33, plan.pipeline)


RASTERS = {"one map": ((4, 8), 1), "three": ((8, 4), 3), "two wide": ((4, 16), 2), "a signal": ((1, 16), 1),
           "two signals": ((1, 8), 2), "five signals": ((1, 16), 5)}


@pytest.mark.parametrize("name", list(RASTERS))
def test_rasters(name):
    """Pixels in raster order with all channels; the interval is that of the slower side."""
    size, channels = RASTERS[name]
    plan = RasterPlan(size=size, channels=channels, width=12)
    block = Raster(plan)
    maps = rng("raster", name).integers(-2048, 2048, (3, channels, *size))
    pixels = block.model(maps)
    assert pixels.shape == (3, size[0] * size[1], channels)
    for y, x in np.ndindex(*size):
        np.testing.assert_array_equal(pixels[:, y * size[1] + x], maps[:, :, y, x])
    beats = (channels + 1) // 2 * size[1] if size[0] == 1 else channels * size[0] * size[1] // 2
    assert block.frame == (plan.writes, plan.reads) == (beats, size[0] * size[1])
    assert plan.interval == block.interval == max(beats, size[0] * size[1])
    np.testing.assert_array_equal(plan.arrivals(np.arange(beats)), block.latency + np.arange(size[0] * size[1]))
    assert plan.memory_bits == 2 * channels * size[0] * size[1] * 12 + timing.fifo_bits(12 * channels + 1, plan.pipeline)


def test_lines_and_samples():
    """Images of one channel wait a row for the next one; two signals wait for nothing."""
    line = LinePlan(size=(4, 8), bits=8, width=12)
    block = RowPairs(size=(4, 8), width=12, shift=2)
    assert (line.interval, block.interval, block.frame) == (32, 32, (32, 16))
    out = line.arrivals(np.arange(32))
    assert out[0] == block.latency and len(out) == 16 and out[8] - out[0] == 16
    images = rng("lines").integers(0, 256, (2, 4, 8))
    np.testing.assert_array_equal(block.model(images), pack_rows(images * 4.0))
    samples = PassPlan(samples=16)
    assert (samples.interval, samples.memory_bits) == (16, 0)
    np.testing.assert_array_equal(samples.arrivals(np.arange(16)), np.arange(16))
    signals = rng("samples").integers(-128, 128, (2, 2, 1, 16))
    pair = ChannelPair(samples=16, channels=2, bits=8, width=12, shift=4, sign=True)
    np.testing.assert_array_equal(pair.model(signals), (signals[:, :1] + 1j * signals[:, 1:]) * 16)


def test_refusals():
    plan = plan_of("two signals", bits=8, width=10)
    for sign, most in ((True, 2), (False, 1)):
        for shift in (-1, most + 1):
            with refused(f"FramePairs shift must be from 0 to {most}, not {shift}", DescriptionError):
                FramePairs(plan, shift=shift, sign=sign)
        FramePairs(plan, shift=most, sign=sign)
    with refused("RowPairs shift must be from 0 to 2, not 3", DescriptionError):
        RowPairs(size=(4, 8), width=10, shift=3, sign=True)
