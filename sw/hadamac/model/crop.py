"""Spectral crop: keep the low bins of a half-spectrum.

``Y[u, v] = X[u, v]`` for ``|u| <= radius`` and ``0 <= v <= radius``; with ``radius = M/2 - 1`` this is spectral pooling
N -> M under the Nyquist rule ``zero`` (Rippel, Snoek, Adams, "Spectral representations for convolutional neural
networks", NIPS 2015, section 4).  The factor ``(M/N)**2`` is a power of two and moves the binary point only.

Arrays: live bins are (..., 2 radius + 1, radius + 1), u in the order 0 .. radius, -radius .. -1.  With
``radius = N/2`` they are the whole half-spectrum including the Nyquist bins: (..., N, N/2 + 1), in the same order.
Streams: column by column, v = 0 .. radius, u in the same order.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError

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


def live_shape(size: int, radius: int) -> tuple[int, int]:
    """Return rows and columns of the live bins of N x N maps; ``size`` is N."""
    return min(2 * radius + 1, size), radius + 1


def multiplicity(size: int, radius: int) -> np.ndarray:
    """Return how many bins of the full spectrum each live bin stands for, as an array (rows, radius + 1).

    It is 1 in the columns that hold both a bin and its conjugate, v = 0 and v = size/2, else 2.
    """
    v = np.arange(radius + 1)
    return np.tile(np.where((v == 0) | (2 * v == size), 1, 2), (live_shape(size, radius)[0], 1))


def crop(spectrum: np.ndarray, radius: int) -> np.ndarray:
    """Return the live bins (..., 2 radius + 1, radius + 1) of spectra (..., N, more than radius)."""
    return spectrum[..., live_rows(spectrum.shape[-2], radius), : radius + 1]


def expand(live: np.ndarray, size: int) -> np.ndarray:
    """Return half-spectra (..., size, radius + 1) of live bins, the inverse of :func:`crop`; dropped bins are zero."""
    rows, radius = live.shape[-2], live.shape[-1] - 1
    if rows != min(2 * radius + 1, size):
        raise DataError(f"Live bins must have the shape (..., 2r+1, r+1), or all rows, not {live.shape}")
    out = np.zeros((*live.shape[:-2], size, radius + 1), dtype=live.dtype)
    out[..., live_rows(size, radius), :] = live
    return out


def embed(live: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return live bins among zeros, as live bins of a larger radius: (..., rows, columns)."""
    if live.shape[-2:] == (rows, columns):
        return live
    out = np.zeros((*live.shape[:-2], rows, columns), dtype=live.dtype)
    radius = live.shape[-1] - 1
    out[..., live_rows(rows, radius), : radius + 1] = live
    return out


def to_beats(live: np.ndarray) -> np.ndarray:
    """Return live bins (n, C, 2r+1, r+1) as a frame's beats (n, C * (r+1) * (2r+1)) in stream order."""
    return np.swapaxes(live, -1, -2).reshape(len(live), -1)


def from_beats(beats: np.ndarray, channels: int, radius: int, size: int | None = None) -> np.ndarray:
    """Return the live bins of a frame's beats, the inverse of :func:`to_beats`.

    ``size`` is N; it may be left out if ``radius`` is below N/2.
    """
    rows = 2 * radius + 1 if size is None else min(2 * radius + 1, size)
    return np.swapaxes(beats.reshape(len(beats), channels, radius + 1, rows), -1, -2)
