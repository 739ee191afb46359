"""Piecewise-linear functions: ``y = saturate(round_half_even((slope[s] x + offset[s]) / 2**shift))``.

``s`` is the number of breakpoints not above x.  Words, not values: ``slope`` has ``shift`` fraction
bits, ``offset`` is in units of the product.  :func:`relu` needs no table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DescriptionError
from ..numeric import clip_frames, round_half_even

__all__ = ["PwlTable", "relu"]


def relu(x):
    """``max(x, 0)`` of real words."""
    return np.maximum(x, 0)


@dataclass(frozen=True, kw_only=True)
class PwlTable:
    """A quantised table.

    Parameters
    ----------
    width : int
        Bits of x and y.
    breakpoints : tuple of int
        Strictly rising, one fewer than segments.
    slopes, offsets : tuple of int
        One per segment; a slope has ``slope_width`` bits.
    shift, slope_width : int
    """

    width: int
    breakpoints: tuple[int, ...]
    slopes: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int
    slope_width: int = 16

    def __post_init__(self):
        for name in ("breakpoints", "slopes", "offsets"):
            object.__setattr__(self, name, tuple(int(v) for v in getattr(self, name)))
        count = len(self.slopes)
        if not 1 <= count <= 64 or len(self.offsets) != count or len(self.breakpoints) != count - 1:
            raise DescriptionError(
                "Pwl must have 1 to 64 slopes, as many offsets and one breakpoint fewer, not "
                f"{count}, {len(self.offsets)} and {len(self.breakpoints)}"
            )
        if any(a >= b for a, b in zip(self.breakpoints, self.breakpoints[1:])):
            raise DescriptionError(f"Pwl breakpoints must rise strictly, not {self.breakpoints}")
        limits = {"breakpoints": self.width, "slopes": self.slope_width, "offsets": self.width + self.slope_width}
        for name, bits in limits.items():
            for v in getattr(self, name):
                if not -(1 << (bits - 1)) <= v < 1 << (bits - 1):
                    raise DescriptionError(f"Pwl {name} must fit {bits} signed bits, not {v}")
        if not 0 <= self.shift < self.slope_width + self.width:
            raise DescriptionError(
                f"Pwl shift must be from 0 to {self.slope_width + self.width - 1}, not {self.shift}")

    @classmethod
    def interpolate(cls, function, *, low: float, high: float, segments: int, width: int, fraction: int) -> PwlTable:
        """Chords of ``function`` between evenly spaced points from ``low`` to ``high``, constant outside.

        ``function`` maps an array of values to values; x and y are SQ(width - fraction, fraction).
        """
        if not 1 <= segments <= 62:
            raise DescriptionError(f"Pwl segments must be from 1 to 62, not {segments!r}")
        points = np.linspace(low, high, segments + 1)
        values = np.asarray(function(points), dtype=np.float64)
        slopes = np.concatenate([[0.0], np.diff(values) / np.diff(points), [0.0]])
        starts = np.concatenate([[points[0]], points[:-1], [points[-1]]])
        offsets = np.concatenate([[values[0]], values[:-1], [values[-1]]]) - slopes * starts
        shift = 15 - max(int(np.floor(np.log2(max(np.abs(slopes).max(), 2.0**-width)))) + 1, 0)
        words = np.rint(points * 2.0**fraction)
        kept = int((words < 2.0 ** (width - 1)).sum())  # no word lies above a breakpoint beyond the format
        return cls(
            width=width, breakpoints=words[:kept], slopes=np.rint(slopes * 2.0**shift)[: kept + 1],
            offsets=np.rint(offsets * 2.0 ** (fraction + shift))[: kept + 1], shift=shift,
        )

    def run(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Real words (n, ...); ``(y, overflow)``, overflow bool (n,)."""
        x = np.asarray(x, dtype=np.float64)
        segment = np.searchsorted(np.array(self.breakpoints, dtype=np.float64), x, side="right")
        total = np.array(self.slopes, dtype=np.float64)[segment] * x + np.array(self.offsets, np.float64)[segment]
        return clip_frames(round_half_even(total, self.shift), self.width)
