"""Reciprocal square root of integers: ``gain / sqrt(d) ~ mantissa * 2**-(FRACTION + exponent)``.

For ``d > 0``, with ``e = floor((bit_length(d) - 1) / 2)``::

    exponent   = e
    normalised = floor(d * 2**(15 - 2 e)), in 2**15 .. 2**17 - 1: the number n = d / 4**e in [1, 4), 15 fraction bits
    mantissa   ~ gain * 2**16 / sqrt(n),   in gain 2**15 .. 2**16

For ``d = 0`` all three are 0.  The gain ``sqrt(square)`` is a constant from 1/2 to 1, by default 1; it is part of the
table's words and costs nothing.  ``normalised`` is exact for d < 2**17; the lowest bits of a larger d are cut off.

With a ``floor`` above 0 the exponent is never below it: every ``d < 4**floor``, 0 included, gives the exponent
``floor`` and the mantissa ``min(round(gain * 2**16), 2**16 - 1)``.  That is within a unit of the mantissa of
``d = 4**floor``, and for a gain of 1 it is a unit less.  The table's words below address 128, which no other operand
reads, hold that mantissa; the leading pair of ``normalised`` is cleared to get there.

The table has a word for each value that the 9 leading bits of ``normalised`` can take.  From the reciprocal root
``r = 1 / sqrt(c)`` of its interval's centre c, Newton's step ``r (3 - n r**2) / 2 = (3 r - n r**3) / 2`` is linear in
n: the table holds both coefficients, times the gain, so that a step is a single product.  Newton's step is never too
large; its result is raised by half of its greatest error, which halves the error.

Error: ``|mantissa * sqrt(n) / 2**16 - 1|`` is below 2**-15.8 over ``normalised``, and below 2**-15.2 over d, whose
lowest bits are missing from ``normalised``.  Powers of 4 are exact.  With a gain below 1 the mantissa is smaller, and
its last bit is a larger share of it: the error relative to ``gain / sqrt(n)`` is below ``2**-15.8 / gain`` and
``2**-15.2 / gain``, and powers of 4 are exact only if ``gain 2**16`` is an integer.

Widths: no word of the table exceeds the word for a gain of 1, with a floor or without, so a gain widens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from .. import timing
from ..errors import DescriptionError
from .words import check_words

__all__ = ["FRACTION", "NORMALISED", "Rsqrt", "rsqrt_table"]

FRACTION = 16
"""Fraction bits of a mantissa."""
NORMALISED = 17
"""Bits of a normalised operand, two of them integer."""
LOW = 8
"""Bits of a normalised operand below the table's address."""
GUARD = 10
"""Fraction bits of the table's words below those of a mantissa."""


@cache
def rsqrt_table(square: Fraction = Fraction(1), floored: bool = False) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return ``(values, slopes)``, 512 words each.

    A value has GUARD more fraction bits than a mantissa: it is the mantissa in an interval's centre, with half a unit
    and half of Newton's greatest error added.  A slope is how much the value falls with each unit of ``normalised``.
    ``square`` is the square of the gain.

    Only d = 0 reads the addresses below 128, where both words are 0.  With ``floored`` all operands below the floor
    read them, and the value is the gain itself plus half a unit, or the largest value; the slope is 0.
    """
    one, gain = 1 << (FRACTION + GUARD), sqrt(square)
    least = min(int(np.rint(gain * one)) + (1 << (GUARD - 1)), one - 1) if floored else 0
    values, slopes = [least] * 128, [0] * 128
    for k in range(128, 512):
        centre = (k + 0.5) / 128
        r = centre**-0.5
        low, high = k / 128, (k + 1) / 128
        error = max(n**-0.5 - r * (3 - n * r * r) / 2 for n in (low, high))
        values.append(int(np.rint((r + error / 2) * gain * 2 ** (FRACTION + GUARD))) + (1 << (GUARD - 1)))
        slopes.append(int(np.rint(r**3 / 2 * gain * 2 ** (FRACTION + GUARD - 15))))
    return tuple(values), tuple(slopes)


@dataclass(frozen=True, kw_only=True)
class Rsqrt:
    """Reciprocal square root of unsigned operands.

    Parameters
    ----------
    width : int
        Bits of an operand, 2 to 52.
    square : Fraction
        The square of the gain, 1/4 to 1.
    floor : int
        Least exponent, from 0 to the largest one.
    """

    width: int
    square: Fraction = Fraction(1)
    floor: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.width, bool) or not isinstance(self.width, (int, np.integer)) or not 2 <= self.width <= 52:
            raise DescriptionError(f"Rsqrt width must be an integer from 2 to 52, not {self.width!r}")
        if not isinstance(self.square, Fraction) or not Fraction(1, 4) <= self.square <= 1:
            raise DescriptionError(f"Rsqrt square must be a Fraction from 1/4 to 1, not {self.square!r}")
        if isinstance(self.floor, bool) or not isinstance(self.floor, int) or not 0 <= self.floor < self.pairs:
            raise DescriptionError(f"Rsqrt floor must be an integer from 0 to {self.pairs - 1}, not {self.floor!r}")

    @property
    def pairs(self) -> int:
        """Pairs of bits in an operand: one more than the largest exponent."""
        return (self.width + 1) // 2

    @property
    def exponent_bits(self) -> int:
        """Bits of an exponent, at least one."""
        return max(1, (self.pairs - 1).bit_length())

    @property
    def table(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Values and slopes of :func:`rsqrt_table` for this gain, and for a floor if there is one."""
        return rsqrt_table(self.square, self.floor > 0)

    @property
    def pipeline(self) -> int:
        """Cycles from operand to mantissa: one for each level of the shift; then read, multiply, subtract."""
        return 1 + timing.tree(self.pairs) + timing.FAR + timing.MULTIPLIER + 1

    @property
    def multipliers(self) -> int:
        """Multipliers: one, for Newton's step."""
        return 1

    @property
    def memory_bits(self) -> int:
        """Bits of the table: a value and a slope for each of 512 addresses."""
        return 512 * (FRACTION + 2 * GUARD)

    def run(self, d: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ``(mantissa, exponent, normalised)`` of integers 0 .. 2**width - 1 of any shape."""
        return self.apply(check_words("Rsqrt", d, self.width, signed=False, real=True))

    def apply(self, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        d = np.asarray(d, dtype=np.float64)
        length = np.frexp(d)[1].astype(np.float64)  # d = m * 2**length with m in [1/2, 1), exactly
        exponent = np.where(d > 0, np.floor((length - 1) / 2), 0.0)
        normalised = np.floor(d * 2.0 ** (15 - 2 * exponent))
        low = exponent < self.floor
        exponent, normalised = np.where(low, self.floor, exponent), np.where(low, normalised % 2**15, normalised)
        address = np.floor(normalised / 2**LOW)
        values, slopes = (np.array(words, dtype=np.float64)[address.astype(np.int64)] for words in self.table)
        offset = normalised - address * 2**LOW - 2 ** (LOW - 1)
        return np.floor((values - slopes * offset) / 2**GUARD), exponent, normalised
