"""Pooling of real maps by tiles of 2 x 2 pixels.

Largest of a tile, ``Y[i, j] = max(X[2i, 2j], X[2i, 2j+1], X[2i+1, 2j], X[2i+1, 2j+1])``, or its first pixel,
``Y[i, j] = X[2i, 2j]``.  Words keep their format; nothing is rounded and nothing overflows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..errors import DataError
from ..shapes import Pair, as_pair, pair_beats

__all__ = ["PIPELINE", "TilePlan", "decimate", "max_pool"]

PIPELINE = 4
"""Cycles of the circuit: compare and choose in a column, then between two columns."""


def _check(what: str, maps: np.ndarray) -> np.ndarray:
    maps = np.asarray(maps)
    if maps.ndim < 2 or maps.shape[-1] % 2 or maps.shape[-2] % 2:
        raise DataError(f"{what} maps must have even numbers of rows and columns, not {maps.shape}")
    return maps


def max_pool(maps: np.ndarray) -> np.ndarray:
    """Return the maxima (..., H/2, W/2) of the tiles of maps (..., H, W)."""
    maps = _check("MaxPool", maps)
    rows = np.maximum(maps[..., 0::2, :], maps[..., 1::2, :])
    return np.maximum(rows[..., 0::2], rows[..., 1::2])


def decimate(maps: np.ndarray) -> np.ndarray:
    """Return the first pixels (..., H/2, W/2) of the tiles of maps (..., H, W)."""
    return _check("Decimate", maps)[..., 0::2, 0::2]


@dataclass(frozen=True, kw_only=True)
class TilePlan:
    """Pooling of tiles of maps that flow as row pairs, and what its circuit costs.

    Parameters
    ----------
    size : int or (int, int)
        Rows H and columns W of the maps that come in; H/2 x W/2 leave.  An integer n stands for (n, n).
    width, channels : int
        Bits of a word; maps of a frame.
    maximum : bool
        The largest pixel of a tile; else the first one.
    """

    size: int | Pair
    width: int
    channels: int = 1
    maximum: bool = True

    multipliers = 0
    pipeline = PIPELINE

    def run(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of maps of words of any width: nothing overflows."""
        return self.apply(maps)

    def apply(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run`."""
        return (max_pool if self.maximum else decimate)(maps), np.zeros(len(maps), dtype=bool)

    @property
    def interval(self) -> int:
        """Cycles a frame: one for each beat that comes in."""
        return pair_beats(self.channels, as_pair(self.size))

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out: one row of results and the first of the next."""
        return as_pair(self.size)[1] + 1 + PIPELINE + timing.fifo(PIPELINE)

    @property
    def memory_bits(self) -> int:
        """Bits of the line buffer and the output FIFO."""
        return self.width * as_pair(self.size)[1] // 2 + timing.fifo_bits(2 * self.width + 1, PIPELINE)

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave: each some cycles after the last pixel of its tile came in."""
        corners = times.reshape(-1, 2, as_pair(self.size)[1])[:, 1, 1::2].reshape(-1)
        return transfers(corners + PIPELINE + timing.fifo(PIPELINE))
