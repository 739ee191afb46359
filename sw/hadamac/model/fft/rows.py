"""One-dimensional transforms of real signals, of which only the live bins are kept.

Forward: ``X[v] = 2**-S sum m[x] exp(-2 pi j v x/W)`` for ``v <= s``; s is the radius.
Inverse: ``m[x] = 2**-S Re sum X[v] exp(+2 pi j v x/W)`` over the full Hermitian spectrum of which ``X`` holds the live
half.  S is the sum of the schedule.

Signals are maps of one row.  Two channels go through one complex transform, channel 2k in the real part and channel
2k+1 in the imaginary part (:mod:`hadamac.model.fft.pairs`).  The last of an odd number of channels goes alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import timing
from ...arrivals import double_buffer, transfers
from ...checks import integer
from ...shapes import Pair
from .pairs import PairsPlan
from .plan import FftPlan

__all__ = ["RowsPlan", "pack_channels", "unpack_channels"]


def pack_channels(maps: np.ndarray) -> np.ndarray:
    """Return real maps (n, C, 1, W) as channel pairs (n, P, 1, W): channel 2k + j channel 2k+1."""
    if maps.shape[1] % 2:
        maps = np.concatenate([maps, np.zeros_like(maps[:, :1])], axis=1)
    return maps[:, 0::2] + 1j * maps[:, 1::2]


def unpack_channels(pairs: np.ndarray, channels: int) -> np.ndarray:
    """Return channel pairs (n, P, 1, W) as real maps (n, C, 1, W): the inverse of :func:`pack_channels`."""
    return np.stack([np.real(pairs), np.imag(pairs)], 2).reshape(
        len(pairs), 2 * pairs.shape[1], *pairs.shape[2:])[:, :channels]


@dataclass(frozen=True, kw_only=True)
class RowsPlan(PairsPlan):
    """Plan of the transforms of a frame of real signals, and the cost of their circuit.

    Parameters
    ----------
    size, radius : (int, int)
        (1, W) and (0, s): W samples, and bins up to s; W/2 is the whole half-spectrum.
    channels : int
        Signals of a frame.
    width, twiddle_width : int
        Bits of every part, and bits of a twiddle.
    rows : tuple of 0 or 1, optional
        Schedule of the transforms; the default is all ones.
    inverse : bool
    iterative : bool
        Whether the circuit has an iterative transform (:mod:`hadamac.model.fft.folded`).  Words are the same.
    """

    channels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("Rows channels", self.channels, 1, 4096)

    @property
    def title(self) -> str:
        """Name of the transform in messages."""
        return "Rows"

    @property
    def lengths(self) -> Pair:
        """1 and W."""
        return integer("Rows size", self.shape[0], 1, 1), self.row_plan.size

    @property
    def pairs(self) -> int:
        """Complex transforms of a frame."""
        return (self.channels + 1) // 2

    @property
    def passes(self) -> list[tuple[FftPlan, str]]:
        """The transform.  The buffer after a forward one undoes its bit-reversed order."""
        return [(self.row_plan, "natural" if self.inverse else "bit-reversed")]

    @property
    def interval(self) -> int:
        """Cycles a frame: those of the complex transforms, or of the bins if there are more.

        The whole half-spectra of two channels are more than W bins, so that a half of the buffer is slower on the side
        of the bins, and a half for the last of an odd number of channels on the other.  No half is written while it
        is read: then a frame takes the bins of all pairs but the last one, and after them a transform.
        """
        engine, order = self.engines[0]
        one, alone = engine.interval(order), self.channels % 2
        return max(self.pairs * one, self.channels * self.live, alone * (one + (self.pairs - 1) * 2 * self.live))

    def _bins(self) -> list[int]:
        """Return the bins of each pair of channels."""
        return [2 * self.live] * (self.channels // 2) + [self.live] * (self.channels % 2)

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave the circuit, from those in which they enter it, of a whole frame."""
        engine, order = self.engines[0]
        samples, wait = [self.shape[1]] * self.pairs, self.transpose_pipeline + timing.FIFO
        if self.inverse:
            return engine.arrivals(transfers(double_buffer(times, self._bins(), samples) + wait), order)
        return transfers(double_buffer(engine.arrivals(times, order), samples, self._bins()) + wait)

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out of frames without gaps."""
        beats = self.channels * self.live if self.inverse else self.pairs * self.shape[1]
        return int(self.arrivals(np.arange(beats))[0])

    def _forward(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z, first, _ = self.row_plan.apply(pack_channels(maps))
        columns, halved = self.separate_rows(z)  # (n, P, s + 1, 2)
        bins = np.swapaxes(columns, -1, -2).reshape(len(maps), 2 * self.pairs, 1, self.live)[:, : self.channels]
        return np.ascontiguousarray(bins), np.any(first, axis=(1, 2)) | halved

    def _backward(self, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if live.shape[1] % 2:
            live = np.concatenate([live, np.zeros_like(live[:, :1])], axis=1)
        columns = np.swapaxes(live.reshape(len(live), self.pairs, 2, self.live), -1, -2)
        pairs, over, _ = self.row_plan.apply(self.join_rows(columns), inverse=True)
        return unpack_channels(pairs, self.channels), np.any(over, axis=(1, 2))
