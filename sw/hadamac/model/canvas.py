"""Copy of the first pixels of maps into maps of another size, with zeros elsewhere.

``Y[y, x] = X[y, x]`` for ``y < keep[0]`` and ``x < keep[1]``, else 0.  Words keep their format; nothing is rounded and
nothing overflows.

The circuit has neither memory nor latency.  It walks over a grid of beats that contains those of the input and those of
the output; at each place it takes a beat if the input has one there, and gives one if the output has one there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrivals import transfers
from ..shapes import Pair, most, pair_beats

__all__ = ["CanvasPlan", "canvas"]


def canvas(maps: np.ndarray, keep: Pair, to: Pair) -> np.ndarray:
    """Return maps (..., *to) that contain the first ``keep`` pixels of maps (..., H, W), and zeros elsewhere."""
    out = np.zeros((*maps.shape[:-2], *to), dtype=maps.dtype)
    out[..., : keep[0], : keep[1]] = maps[..., : keep[0], : keep[1]]
    return out


@dataclass(frozen=True, kw_only=True)
class CanvasPlan:
    """Copy of the first pixels of maps that flow as row pairs or channel pairs, and what its circuit costs.

    Parameters
    ----------
    size, keep, to : (int, int)
        Rows and columns of the maps that come in, of the part that is kept, and of the maps that leave.
    channels : int
        Maps of a frame.
    """

    size: Pair
    keep: Pair
    to: Pair
    channels: int = 1

    multipliers = 0
    memory_bits = 0
    latency = 0

    def run(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of maps of words of any width: nothing overflows."""
        return self.apply(maps)

    def apply(self, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run`."""
        return canvas(maps, self.keep, self.to), np.zeros(len(maps), dtype=bool)

    @property
    def frame(self) -> Pair:
        """Beats of a frame that come in, and that leave."""
        return pair_beats(self.channels, self.size), pair_beats(self.channels, self.to)

    @property
    def loops(self) -> tuple[int, int, int]:
        """Passes of the loops over the grid: channels or pairs of them, row pairs, columns."""
        rows, columns = most(self.size, self.to)
        return ((self.channels + 1) // 2, 1, columns) if rows == 1 else (self.channels, rows // 2, columns)

    @property
    def interval(self) -> int:
        """Cycles of a frame: the places of the grid."""
        groups, pairs, columns = self.loops
        return groups * pairs * columns

    def _within(self, size: Pair) -> np.ndarray:
        """Return at which places of the grid maps of a size have a beat (bool)."""
        grid = np.zeros(self.loops, dtype=bool)
        grid[:, : (size[0] + 1) // 2, : size[1]] = True
        return grid.reshape(-1)

    def _steps(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which the circuit passes the places of the grid."""
        due = np.full(self.interval, -1, dtype=np.int64)
        due[self._within(self.size)] = times
        return transfers(due)

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave, from those in which beats of a first frame are offered."""
        return self._steps(times)[self._within(self.to)]

    def taken(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats are taken, from those in which they are offered."""
        return self._steps(times)[self._within(self.size)]
