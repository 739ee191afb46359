"""Pooling of real maps by tiles of 2 x 2 pixels.

Largest of a tile, ``Y[i, j] = max(X[2i, 2j], X[2i, 2j+1], X[2i+1, 2j], X[2i+1, 2j+1])``, or its first pixel,
``Y[i, j] = X[2i, 2j]``.  Words keep their format; nothing is rounded and nothing overflows.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError

__all__ = ["decimate", "max_pool"]


def _check(what: str, maps) -> np.ndarray:
    maps = np.asarray(maps)
    if maps.ndim < 2 or maps.shape[-1] != maps.shape[-2] or maps.shape[-1] % 2:
        raise DataError(f"{what} maps must be square and of even size, not {maps.shape}")
    return maps


def max_pool(maps) -> np.ndarray:
    """Maps (..., N, N) to their tiles' maxima (..., N/2, N/2)."""
    maps = _check("MaxPool", maps)
    rows = np.maximum(maps[..., 0::2, :], maps[..., 1::2, :])
    return np.maximum(rows[..., 0::2], rows[..., 1::2])


def decimate(maps) -> np.ndarray:
    """Maps (..., N, N) to their tiles' first pixels (..., N/2, N/2)."""
    return _check("Decimate", maps)[..., 0::2, 0::2]
