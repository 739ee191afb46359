"""Two-dimensional transforms of real maps, live bins only.

Forward: ``X[u,v] = 2**-S sum m[y,x] exp(-2 pi j (u y + v x)/N)`` for ``|u|, v <= radius``.
Inverse: ``m[y,x] = 2**-S Re sum X[u,v] exp(+2 pi j (u y + v x)/M)`` over the full Hermitian
spectrum of which ``X`` holds the live half.  S is the sum of both schedules.

Real maps go through complex row transforms in pairs, row 2k in the real part and row 2k+1 in the
imaginary part: with ``Z = FFT(row0 + j row1)``, ``row0[v] = (Z[v] + conj Z[-v]) / 2`` and
``row1[v] = (Z[v] - conj Z[-v]) / 2j``, rounded half to even.  On the way back
``Z[v] = G0[v] + j G1[v]`` and ``Z[-v] = conj G0[v] + j conj G1[v]``; at v = 0 (and N/2) the rows' spectra
are real, so that what rounding left in their imaginary parts is dropped there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import DescriptionError
from ...numeric import Requantise, clip_frames, round_half_even
from ..crop import crop, expand
from ..words import check_words
from .plan import FftPlan
from .real import separate

__all__ = ["Fft2dPlan", "pack_rows", "unpack_rows"]


def pack_rows(maps: np.ndarray) -> np.ndarray:
    """Real maps (..., N, N) to row pairs (..., N/2, N): row 2k + j row 2k+1."""
    return maps[..., 0::2, :] + 1j * maps[..., 1::2, :]


def unpack_rows(pairs: np.ndarray) -> np.ndarray:
    """Inverse of :func:`pack_rows`."""
    out = np.empty((*pairs.shape[:-2], 2 * pairs.shape[-2], pairs.shape[-1]))
    out[..., 0::2, :], out[..., 1::2, :] = pairs.real, pairs.imag
    return out


@dataclass(frozen=True, kw_only=True)
class Fft2dPlan:
    """Two one-dimensional plans and what is live between them.

    Parameters
    ----------
    size, radius, width, twiddle_width : int
        N x N maps, bins up to ``radius`` (N/2: the whole half-spectrum), bits of every part, bits of a twiddle.
    rows, columns : tuple of 0 or 1, optional
        Schedules of the row and column transforms; all ones unless told.
    inverse : bool
    """

    size: int
    radius: int
    width: int
    twiddle_width: int = 16
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None
    inverse: bool = False

    def __post_init__(self):
        # Both plans refuse what they cannot do.
        highest = min(self.row_plan.size, self.column_plan.size) // 2
        if isinstance(self.radius, bool) or not isinstance(self.radius, int) or not 0 <= self.radius <= highest:
            raise DescriptionError(f"Fft2d radius must be an integer from 0 to {highest}, not {self.radius!r}")

    @cached_property
    def row_plan(self) -> FftPlan:
        """Inverse: the pair's spectrum is the sum of two, one bit wider."""
        return FftPlan(size=self.size, width=self.width + self.inverse, out_width=self.width,
                       twiddle_width=self.twiddle_width, schedule=self.rows)

    @cached_property
    def column_plan(self) -> FftPlan:
        return FftPlan(size=self.size, width=self.width, twiddle_width=self.twiddle_width, schedule=self.columns)

    @property
    def scale(self) -> int:
        """S: sum of both schedules."""
        return self.row_plan.scale + self.column_plan.scale

    @property
    def halving(self) -> Requantise:
        """Separating two rows: the only case that saturates is (high - low) / 2, rounded up."""
        return Requantise(1, self.width, True)

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward: maps (n, C, N, N) to live bins (n, C, 2r+1, r+1); inverse: back.

        Returns ``(y, overflow)``, overflow bool (n,).  DataError for words that ``width`` bits cannot hold.
        """
        return self.apply(check_words("Fft2d", x, self.width, real=not self.inverse))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        return self._backward(x) if self.inverse else self._forward(x)

    def _forward(self, maps):
        r = self.radius
        z, over, _ = self.row_plan.apply(pack_rows(maps))
        overflow = over.any((1, 2))
        rows = np.empty((*maps.shape[:-1], r + 1), dtype=np.complex128)
        rows[..., 0::2, :], rows[..., 1::2, :] = separate(z[..., : r + 1], z[..., -np.arange(r + 1)])
        rows = round_half_even(rows, self.halving.drop)
        rows, over = clip_frames(rows, self.width)
        overflow |= over
        y, over, _ = self.column_plan.apply(np.ascontiguousarray(np.swapaxes(rows, -1, -2)))
        return crop(np.swapaxes(y, -1, -2), r), overflow | over.any((1, 2))

    def _backward(self, live):
        r = self.radius
        columns = np.ascontiguousarray(np.swapaxes(expand(live, self.size), -1, -2))
        g, over, _ = self.column_plan.apply(columns, inverse=True)
        overflow = over.any((1, 2))
        g = np.swapaxes(g, -1, -2)
        g0, g1 = g[..., 0::2, :], g[..., 1::2, :]
        z = np.zeros((*g0.shape[:-1], self.size), dtype=np.complex128)
        z[..., : r + 1] = g0 + 1j * g1
        z[..., -np.arange(1, r + 1)] = (np.conj(g0) + 1j * np.conj(g1))[..., 1:]
        for v in {0, r} if 2 * r == self.size else {0}:
            z[..., v] = g0[..., v].real + 1j * g1[..., v].real
        pairs, over, _ = self.row_plan.apply(z, inverse=True)
        return unpack_rows(pairs), overflow | over.any((1, 2))
