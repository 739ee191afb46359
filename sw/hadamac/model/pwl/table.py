"""Piecewise-linear functions: ``y = saturate(round_half_even((slope[s] x + offset[s]) / 2**shift))``.

The segment ``s`` is the number of breakpoints that are at or below x.  All figures are words, not values: a slope has
``shift`` fraction bits, and an offset is in units of the product.  :func:`relu` needs no table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ... import timing
from ...checks import integer
from ...errors import DescriptionError
from ...numeric import Requantise, clip_frames, round_half_even
from ..words import check_words

__all__ = ["MIRRORED", "Mirror", "PwlTable", "WIDTHS", "relu"]

MIRRORED = 2
"""Cycles in which a mirrored table turns a slope or an offset: subtract, choose."""

WIDTHS = 2, 24
"""Least and most bits of a table's words; within them every sum is exact in a float."""


def relu(x: ArrayLike) -> np.ndarray:
    """Return ``max(x, 0)`` of real words."""
    return np.maximum(x, 0)


@dataclass(frozen=True)
class Mirror:
    """Rule by which a table for x >= 0 gives the words for x < 0, where the segment is that of ``~x = -x - 1``.

    Parameters
    ----------
    kind : "odd" or "even"
        For x < 0 an odd table has the segment's slope, and ``word`` less its offset; an even table has ``word`` less
        the segment's slope, and its offset.
    word : int
    """

    kind: str
    word: int

    def __post_init__(self) -> None:
        if self.kind not in ("odd", "even"):
            raise DescriptionError(f"Pwl mirror must be odd or even, not {self.kind!r}")
        integer("Pwl mirror word", self.word, -(1 << 53), 1 << 53)


@dataclass(frozen=True, kw_only=True)
class PwlTable:
    """Piecewise-linear table of words.

    Parameters
    ----------
    width : int
        Bits of x and y, 2 to 24.
    breakpoints : tuple of int
        Words at which a next segment begins, strictly rising; one fewer than there are segments.
    slopes, offsets : tuple of int
        One of each for a segment; a slope has ``slope_width`` bits, an offset ``width + slope_width``.
    shift : int
        Bits that are dropped from the sum of product and offset, 0 to ``slope_width + width - 1``.
    slope_width : int
        2 to 24.
    mirror : Mirror, optional
        With it, the table is for x >= 0 only, and the mirror gives the words for x < 0.

    Overflow: y was clipped.
    """

    width: int
    breakpoints: tuple[int, ...]
    slopes: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int
    slope_width: int = 16
    mirror: Mirror | None = None

    def __post_init__(self) -> None:
        integer("Pwl width", self.width, *WIDTHS)
        integer("Pwl slope_width", self.slope_width, *WIDTHS)
        for name in ("breakpoints", "slopes", "offsets"):
            words = tuple(integer(f"Pwl {name}", v.item() if isinstance(v, np.integer) else v, -(1 << 53), 1 << 53)
                          for v in getattr(self, name))
            object.__setattr__(self, name, words)
        count = len(self.slopes)
        if not 1 <= count <= 64 or len(self.offsets) != count or len(self.breakpoints) != count - 1:
            raise DescriptionError(
                "Pwl must have 1 to 64 slopes, as many offsets and one breakpoint fewer, not "
                f"{count}, {len(self.offsets)} and {len(self.breakpoints)}"
            )
        if self.mirror is not None and min(self.breakpoints, default=1) < 1:
            raise DescriptionError(f"Pwl breakpoints of a mirrored table must be positive, not {self.breakpoints}")
        if any(a >= b for a, b in zip(self.breakpoints, self.breakpoints[1:])):
            raise DescriptionError(f"Pwl breakpoints must rise strictly, not {self.breakpoints}")
        mirror = self.mirror
        limits = {"breakpoints": (self.width, self.breakpoints), "slopes": (self.slope_width, self.slopes),
                  "offsets": (self.width + self.slope_width, self.offsets)}
        if mirror is not None:  # the words for x < 0 must fit, too
            name = "offsets" if mirror.kind == "odd" else "slopes"
            limits[f"mirrored {name}"] = limits[name][0], tuple(mirror.word - v for v in limits[name][1])
        for name, (bits, words) in limits.items():
            for v in words:
                if not -(1 << (bits - 1)) <= v < 1 << (bits - 1):
                    raise DescriptionError(f"Pwl {name} must fit {bits} signed bits, not {v}")
        integer("Pwl shift", self.shift, 0, self.slope_width + self.width - 1)

    @property
    def address_bits(self) -> int:
        """Bits of a segment's number."""
        return max(1, (len(self.slopes) - 1).bit_length())

    @property
    def result(self) -> Requantise:
        """Rounding from the sum of product and offset to y."""
        return Requantise(self.shift, self.width, True)

    @property
    def pipeline(self) -> int:
        """Cycles from x to y: compare, count, look up, mirror, multiply, add, requantise."""
        mirrored = 0 if self.mirror is None else MIRRORED
        return 3 + timing.RAM + mirrored + timing.MULTIPLIER + 1 + timing.requantise(self.result)

    @property
    def multipliers(self) -> int:
        """Multipliers of a block that runs both parts of a word."""
        return 2

    @property
    def memory_bits(self) -> int:
        """Bits of the tables of a block that runs both parts of a word: slopes and offsets, a table for each part."""
        return 2 * (self.width + 2 * self.slope_width) << self.address_bits

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of real words x (n, ...); overflow is bool (n,)."""
        return self.apply(check_words("Pwl", x, self.width, real=True))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        x = np.asarray(x, dtype=np.float64)
        negative = (x < 0) & (self.mirror is not None)
        folded = np.where(negative, -x - 1, x)
        segment = np.searchsorted(np.array(self.breakpoints, dtype=np.float64), folded, side="right")
        slope = np.array(self.slopes, dtype=np.float64)[segment]
        offset = np.array(self.offsets, dtype=np.float64)[segment]
        if self.mirror is not None and self.mirror.kind == "odd":
            offset = np.where(negative, self.mirror.word - offset, offset)
        elif self.mirror is not None:
            slope = np.where(negative, self.mirror.word - slope, slope)
        total = slope * x + offset
        return clip_frames(round_half_even(total, self.shift), self.width)
