"""Real rows through complex transforms, two at once: the part that transforms of one and two dimensions share.

With ``Z = FFT(a + j b)`` of two real rows, ``a[v] = (Z[v] + conj Z[-v]) / 2`` and ``b[v] = (Z[v] - conj Z[-v]) / 2j``,
rounded half to even.  On the way back ``Z[v] = A[v] + j B[v]`` and ``Z[-v] = conj A[v] + j conj B[v]``.  At v = 0 (and
W/2) the rows' spectra are real, so whatever rounding left in their imaginary parts is dropped there.

The two rows are rows 2k and 2k+1 of a map, or, where maps have one row, channels 2k and 2k+1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ... import timing
from ...arrivals import power
from ...checks import integer
from ...errors import DescriptionError
from ...numeric import Requantise, clip_frames, round_half_even
from ...shapes import Pair, as_pair
from ..words import check_words
from . import cycles
from .folded import FoldedPlan
from .plan import FftPlan
from .real import separate

__all__ = ["PairsPlan", "pack_rows", "unpack_rows"]


def pack_rows(maps: np.ndarray) -> np.ndarray:
    """Return real maps (..., H, W) as row pairs (..., H/2, W): row 2k + j row 2k+1."""
    return maps[..., 0::2, :] + 1j * maps[..., 1::2, :]


def unpack_rows(pairs: np.ndarray) -> np.ndarray:
    """Return row pairs (..., H/2, W) as real maps (..., H, W): the inverse of :func:`pack_rows`."""
    out = np.empty((*pairs.shape[:-2], 2 * pairs.shape[-2], pairs.shape[-1]))
    out[..., 0::2, :], out[..., 1::2, :] = np.real(pairs), np.imag(pairs)
    return out


@dataclass(frozen=True, kw_only=True)
class PairsPlan(ABC):
    """Base of the plans of real transforms; the parameters are those of `Fft2dPlan` and `RowsPlan`."""

    size: int | Pair
    radius: int | Pair
    width: int
    twiddle_width: int = 16
    rows: tuple[int, ...] | None = None
    inverse: bool = False
    iterative: bool = False

    def __post_init__(self) -> None:
        for name in ("size", "radius"):
            value = getattr(self, name)
            if isinstance(value, (tuple, list)) and len(value) != 2:
                raise DescriptionError(f"{self.title} {name} must be an integer or a pair of them, not {value!r}")
            object.__setattr__(self, name, tuple(value) if isinstance(value, (tuple, list)) else (value, value))
        # The plans of one-dimensional transforms refuse parameters that they cannot have.
        for radius, n in zip(self.radii, self.lengths):
            integer(f"{self.title} radius", radius, 0, n // 2)

    @property
    def title(self) -> str:
        """Name of the transform in messages."""
        return "Fft2d"

    @property
    @abstractmethod
    def lengths(self) -> Pair:
        """H and W, after the plans of the transforms along both axes have been checked."""

    @property
    @abstractmethod
    def passes(self) -> list[tuple[FftPlan, str]]:
        """The one-dimensional transforms and the orders of their bins, as a map goes through them."""

    @property
    def shape(self) -> Pair:
        """H and W."""
        return as_pair(self.size)

    @property
    def radii(self) -> Pair:
        """Radius (r, s) of the bins."""
        return as_pair(self.radius)

    @property
    def live(self) -> int:
        """Columns of live bins, s + 1."""
        return self.radii[1] + 1

    @cached_property
    def row_plan(self) -> FftPlan:
        """Plan of the row transforms; of an inverse, a pair's spectrum is the sum of two and one bit wider."""
        return FftPlan(size=self.shape[1], width=self.width + self.inverse, out_width=self.width,
                       twiddle_width=self.twiddle_width, schedule=self.rows)

    @property
    def engines(self) -> list[tuple[FftPlan | FoldedPlan, str]]:
        """The circuits of `passes`, streaming or iterative, and the orders of their bins."""
        return [(FoldedPlan(plan) if self.iterative else plan, order) for plan, order in self.passes]

    @property
    def scale(self) -> int:
        """S, the sum of the schedules."""
        return sum(plan.scale for plan, _ in self.passes)

    @property
    def halving(self) -> Requantise:
        """Rule that separates two rows; it saturates in one case only, (high - low) / 2, which is rounded up."""
        return Requantise(1, self.width, True)

    @property
    def multipliers(self) -> int:
        """Real multipliers of the one-dimensional transforms."""
        return sum(engine.multipliers for engine, _ in self.engines)

    @property
    def transpose_pipeline(self) -> int:
        """Cycles from a read of the transpose buffer to the push into its FIFO."""
        return cycles.TRANSPOSE_INVERSE if self.inverse else cycles.TRANSPOSE_FORWARD

    @property
    def buffered_pairs(self) -> int:
        """Row pairs in a half of the transpose buffer."""
        return max(self.shape[0] // 2, 1)

    @property
    def memory_bits(self) -> int:
        """Bits of memory: the one-dimensional transforms, and the transpose buffer with its FIFO."""
        banks = 2 * 2 * self.buffered_pairs * power(self.live) * 2 * self.width
        fifo = timing.fifo_bits(2 * (self.width + self.inverse) + 1, self.transpose_pipeline)
        return sum(engine.memory_bits(order) for engine, order in self.engines) + banks + fifo

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of maps or bins ``x``, with overflow bool (n,).

        Forward: from maps (n, C, H, W) to live bins (n, C, rows, s + 1); inverse: the other way round.  DataError for
        words that ``width`` bits cannot hold.
        """
        return self.apply(check_words(self.title, x, self.width, real=not self.inverse))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Transform maps or bins as :meth:`run` does, but without a check of their words, which another block made."""
        return self._backward(x) if self.inverse else self._forward(x)

    @abstractmethod
    def _forward(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the live bins of maps, and overflow flags."""

    @abstractmethod
    def _backward(self, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the maps of live bins, and overflow flags."""

    def separate_rows(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(columns, overflow)`` of the row spectra (n, C, P, W) of pairs: live columns (n, C, s + 1, 2 P)."""
        live = self.live
        rows = np.empty((*z.shape[:-2], 2 * z.shape[-2], live), dtype=np.complex128)
        rows[..., 0::2, :], rows[..., 1::2, :] = separate(z[..., :live], z[..., -np.arange(live)])
        rows, overflow = clip_frames(round_half_even(rows, self.halving.drop), self.width)
        return np.ascontiguousarray(np.swapaxes(rows, -1, -2)), overflow

    def join_rows(self, columns: np.ndarray) -> np.ndarray:
        """Return the row spectra (n, C, P, W) of pairs from the rows' spectra in columns (n, C, s + 1, 2 P)."""
        live, size = self.live, self.shape[1]
        g = np.swapaxes(columns, -1, -2)
        g0, g1 = g[..., 0::2, :], g[..., 1::2, :]
        z = np.zeros((*g0.shape[:-1], size), dtype=np.complex128)
        z[..., :live] = g0 + 1j * g1
        z[..., -np.arange(1, live)] = (np.conj(g0) + 1j * np.conj(g1))[..., 1:]
        for v in {0, live - 1} if 2 * (live - 1) == size else {0}:
            z[..., v] = np.real(g0[..., v]) + 1j * np.real(g1[..., v])
        return z
