"""Pooling of real maps by tiles of 2 x 2 pixels.

A tile becomes its largest pixel, ``Y[i, j] = max(X[2i, 2j], X[2i, 2j+1], X[2i+1, 2j], X[2i+1, 2j+1])``, or its first
pixel, ``Y[i, j] = X[2i, 2j]``.  Words keep their format; nothing is rounded and nothing overflows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError

__all__ = ["decimate", "max_pool"]


def _check(what: str, maps: ArrayLike) -> np.ndarray:
    """Return maps as an array; raise DataError if they are not square or of odd size."""
    array = np.asarray(maps)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.shape[-1] % 2:
        raise DataError(f"{what} maps must be square and of even size, not {array.shape}")
    return array


def max_pool(maps: ArrayLike) -> np.ndarray:
    """Return the tiles' largest pixels (..., N/2, N/2) of maps (..., N, N)."""
    pixels = _check("MaxPool", maps)
    rows = np.maximum(pixels[..., 0::2, :], pixels[..., 1::2, :])
    return np.maximum(rows[..., 0::2], rows[..., 1::2])


def decimate(maps: ArrayLike) -> np.ndarray:
    """Return the tiles' first pixels (..., N/2, N/2) of maps (..., N, N)."""
    return _check("Decimate", maps)[..., 0::2, 0::2]
