"""Reciprocal square root of integers: ``1 / sqrt(d) ~ mantissa * 2**-(FRACTION + exponent)``.

For ``d > 0``, with ``e = floor((bit_length(d) - 1) / 2)``::

    exponent   = e
    normalised = floor(d * 2**(15 - 2 e)), in 2**15 .. 2**17 - 1: the number n = d / 4**e in [1, 4), 15 fraction bits
    mantissa   ~ 2**16 / sqrt(n),          in 2**15 .. 2**16

and for ``d = 0`` all three are 0.  ``normalised`` is exact for d < 2**17; of a larger d its lowest bits are cut off.

A table has a word for each value that the 9 leading bits of ``normalised`` can take.  From the reciprocal
root ``r = 1 / sqrt(c)`` of its interval's centre c, Newton's step ``r (3 - n r**2) / 2 = (3 r - n r**3) / 2`` is
linear in n: the table holds both coefficients, so that a step is a single product.  Newton's step is never too
large; its result is raised by half of its greatest error, which halves it.

Error: ``|mantissa * sqrt(n) / 2**16 - 1|`` is below 2**-15.8 over ``normalised``, and below 2**-15.2 over d, whose
lowest bits are missing from ``normalised``.  Powers of 4 are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..errors import DescriptionError
from .words import check_words

__all__ = ["FRACTION", "NORMALISED", "Rsqrt", "rsqrt_table"]

FRACTION = 16
"""Fraction bits of a mantissa."""
NORMALISED = 17
"""Bits of a normalised operand, two of them integer."""
LOW = 8
"""Bits below the table's address."""
GUARD = 10
"""Fraction bits of the table's words."""


@cache
def rsqrt_table() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """``(values, slopes)``, 512 each, GUARD fraction bits: the mantissa in an interval's centre, half of a unit and the
    half of Newton's error included, and how much it falls with each unit of ``normalised``.

    Addresses below 128 occur for d = 0 alone, and hold 0.
    """
    values, slopes = [0] * 128, [0] * 128
    for k in range(128, 512):
        centre = (k + 0.5) / 128
        r = centre**-0.5
        low, high = k / 128, (k + 1) / 128
        error = max(n**-0.5 - r * (3 - n * r * r) / 2 for n in (low, high))
        values.append(int(np.rint((r + error / 2) * 2 ** (FRACTION + GUARD))) + (1 << (GUARD - 1)))
        slopes.append(int(np.rint(r**3 / 2 * 2 ** (FRACTION + GUARD - 15))))
    return tuple(values), tuple(slopes)


@dataclass(frozen=True, kw_only=True)
class Rsqrt:
    """Reciprocal square root of unsigned operands.

    Parameters
    ----------
    width : int
        Bits of an operand, 2 to 52.
    """

    width: int

    def __post_init__(self):
        if isinstance(self.width, bool) or not isinstance(self.width, (int, np.integer)) or not 2 <= self.width <= 52:
            raise DescriptionError(f"Rsqrt width must be an integer from 2 to 52, not {self.width!r}")

    @property
    def pairs(self) -> int:
        """Pairs of bits in an operand: one more than the largest exponent."""
        return (self.width + 1) // 2

    @property
    def exponent_bits(self) -> int:
        """Bits of an exponent, one at least."""
        return max(1, (self.pairs - 1).bit_length())

    def run(self, d) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Integers 0 .. 2**width - 1 of any shape; ``(mantissa, exponent, normalised)``."""
        return self.apply(check_words("Rsqrt", d, self.width, signed=False, real=True))

    def apply(self, d):
        """As `run`, of words that a stage before made: unchecked."""
        d = np.asarray(d, dtype=np.float64)
        length = np.frexp(d)[1].astype(np.float64)  # d = m * 2**length with m in [1/2, 1), exactly
        exponent = np.where(d > 0, np.floor((length - 1) / 2), 0.0)
        normalised = np.floor(d * 2.0 ** (15 - 2 * exponent))
        address = np.floor(normalised / 2**LOW)
        values, slopes = (np.array(words, dtype=np.float64)[address.astype(np.int64)] for words in rsqrt_table())
        offset = normalised - address * 2**LOW - 2 ** (LOW - 1)
        return np.floor((values - slopes * offset) / 2**GUARD), exponent, normalised
