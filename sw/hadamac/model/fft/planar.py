"""Two-dimensional transforms of real maps, of which only the live bins are kept.

Forward: ``X[u,v] = 2**-S sum m[y,x] exp(-2 pi j (u y + v x)/N)`` for ``|u|, v <= radius``.
Inverse: ``m[y,x] = 2**-S Re sum X[u,v] exp(+2 pi j (u y + v x)/M)`` over the full Hermitian spectrum of which ``X``
holds the live half.  S is the sum of both schedules.

Real maps go through complex row transforms in pairs, row 2k in the real part and row 2k+1 in the imaginary part: with
``Z = FFT(row0 + j row1)``, ``row0[v] = (Z[v] + conj Z[-v]) / 2`` and ``row1[v] = (Z[v] - conj Z[-v]) / 2j``, rounded
half to even.  On the way back ``Z[v] = G0[v] + j G1[v]`` and ``Z[-v] = conj G0[v] + j conj G1[v]``.  At v = 0 (and N/2)
the rows' spectra are real, so whatever rounding left in their imaginary parts is dropped there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ... import timing
from ...arrivals import double_buffer, power, transfers
from ...checks import integer
from ...numeric import Requantise, clip_frames, round_half_even
from ..crop import crop, expand, live_rows
from ..words import check_words
from . import cycles
from .plan import FftPlan
from .real import separate

__all__ = ["Fft2dPlan", "pack_rows", "unpack_rows"]


def pack_rows(maps: np.ndarray) -> np.ndarray:
    """Return real maps (..., N, N) as row pairs (..., N/2, N): row 2k + j row 2k+1."""
    return maps[..., 0::2, :] + 1j * maps[..., 1::2, :]


def unpack_rows(pairs: np.ndarray) -> np.ndarray:
    """Return row pairs (..., N/2, N) as real maps (..., N, N): the inverse of :func:`pack_rows`."""
    out = np.empty((*pairs.shape[:-2], 2 * pairs.shape[-2], pairs.shape[-1]))
    out[..., 0::2, :], out[..., 1::2, :] = np.real(pairs), np.imag(pairs)
    return out


@dataclass(frozen=True, kw_only=True)
class Fft2dPlan:
    """Two one-dimensional plans, the live bins between them, and the cost of their circuit.

    Parameters
    ----------
    size, radius, width, twiddle_width : int
        N x N maps, bins up to ``radius`` (N/2: the whole half-spectrum), bits of every part, bits of a twiddle.
    rows, columns : tuple of 0 or 1, optional
        Schedules of the row and column transforms; the default is all ones.
    inverse : bool
    """

    size: int
    radius: int
    width: int
    twiddle_width: int = 16
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None
    inverse: bool = False

    def __post_init__(self) -> None:
        # Both plans refuse parameters that they cannot have.
        highest = min(self.row_plan.size, self.column_plan.size) // 2
        integer("Fft2d radius", self.radius, 0, highest)

    @cached_property
    def row_plan(self) -> FftPlan:
        """Plan of the row transforms; of an inverse, a pair's spectrum is the sum of two and one bit wider."""
        return FftPlan(size=self.size, width=self.width + self.inverse, out_width=self.width,
                       twiddle_width=self.twiddle_width, schedule=self.rows)

    @cached_property
    def column_plan(self) -> FftPlan:
        """Plan of the column transforms."""
        return FftPlan(size=self.size, width=self.width, twiddle_width=self.twiddle_width, schedule=self.columns)

    @property
    def scale(self) -> int:
        """S, the sum of both schedules."""
        return self.row_plan.scale + self.column_plan.scale

    @property
    def halving(self) -> Requantise:
        """Rule that separates two rows; it saturates in one case only, (high - low) / 2, which is rounded up."""
        return Requantise(1, self.width, True)

    @property
    def interval(self) -> int:
        """Cycles a map, those of the slower of the two one-dimensional transforms."""
        return max(self.size * self.size // 2, (self.radius + 1) * self.size)

    @property
    def multipliers(self) -> int:
        """Real multipliers of both one-dimensional transforms."""
        return self.row_plan.multipliers + self.column_plan.multipliers

    @property
    def transpose_pipeline(self) -> int:
        """Cycles from a read of the transpose buffer to the push into its FIFO."""
        return cycles.TRANSPOSE_INVERSE if self.inverse else cycles.TRANSPOSE_FORWARD

    @property
    def passes(self) -> tuple[FftPlan, FftPlan]:
        """The two one-dimensional plans in the order in which a map goes through them.

        The first gives its bins in bit-reversed order, which the transpose buffer undoes, the second in natural order.
        """
        return (self.column_plan, self.row_plan) if self.inverse else (self.row_plan, self.column_plan)

    @property
    def memory_bits(self) -> int:
        """Bits of memory: both one-dimensional transforms, and the transpose buffer with its FIFO."""
        first, second = self.passes
        banks = 2 * self.size * power(self.radius + 1) * 2 * self.width
        fifo = timing.fifo_bits(2 * (self.width + self.inverse) + 1, self.transpose_pipeline)
        return first.memory_bits("bit-reversed") + banks + fifo + second.memory_bits("natural")

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave the circuit, from those in which they enter it, of whole maps."""
        size, live = self.size, self.radius + 1
        live_u = np.isin(np.arange(size), live_rows(size, self.radius))
        first, second = self.passes
        if self.inverse:  # a sample of a dead row, which is zero, enters in the cycle after the sample before it
            available = np.zeros((len(times) // live_u.sum(), size), dtype=np.int64)
            available[:, live_u] = times.reshape(len(available), -1)
            times = transfers(available.reshape(-1))
        spectra = first.arrivals(times, "bit-reversed")
        columns, pairs = live * size, size * size // 2
        reads = double_buffer(spectra, *((columns, pairs) if self.inverse else (pairs, columns)))
        out = second.arrivals(transfers(reads + self.transpose_pipeline + timing.FIFO), "natural")
        return out if self.inverse else out.reshape(-1, size)[:, live_u].reshape(-1)

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out of maps without gaps.

        These are the latencies of both one-dimensional transforms, the beats of a map between them, which are written
        into the transpose buffer before the first is read, and the cycles of the buffer's pipeline and FIFO.
        """
        first, second = self.passes
        written = (self.radius + 1) * self.size if self.inverse else self.size * self.size // 2
        buffer = written + self.transpose_pipeline + timing.fifo(self.transpose_pipeline)
        return first.latency("bit-reversed") + buffer + second.latency("natural")

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of maps or bins ``x``, with overflow bool (n,).

        Forward: from maps (n, C, N, N) to live bins (n, C, 2r+1, r+1); inverse: the other way round.  DataError for
        words that ``width`` bits cannot hold.
        """
        return self.apply(check_words("Fft2d", x, self.width, real=not self.inverse))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Transform maps or bins as :meth:`run` does, but without a check of their words, which another block made."""
        return self._backward(x) if self.inverse else self._forward(x)

    def separate_rows(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(columns, overflow)`` of the row spectra (n, C, N/2, N) of pairs: live columns (n, C, radius+1, N).
        """
        r = self.radius
        rows = np.empty((*z.shape[:-2], self.size, r + 1), dtype=np.complex128)
        rows[..., 0::2, :], rows[..., 1::2, :] = separate(z[..., : r + 1], z[..., -np.arange(r + 1)])
        rows, overflow = clip_frames(round_half_even(rows, self.halving.drop), self.width)
        return np.ascontiguousarray(np.swapaxes(rows, -1, -2)), overflow

    def join_rows(self, columns: np.ndarray) -> np.ndarray:
        """Return the row spectra (n, C, N/2, N) of pairs from the rows' spectra in columns (n, C, radius+1, N)."""
        r = self.radius
        g = np.swapaxes(columns, -1, -2)
        g0, g1 = g[..., 0::2, :], g[..., 1::2, :]
        z = np.zeros((*g0.shape[:-1], self.size), dtype=np.complex128)
        z[..., : r + 1] = g0 + 1j * g1
        z[..., -np.arange(1, r + 1)] = (np.conj(g0) + 1j * np.conj(g1))[..., 1:]
        for v in {0, r} if 2 * r == self.size else {0}:
            z[..., v] = np.real(g0[..., v]) + 1j * np.real(g1[..., v])
        return z

    def _forward(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z, first, _ = self.row_plan.apply(pack_rows(maps))
        columns, halved = self.separate_rows(z)
        y, second, _ = self.column_plan.apply(columns)
        overflow = np.any(first, axis=(1, 2)) | halved | np.any(second, axis=(1, 2))
        return crop(np.swapaxes(y, -1, -2), self.radius), overflow

    def _backward(self, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.ascontiguousarray(np.swapaxes(expand(live, self.size), -1, -2))
        g, first, _ = self.column_plan.apply(columns, inverse=True)
        pairs, second, _ = self.row_plan.apply(self.join_rows(g), inverse=True)
        return unpack_rows(pairs), np.any(first, axis=(1, 2)) | np.any(second, axis=(1, 2))
