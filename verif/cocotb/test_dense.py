# amaranth: UnusedElaboratable=no
"""The dense layer as emitted: any folding, mixed shifts, saturation, latency and interval."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.crop import to_beats
from hadamac.model.dense import dense
from hadamac.model.fft.pairs import pack_rows
from hadamac.model.fft.rows import pack_channels
from hadamac_hw.layers.dense import Dense
from support.cores import Core
from support.seeds import rng
from support.stimuli import limits, real_maps, uniform

# outputs, channels, rows and columns, lanes, width, weight bits, output bits; a hidden layer's results leave in pairs
CORES = {
    "dense_one_lane": (3, 1, (2, 2), 1, 10, 8, 14),
    "dense_ragged": (7, 2, (4, 4), 3, 12, 8, 12),  # rounds of 3, 3 and 1
    "dense_all_lanes": (4, 1, (2, 2), 4, 16, 5, 16),  # as many results a round as cycles
    "dense_wide": (10, 3, (4, 4), 4, 17, 8, 24),
    "dense_rectangle": (5, 2, (2, 8), 2, 12, 8, 14),
    "dense_row": (5, 3, (1, 8), 2, 12, 8, 14),  # the last channel is alone in its beats
    "dense_hidden_odd": (5, 2, (4, 4), 3, 12, 8, 12),  # the last result is alone in its beat
    "dense_hidden_even": (6, 3, (1, 1), 4, 12, 8, 12),  # rounds of 4 and 2, after another hidden layer
}


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    outputs, channels, (rows, columns), lanes, width, weight_width, out_width = CORES[name]
    hidden = name.startswith("dense_hidden")
    r = rng(name)
    low, high = limits(weight_width)
    weights = r.integers(low, high, (outputs, channels, rows, columns), endpoint=True)
    weights[0], weights[1] = low, high
    # The largest sum, less the output's width, is the shift that just fits; some shift more, some less, one left.
    fit = width + weight_width - 1 + (channels * rows * columns).bit_length() - out_width
    shift = np.maximum(fit + r.integers(-3, 2, outputs), -2)
    shift[1], shift[-1] = max(fit - 3, -2), -2 if out_width > width else 0  # a map at full scale saturates the second
    bias = r.integers(-(2 ** (width + weight_width - 2)), 2 ** (width + weight_width - 2), outputs)
    bias[2] = 3 << (width + weight_width + 4)  # larger than any sum of products
    bias[-1] = 5
    shift[2] = width + weight_width
    block = Dense(weights=weights, bias=bias, shift=shift, lanes=lanes, width=width, weight_width=weight_width,
                  out_width=out_width, paired=hidden)
    core = Core(block, name)
    maps = np.concatenate([real_maps(r, width, channels, rows, columns), r.integers(-1, 2, (3, channels, rows, columns))])
    y, over = dense(maps, weights, bias, shift, out_width)
    np.testing.assert_array_equal(block.model(maps), y)
    assert over.any()
    x = (pack_channels if rows == 1 else pack_rows)(maps).reshape(len(maps), -1)
    if hidden:
        y = pack_channels(y[:, :, None, None]).reshape(len(y), -1)
    core.play_all(x, y, over, interval=block.interval)


def test_bins():
    """Both parts of bins, column by column, instead of the two rows of a pair."""
    r = rng("dense bins")
    weights = r.integers(-128, 128, (5, 2, 5, 3, 2))
    block = Dense(weights=weights, bias=r.integers(-999, 999, 5), shift=[9, 8, 7, 6, 3], lanes=2, width=12, out_width=14)
    x = np.concatenate([uniform(r, 12, 4, 2, 5, 3), uniform(r, 12, 3, 2, 5, 3, scale=0.02)])
    y, over = dense(np.stack([x.real, x.imag], -1), weights, block.bias, block.shift, 14)
    np.testing.assert_array_equal(block.model(x), y)
    Core(block, "dense_bins").play_all(to_beats(x), y, over, interval=block.interval)


def test_refill_during_the_last_round():
    """Frames arrive in pieces: a half is read while the other fills, and neither overtakes."""
    r = rng("dense gaps")
    weights = r.integers(-128, 128, (5, 1, 4, 4))
    block = Dense(weights=weights, bias=[0] * 5, shift=[6] * 5, lanes=2, width=12)
    core = Core(block, "dense_gaps")
    maps = r.integers(-2048, 2048, (6, 1, 4, 4))
    y = block.model(maps)
    x = pack_rows(maps).reshape(6, -1)
    for gap in (0, 38, 40, 41):  # around the end of the 48 steps of a frame
        core.play(x, y, stalls=["none"], frame_gap=gap, expected_latency=block.latency + 1, expected_interval=max(48, 8 + gap))
