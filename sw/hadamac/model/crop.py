"""Spectral crop: keep the low bins of a half-spectrum.

``Y[u, v] = X[u, v]`` for ``|u| <= r`` and ``0 <= v <= s``; (r, s) is the *radius* of the bins that are kept.  With
``r = s = M/2 - 1`` this is spectral pooling to M x M under the Nyquist rule ``zero`` (Rippel, Snoek, Adams, "Spectral
representations for convolutional neural networks", NIPS 2015, section 4).

Arrays: live bins of H x W maps are (..., 2 r + 1, s + 1), u in the order 0 .. r, -r .. -1.  With ``r = H/2`` they have
all H rows, and with ``s = W/2`` all W/2 + 1 columns, the Nyquist bins included.  Maps of one row have the row u = 0.
Streams: column by column, v = 0 .. s, u in the same order.

Where a function takes a size or a radius, an integer n stands for the pair (n, n).
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..shapes import Pair, as_pair

__all__ = ["kept_rows", "live_rows", "live_shape", "multiplicity", "crop", "embed", "expand", "to_beats", "from_beats"]


def kept_rows(size: int, keep: int) -> np.ndarray:
    """Return the indices of the ``keep`` lowest of ``size`` rows, in the order of ``numpy.fft``.

    If ``keep`` is even, row -keep/2 is kept and row +keep/2 is not.
    """
    return np.r_[: (keep + 1) // 2, size - keep // 2 : size]


def live_rows(size: int, radius: int) -> np.ndarray:
    """Return the row indices u mod ``size`` of the live bins, in stream order."""
    if isinstance(radius, bool) or not isinstance(radius, (int, np.integer)) or not 0 <= radius <= size // 2:
        raise DataError(f"Live radius of {size} bins must be an integer from 0 to {size // 2}, not {radius!r}")
    return kept_rows(size, min(2 * radius + 1, size))


def live_shape(size: int | Pair, radius: int | Pair) -> Pair:
    """Return rows and columns of the live bins of maps of a size."""
    return min(2 * as_pair(radius)[0] + 1, as_pair(size)[0]), as_pair(radius)[1] + 1


def multiplicity(size: int | Pair, radius: int | Pair) -> np.ndarray:
    """Return how many bins of the full spectrum each live bin stands for, as an array (rows, columns).

    It is 1 in the columns that hold both a bin and its conjugate, v = 0 and v = W/2, else 2.
    """
    v = np.arange(as_pair(radius)[1] + 1)
    return np.tile(np.where((v == 0) | (2 * v == as_pair(size)[1]), 1, 2), (live_shape(size, radius)[0], 1))


def crop(spectrum: np.ndarray, radius: int | Pair) -> np.ndarray:
    """Return the live bins (..., 2 r + 1, s + 1) of spectra (..., H, more than s)."""
    r, s = radius if isinstance(radius, (tuple, list)) else (radius, radius)
    return spectrum[..., live_rows(spectrum.shape[-2], r), : s + 1]


def expand(live: np.ndarray, rows: int) -> np.ndarray:
    """Return half-spectra (..., H, s + 1) with H = ``rows`` of live bins; dropped bins are zero."""
    there = live.shape[-2]
    if there != rows and (there % 2 == 0 or there > rows):
        raise DataError(f"Live bins must have an odd number of rows, or all {rows}, not {live.shape}")
    return embed(live, rows, live.shape[-1])


def embed(live: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return live bins among zeros, as live bins of a larger radius: (..., rows, columns)."""
    if live.shape[-2:] == (rows, columns):
        return live
    out = np.zeros((*live.shape[:-2], rows, columns), dtype=live.dtype)
    out[..., kept_rows(rows, live.shape[-2]), : live.shape[-1]] = live
    return out


def to_beats(live: np.ndarray) -> np.ndarray:
    """Return live bins (n, C, 2r+1, s+1) as a frame's beats (n, C * (s+1) * (2r+1)) in stream order."""
    return np.swapaxes(live, -1, -2).reshape(len(live), -1)


def from_beats(beats: np.ndarray, channels: int, radius: int | Pair, size: int | Pair | None = None) -> np.ndarray:
    """Return the live bins of a frame's beats, the inverse of :func:`to_beats`.

    The size may be left out if no Nyquist bin is live.
    """
    r, s = as_pair(radius)
    rows = live_shape(2 * r + 1 if size is None else size, radius)[0]
    return np.swapaxes(beats.reshape(len(beats), channels, s + 1, rows), -1, -2)
