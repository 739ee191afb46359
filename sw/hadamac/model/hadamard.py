"""Hadamard product with accumulation over input channels.

``Y[o,b] = saturate(round_half_even((sum_c W[o,c,b] X[c,b] + bias[o] [b = DC]) / 2**shift[o]))``; products and sums are
exact, and the bias is in units of the accumulator.

The circuit buffers a frame in two halves.  For every output channel, bin and fold one step then takes ``lanes`` input
channels at once; there are ``inputs / lanes`` folds.
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
    x: np.ndarray, weights: np.ndarray, bias: np.ndarray, shift: np.ndarray, width: int, everywhere: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the product of bins (n, C_in, U, V) with weights as ``(y, overflow)``: (n, C_out, U, V) and bool (n,).

    Parameters
    ----------
    x : complex128 (n, C_in, U, V), integral
    weights : complex128 (C_out, C_in, U, V), integral
        With one bin, all bins share its weights.
    bias, shift : (C_out,)
    width : int
        Bits of each output part.
    everywhere : bool
        Whether the bias is added to both parts of every bin, and not only to the real part of the first one.
    """
    n, inputs, *bins = x.shape
    by_bin = x.reshape(n, inputs, prod(bins)).transpose(2, 0, 1)
    w = weights.reshape(len(weights), inputs, -1).transpose(2, 1, 0)
    total = np.matmul(by_bin, w)  # (bins, n, C_out); every partial sum is below 2**53, hence exact
    if everywhere:
        total += np.asarray(bias) * (1 + 1j)
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
    bias : (outputs,), integral
        In units of the accumulator; it is added to the DC bin, the first one.
    shift : int (outputs,)
        From -8 to 31.
    width, weight_width : int
        Bits of a part of a word, in and out, and of a weight.
    real : bool
        The weights have no imaginary part: half the multipliers and weight memory.
    shared : int
        Number of bins that share the weights of one, which are all bins; 1 if each bin has weights of its own.
    everywhere : bool
        The bias is added to both parts of every bin.
    """

    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    width: int
    weight_width: int = 8
    real: bool = False
    shared: int = 1
    everywhere: bool = False

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of bins (n, inputs, ...); raise DataError for words beyond ``width`` bits."""
        return self.apply(check_words("Hadamard", x, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run` with words that are known to fit."""
        return hadamard(x, self.weights, self.bias, self.shift, self.width, self.everywhere)

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
        return self.weights[0, 0].size * self.shared

    @cached_property
    def streamed(self) -> np.ndarray:
        """The weights (outputs, inputs, bins) in the order of a stream."""
        if self.weights.ndim == 3:
            return self.weights
        return to_beats(self.weights).reshape(self.outputs, self.inputs, -1)

    @property
    def drop(self) -> int:
        """Bits that every output channel drops; a channel with a smaller shift is first moved up."""
        return max(int(np.max(self.shift)), 0)

    @property
    def bias_width(self) -> int:
        """Bits of a bias: those of the sum of products, or more if one of those built in has more."""
        built_in = int(np.abs(self.bias).max(initial=0)).bit_length() + 1
        return max(self.width + self.weight_width + 1 + timing.tree(self.inputs), built_in)

    @property
    def left_width(self) -> int:
        """Bits of how far an accumulator moves up before the common drop; two or more, for weights loaded later."""
        return max(2, int(self.drop - np.min(self.shift)).bit_length())

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
        """Return the cycles to read, multiply, join, add in a tree, accumulate, align and requantise."""
        rule = Requantise(self.drop, 1, True)
        return timing.RAM + timing.MULTIPLIER + 1 + timing.tree(lanes) + 2 + timing.requantise(rule)

    def latency(self, lanes: int) -> int:
        """Return the cycles from the first beat in to the first beat out of a frame without gaps."""
        pipeline = self.pipeline(lanes)
        return self.inputs * self.bins + self.folds(lanes) - 1 + pipeline + timing.fifo(pipeline)

    def weight_words(self, lanes: int) -> int:
        """Return the words of a lane's weight memory: one for each output, bin and fold, or only output and fold."""
        words = self.interval(lanes) if self.shared == 1 else self.outputs * power(self.folds(lanes))
        return max(power(words), 2)

    def memory_bits(self, lanes: int) -> int:
        """Return the bits of the buffers, the weights, the table of outputs and the output FIFO."""
        rows = 1 << max(1, (self.outputs - 1).bit_length())
        table = rows * (self.bias_width + self.left_width)
        buffers = lanes * 2 * power(self.bins) * power(self.folds(lanes)) * 2 * self.width
        weights = lanes * self.weight_words(lanes) * (1 if self.real else 2) * self.weight_width
        return buffers + weights + table + timing.fifo_bits(2 * self.width + 1, self.pipeline(lanes))

    def arrivals(self, times: np.ndarray, lanes: int) -> np.ndarray:
        """Return the cycles in which beats leave, from those in which the beats of a first frame come in."""
        folds, pipeline = self.folds(lanes), self.pipeline(lanes)
        steps = double_buffer(times, self.inputs * self.bins, self.interval(lanes))
        return transfers(steps[folds - 1 :: folds] + pipeline + timing.fifo(pipeline))
