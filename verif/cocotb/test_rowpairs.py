# amaranth: UnusedElaboratable=no
"""Raster of pixels to row pairs, as emitted."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.fft.pairs import pack_rows
from hadamac_hw.layers.frame import RowPairs
from support.cores import Core
from support.seeds import rng


@pytest.mark.parametrize(("size", "width", "shift", "pixel_width"), [(4, 16, 7, 8), (8, 10, 1, 8), (16, 12, 0, 5)])
def test_core(size, width, shift, pixel_width):
    block = RowPairs(size=size, width=width, shift=shift, pixel_width=pixel_width)
    core = Core(block, f"row_pairs{size}")
    pixels = rng("pixels", size).integers(0, 2**pixel_width, (6, size, size))
    pixels[0], pixels[1] = 2**pixel_width - 1, np.arange(size * size).reshape(size, size) % 2**pixel_width
    y = pack_rows(pixels << shift).reshape(6, -1)
    none = core.play_all(pixels.reshape(6, -1), y, np.zeros(6), interval=size * size, gap=5)["none"]
    # Every beat of an odd row gives a pair, a fixed time later.
    odd = none.input_cycles.reshape(6, size, size)[:, 1::2].reshape(-1)
    np.testing.assert_array_equal(none.output_cycles, odd + block.latency - size + core.guard)


def test_rectangles_of_signed_pixels():
    """Rows and columns differ, and the sign of a pixel is that of its word."""
    block = RowPairs(size=(4, 8), width=10, shift=3, pixel_width=6, sign=True)
    core = Core(block, "row_pairs_signed")
    pixels = rng("signed pixels").integers(-32, 32, (6, 4, 8))
    pixels[0], pixels[1] = -32, 31
    y = pack_rows(pixels << 3).reshape(6, -1)
    none = core.play_all(pixels.reshape(6, -1), y, np.zeros(6), interval=32, gap=5)["none"]
    odd = none.input_cycles.reshape(6, 4, 8)[:, 1::2].reshape(-1)
    np.testing.assert_array_equal(none.output_cycles, odd + block.latency - 8 + core.guard)
