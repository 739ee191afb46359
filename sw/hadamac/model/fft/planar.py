"""Two-dimensional transforms of real maps, of which only the live bins are kept.

Forward: ``X[u,v] = 2**-S sum m[y,x] exp(-2 pi j (u y/H + v x/W))`` for ``|u| <= r, v <= s``; (r, s) is the radius.
Inverse: ``m[y,x] = 2**-S Re sum X[u,v] exp(+2 pi j (u y/H + v x/W))`` over the full Hermitian spectrum of which ``X``
holds the live half.  S is the sum of both schedules.

Real maps go through complex row transforms in pairs of rows (:mod:`hadamac.model.fft.pairs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ... import timing
from ...arrivals import double_buffer, transfers
from ...shapes import Pair
from ..crop import crop, expand, live_rows
from .pairs import PairsPlan, pack_rows, unpack_rows
from .plan import FftPlan

__all__ = ["Fft2dPlan"]


@dataclass(frozen=True, kw_only=True)
class Fft2dPlan(PairsPlan):
    """Two one-dimensional plans, the live bins between them, and the cost of their circuit.

    Parameters
    ----------
    size, radius : int or (int, int)
        Rows H and columns W of the maps, and the radius (r, s) of the bins; (H/2, W/2) is the whole half-spectrum.  An
        integer n stands for (n, n).
    width, twiddle_width : int
        Bits of every part, and bits of a twiddle.
    rows, columns : tuple of 0 or 1, optional
        Schedules of the row and column transforms; the default is all ones.
    inverse : bool
    iterative : bool
        Whether the circuit has iterative transforms (:mod:`hadamac.model.fft.folded`).  Words are the same.
    """

    columns: tuple[int, ...] | None = None

    @cached_property
    def column_plan(self) -> FftPlan:
        """Plan of the column transforms."""
        return FftPlan(size=self.shape[0], width=self.width, twiddle_width=self.twiddle_width, schedule=self.columns)

    @property
    def lengths(self) -> Pair:
        """H and W."""
        columns, rows = self.row_plan.size, self.column_plan.size
        return rows, columns

    @property
    def passes(self) -> list[tuple[FftPlan, str]]:
        """The two one-dimensional plans in the order in which a map goes through them.

        The first gives its bins in bit-reversed order, which the transpose buffer undoes, the second in natural order.
        """
        first, second = (self.column_plan, self.row_plan) if self.inverse else (self.row_plan, self.column_plan)
        return [(first, "bit-reversed"), (second, "natural")]

    @property
    def beats(self) -> Pair:
        """Beats that enter and leave the transpose buffer for a map: row pairs of W samples, live columns of H."""
        rows, columns = self.shape
        pairs, live = rows // 2 * columns, self.live * rows
        return (live, pairs) if self.inverse else (pairs, live)

    @property
    def interval(self) -> int:
        """Cycles a map, those of the slower of the two one-dimensional transforms."""
        (first, order), (second, natural) = self.engines
        frames = [beats // plan.size for beats, (plan, _) in zip(self.beats, self.passes)]
        return max(frames[0] * first.interval(order), frames[1] * second.interval(natural))

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave the circuit, from those in which they enter it, of whole maps."""
        rows = self.shape[0]
        live_u = np.isin(np.arange(rows), live_rows(rows, self.radii[0]))
        (first, order), (second, natural) = self.engines
        if self.inverse:  # a sample of a dead row, which is zero, enters in the cycle after the sample before it
            available = np.zeros((len(times) // live_u.sum(), rows), dtype=np.int64)
            available[:, live_u] = times.reshape(len(available), -1)
            times = transfers(available.reshape(-1))
        spectra = first.arrivals(times, order)
        reads = double_buffer(spectra, *self.beats)
        out = second.arrivals(transfers(reads + self.transpose_pipeline + timing.FIFO), natural)
        return out if self.inverse else out.reshape(-1, rows)[:, live_u].reshape(-1)

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out of maps without gaps.

        These are the latencies of both one-dimensional transforms, the beats of a map between them, which are written
        into the transpose buffer before the first is read, and the cycles of the buffer's pipeline and FIFO.
        """
        (first, order), (second, natural) = self.engines
        if self.iterative:
            return int(self.arrivals(np.arange(self.beats_in))[0])
        buffer = self.beats[0] + self.transpose_pipeline + timing.fifo(self.transpose_pipeline)
        return first.latency(order) + buffer + second.latency(natural)

    @property
    def beats_in(self) -> int:
        """Beats of a map that enter: row pairs, or live bins."""
        rows, columns = self.shape
        return self.live * min(2 * self.radii[0] + 1, rows) if self.inverse else rows // 2 * columns

    def _forward(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z, first, _ = self.row_plan.apply(pack_rows(maps))
        columns, halved = self.separate_rows(z)
        y, second, _ = self.column_plan.apply(columns)
        overflow = np.any(first, axis=(1, 2)) | halved | np.any(second, axis=(1, 2))
        return crop(np.swapaxes(y, -1, -2), self.radii), overflow

    def _backward(self, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.ascontiguousarray(np.swapaxes(expand(live, self.shape[0]), -1, -2))
        g, first, _ = self.column_plan.apply(columns, inverse=True)
        pairs, second, _ = self.row_plan.apply(self.join_rows(g), inverse=True)
        return unpack_rows(pairs), np.any(first, axis=(1, 2)) | np.any(second, axis=(1, 2))
