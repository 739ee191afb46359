"""The dense layer's matrix-vector product, and the index of the largest logit.

``logits[k] = saturate(round_half_even((sum_n W[k,n] x[n] + bias[k]) / 2**shift[k]))`` over the reals x of a frame of
maps, or over both parts of its bins.  Products and sums are exact; the bias is in units of the accumulator.

The circuit buffers a frame in two halves.  For every group of ``lanes`` outputs the frame's reals pass by one a cycle,
and each lane accumulates its own sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import timing
from ..arrivals import double_buffer, power, transfers
from ..numeric import Requantise, clip_frames
from ..shapes import pair_beats
from .words import check_words

__all__ = ["DensePlan", "argmax", "dense"]


def dense(
    x: np.ndarray, weights: np.ndarray, bias: np.ndarray, shift: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (n, K) of reals (n, ...) with weights (K, ...), and overflow flags (n,)."""
    total = x.reshape(len(x), weights[0].size) @ weights.reshape(len(weights), -1).T + bias
    return clip_frames(np.rint(total * 2.0 ** -np.asarray(shift)), width)


def argmax(logits: np.ndarray) -> np.ndarray:
    """Return the index of the largest logit, the lowest one of equals."""
    return np.argmax(logits, axis=-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class DensePlan:
    """A dense layer in words, and what its circuit costs for a number of lanes.

    Parameters
    ----------
    weights : float64 (K, C, rows, columns) of maps or (K, C, rows, columns, 2) of bins, integral
        Parts of ``weight_width`` bits.
    bias : (K,), integral
        In units of the accumulator.
    shift : int (K,)
        From -8 to 31.
    width, weight_width, out_width : int
        Bits of a real that comes in, of a weight and of a result.
    paired : bool
        Whether a beat that leaves holds two results, as a hidden layer's must, or one.
    """

    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    width: int = 17
    weight_width: int = 8
    out_width: int = 24
    paired: bool = False

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(logits, overflow)``; raise DataError for words that ``width`` bits cannot hold."""
        return self.apply(check_words("Dense", x, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run` with words that are known to fit."""
        if np.iscomplexobj(x):
            x = np.stack([np.real(x), np.imag(x)], -1)
        return dense(x, self.weights, self.bias, self.shift, self.out_width)

    @property
    def outputs(self) -> int:
        """Number of logits."""
        return len(self.weights)

    @property
    def reals(self) -> int:
        """Number of reals of the beats of a frame, two a beat; one is unused if an odd number of maps has one row."""
        return 2 * self.beats

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        channels, rows, columns = self.weights.shape[1:4]
        return channels * rows * columns if self.weights.ndim == 5 else pair_beats(channels, (rows, columns))

    @cached_property
    def streamed(self) -> np.ndarray:
        """The weights (K, beats, 2) in the order of a stream, both reals of a beat together."""
        if self.weights.ndim == 5:
            by_beat = self.weights.swapaxes(2, 3)
        else:
            outputs, channels, rows, columns = self.weights.shape
            words = self.weights
            if rows == 1:  # two channels share a beat
                words = np.pad(words, ((0, 0), (0, channels % 2), (0, 0), (0, 0))).swapaxes(1, 2)
            by_beat = words.reshape(outputs, -1, 2, columns).swapaxes(2, 3)
        return by_beat.reshape(self.outputs, -1, 2)

    @property
    def drop(self) -> int:
        """Bits that every output drops; one with a smaller shift is first moved up."""
        return max(int(np.max(self.shift)), 0)

    @property
    def most_lanes(self) -> int:
        """Most lanes: the results of a round leave one a cycle while the next round is summed."""
        return min(self.outputs, self.reals)

    def rounds(self, lanes: int) -> int:
        """Return the number of groups of outputs."""
        return -(-self.outputs // lanes)

    def interval(self, lanes: int) -> int:
        """Return the cycles a frame."""
        return self.rounds(lanes) * self.reals

    def multipliers(self, lanes: int) -> int:
        """Return the number of real multipliers."""
        return lanes

    def pipeline(self, lanes: int) -> int:
        """Return the cycles to read, select, multiply, accumulate, capture, align and requantise one result."""
        return timing.FAR + 1 + timing.MULTIPLIER + 3 + timing.requantise(Requantise(self.drop, 1, True))

    def latency(self, lanes: int) -> int:
        """Return the cycles from the first beat in to the first beat out of a frame without gaps."""
        return int(self.arrivals(np.arange(self.beats), lanes)[0])

    def memory_bits(self, lanes: int) -> int:
        """Return the bits of the buffer, the weights and the output FIFO."""
        buffer = 2 * power(self.beats) * 2 * self.width
        weights = lanes * self.interval(lanes) * self.weight_width
        return buffer + weights + timing.fifo_bits((1 + self.paired) * self.out_width + 1, self.pipeline(lanes) + lanes)

    def arrivals(self, times: np.ndarray, lanes: int) -> np.ndarray:
        """Return the cycles in which results leave, or pairs of them, from those of a first frame's beats.

        The results of a round follow each other, one in each cycle.
        """
        pipeline = self.pipeline(lanes)
        steps = double_buffer(times, self.beats, self.interval(lanes))
        last = steps.reshape(self.rounds(lanes), -1)[:, -1] + pipeline + timing.fifo(pipeline + lanes)
        k = np.arange(self.outputs)
        if self.paired:  # a beat leaves with its second result
            k = np.minimum(k[::2] + 1, self.outputs - 1)
        return transfers(last[k // lanes] + k % lanes)
