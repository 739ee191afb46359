"""Hadamard product with accumulation over input channels.

``Y[o,b] = saturate(round_half_even((sum_c W[o,c,b] X[c,b] + bias[o] [b = DC]) / 2**shift[o]))``; products and sums are
exact, and the bias is in units of the accumulator.

The circuit buffers a frame in two halves.  For every output channel, bin and fold one step then takes ``lanes`` input
channels at once; there are ``inputs / lanes`` folds.

Bins may share weights: those outside the modes of a Fourier layer, or all pixels of a pointwise convolution.  The
weights are then stored once, and each bin looks up which of them it takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from .. import timing
from ..arrivals import double_buffer, power, transfers
from ..numeric import Requantise, clip_frames
from .crop import to_beats
from .words import check_words

__all__ = ["BIAS", "SHIFTS", "HadamardPlan", "hadamard"]

BIAS = 48
"""Most bits of a bias: with it every sum stays below 2**53, where the models are exact."""
SHIFTS = (-8, 31)
"""Least and greatest shift of an accumulator down to the output."""


def hadamard(
    x: np.ndarray, weights: np.ndarray, bias: np.ndarray, shift: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the product of bins (n, C_in, U, V) with weights as ``(y, overflow)``: (n, C_out, U, V) and bool (n,).

    Parameters
    ----------
    x : complex128 (n, C_in, U, V), integral
    weights : complex128 (C_out, C_in, U, V), integral
        With one bin, all bins share its weights.
    bias : (C_out,), or complex (C_out, 1) or (C_out, U * V)
        With one axis it is added to the first bin, with two to every bin.
    shift : (C_out,)
    width : int
        Bits of each output part.
    """
    n, inputs, *bins = x.shape
    by_bin = x.reshape(n, inputs, prod(bins)).transpose(2, 0, 1)
    w = weights.reshape(len(weights), inputs, -1).transpose(2, 1, 0)
    total = np.matmul(by_bin, w)  # (bins, n, C_out); every partial sum is below 2**53, hence exact
    if np.ndim(bias) == 2:
        total += np.asarray(bias).T[:, None]
    else:
        total[0] += bias
    y = np.ascontiguousarray(np.rint(total * 2.0 ** -np.asarray(shift)).transpose(1, 2, 0))
    return clip_frames(y.reshape(n, len(weights), *bins), width)


@dataclass(frozen=True, kw_only=True, eq=False)
class HadamardPlan:
    """A Hadamard product in words, and what its circuit costs for a number of lanes.

    Parameters
    ----------
    weights : complex128 (outputs, inputs, rows, columns), integral
        Parts of ``weight_width`` bits; with three axes, (outputs, inputs, bins), bins stand in the order of a stream.
        With one bin, all bins share its weights.
    bias : (outputs,), integral
        In units of the accumulator; it is added to the DC bin, the first one.
    shift : int (outputs,)
        From -8 to 31.
    width, weight_width : int
        Bits of a part of a word, in and out, and of a weight.
    real : bool
        The weights have no imaginary part: half the multipliers and weight memory.
    index : int array (bins,) or None
        Number of the stored weights that each bin takes, in the order of a stream; bins with one number have the same
        weights.  None if each bin has its own.
    everywhere : bool
        The bias is added to both parts of every bin.
    ramps : int array (outputs, 2) or None
        For pixels of a map, with ``everywhere``: what the bias grows by from row to row and from column to column.  The
        parts of bin (k, x) are the pixels of rows 2k and 2k + 1 in column x.
    columns : int
        Columns of that map.
    """

    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    width: int
    weight_width: int = 8
    real: bool = False
    index: np.ndarray | None = None
    everywhere: bool = False
    ramps: np.ndarray | None = None
    columns: int = 1

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of bins (n, inputs, ...); raise DataError for words beyond ``width`` bits."""
        return self.apply(check_words("Hadamard", x, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run` with words that are known to fit."""
        return hadamard(x, self.weights, self.biases if self.everywhere else self.bias, self.shift, self.width)

    @property
    def outputs(self) -> int:
        """Output channels."""
        return self.weights.shape[0]

    @property
    def inputs(self) -> int:
        """Input channels."""
        return self.weights.shape[1]

    @property
    def bins(self) -> int:
        """Bins of a channel."""
        return self.weights[0, 0].size if self.index is None else len(self.index)

    @cached_property
    def biases(self) -> np.ndarray:
        """Complex biases of bins, where the bias is everywhere: (outputs, 1), or (outputs, bins) with ramps."""
        flat = np.asarray(self.bias, dtype=float)[:, None] * (1 + 1j)
        if self.ramps is None:
            return flat
        k, x = np.divmod(np.arange(self.bins), self.columns)
        down, along = np.asarray(self.ramps, dtype=float).T[:, :, None]
        return flat + down * (2 * k) * (1 + 1j) + down * 1j + along * x * (1 + 1j)

    @cached_property
    def stored(self) -> np.ndarray:
        """The weights (outputs, inputs, sets) that the circuit stores, in the order of a stream or of the index."""
        streamed = self.weights
        if streamed.ndim == 4:
            streamed = to_beats(streamed).reshape(self.outputs, self.inputs, -1)
        if self.index is None or streamed.shape[-1] == 1:
            return streamed
        return streamed[..., np.unique(self.index, return_index=True)[1]]

    @property
    def sets(self) -> int:
        """Number of weights that an input and output channel have; with an index, fewer than bins."""
        return self.bins if self.index is None else int(self.index.max()) + 1

    @property
    def lookup(self) -> int:
        """Cycles in which a bin looks up the number of its weights; 0 if there is nothing to look up."""
        return timing.RAM if self.index is not None and self.sets > 1 else 0

    @property
    def drop(self) -> int:
        """Bits that every output channel drops; a channel with a smaller shift is first moved up."""
        return max(int(np.max(self.shift)), 0)

    @property
    def bias_width(self) -> int:
        """Bits of a bias: those of the sum of products, or more if one of those built in has more."""
        most = np.stack([np.real(self.biases), np.imag(self.biases)]) if self.everywhere else self.bias
        built_in = int(np.abs(most).max(initial=0)).bit_length() + 1
        return max(self.width + self.weight_width + 1 + timing.tree(self.inputs), built_in)

    @property
    def left_width(self) -> int:
        """Bits of how far an accumulator moves up before the common drop; two or more, for weights loaded later."""
        return max(2, int(self.drop - np.min(self.shift)).bit_length())

    @property
    def row_width(self) -> int:
        """Bits of a row of the table of outputs: bias and left, or with ramps two biases, two steps and left."""
        return self.bias_width * (1 if self.ramps is None else 4) + self.left_width

    def folds(self, lanes: int) -> int:
        """Return the number of folds."""
        return self.inputs // lanes

    def interval(self, lanes: int) -> int:
        """Return the cycles a frame."""
        return self.outputs * self.bins * self.folds(lanes)

    def multipliers(self, lanes: int) -> int:
        """Return the number of real multipliers."""
        return (2 if self.real else 4) * lanes

    def pipeline(self, lanes: int) -> int:
        """Return the cycles to look up, read, multiply, join, add in a tree, accumulate, align and requantise."""
        rule = Requantise(self.drop, 1, True)
        before = self.lookup + timing.FAR + timing.MULTIPLIER + 1 + timing.tree(lanes)
        return before + 2 + timing.requantise(rule)

    def latency(self, lanes: int) -> int:
        """Return the cycles from the first beat in to the first beat out of a frame without gaps."""
        pipeline = self.pipeline(lanes)
        return self.inputs * self.bins + self.folds(lanes) - 1 + pipeline + timing.fifo(pipeline)

    def weight_words(self, lanes: int) -> int:
        """Return the words of a lane's weight memory: one for each output, set of weights and fold.

        With an index, sets and folds have bits of their own in the address.
        """
        words = self.interval(lanes)
        if self.index is not None:
            words = self.outputs * power(self.sets) * power(self.folds(lanes))
        return max(power(words), 2)

    def memory_bits(self, lanes: int) -> int:
        """Return the bits of the buffers, the weights, the index, the table of outputs and the output FIFO."""
        rows = 1 << max(1, (self.outputs - 1).bit_length())
        table = rows * self.row_width + (power(self.bins) * (self.sets - 1).bit_length() if self.lookup else 0)
        buffers = lanes * 2 * power(self.bins) * power(self.folds(lanes)) * 2 * self.width
        weights = lanes * self.weight_words(lanes) * (1 if self.real else 2) * self.weight_width
        return buffers + weights + table + timing.fifo_bits(2 * self.width + 1, self.pipeline(lanes))

    def arrivals(self, times: np.ndarray, lanes: int) -> np.ndarray:
        """Return the cycles in which beats leave, from those in which the beats of a first frame come in."""
        folds, pipeline = self.folds(lanes), self.pipeline(lanes)
        steps = double_buffer(times, self.inputs * self.bins, self.interval(lanes))
        return transfers(steps[folds - 1 :: folds] + pipeline + timing.fifo(pipeline))
