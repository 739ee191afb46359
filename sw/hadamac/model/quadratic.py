"""Quadratic activation ``y = a0 + a1 x + a2 x**2`` of real words, by Horner's rule in fixed point.

``t = saturate(round_half_even((c2 x + c1) / 2**s1))`` to 18 bits, then
``y = saturate(round_half_even((t x + c0) / 2**s2))``.

The activation is pointwise in the map.  In the frequency domain ``x**2`` is the circular self-convolution of the
spectrum: it mixes bins and doubles the bandwidth, so it belongs between an inverse and a forward transform, not among
bins.

Scaling: if x has ``f_x`` fraction bits and y ``f_y``, then t has ``p = s2 + f_y - f_x``, c2 has ``p - f_x + s1``, c1
has ``p + s1``, and c0 has ``p + f_x``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import timing
from ..checks import integer
from ..errors import DescriptionError
from ..numeric import SQ, Requantise, clip_frames, round_half_even
from .words import check_words

__all__ = ["INNER", "QuadraticPlan", "quadratic_plan"]

INNER = 18
"""Bits of ``t``: the widest operand of one multiplier."""


def _fits(word: float, bits: int) -> bool:
    return -(1 << (bits - 1)) <= word < 1 << (bits - 1)


@dataclass(frozen=True, kw_only=True)
class QuadraticPlan:
    """Quadratic activation of words.

    Parameters
    ----------
    width : int
        Bits of x and y, 2 to 18.
    c0, c1, c2 : int
        Words of ``width + 18``, ``width + coefficient_width`` and ``coefficient_width`` signed bits.
    shifts : (s1, s2)
        s1 from 0 to ``width + coefficient_width - 1``, s2 from 0 to ``width + 17``.
    coefficient_width : int
        2 to 18.

    Overflow: t or y was clipped.
    """

    width: int
    c0: int
    c1: int
    c2: int
    shifts: tuple[int, int]
    coefficient_width: int = 16

    def __post_init__(self) -> None:
        for name in ("width", "coefficient_width"):
            integer(f"Quadratic {name}", getattr(self, name), 2, 18)
        for name, bits in self.widths.items():
            word = getattr(self, name)
            if isinstance(word, bool) or not isinstance(word, int) or not _fits(word, bits):
                raise DescriptionError(f"Quadratic {name} must fit {bits} signed bits, not {word!r}")
        tops = self.widths["c1"] - 1, self.widths["c0"] - 1
        object.__setattr__(self, "shifts", tuple(self.shifts))
        if len(self.shifts) != 2 or not all(type(s) is int and 0 <= s <= t for s, t in zip(self.shifts, tops)):
            raise DescriptionError(f"Quadratic shifts must be from 0 to {tops[0]} and {tops[1]}, not {self.shifts}")

    @property
    def widths(self) -> dict[str, int]:
        """Signed bits of the words c0, c1 and c2."""
        return {"c0": self.width + INNER, "c1": self.width + self.coefficient_width, "c2": self.coefficient_width}

    @property
    def inner(self) -> Requantise:
        """Rounding from ``c2 x + c1`` to t."""
        return Requantise(self.shifts[0], INNER, True)

    @property
    def outer(self) -> Requantise:
        """Rounding from ``t x + c0`` to y."""
        return Requantise(self.shifts[1], self.width, True)

    @property
    def pipeline(self) -> int:
        """Cycles from x to y: multiply, add and requantise, twice."""
        return timing.multiply_add(self.inner) + timing.multiply_add(self.outer)

    @property
    def multipliers(self) -> int:
        """Multipliers of a block that runs both parts of a word: two for each part."""
        return 4

    @property
    def memory_bits(self) -> int:
        """Bits of memory: none, because the coefficients are constants."""
        return 0

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of real words x (n, ...); overflow is bool (n,)."""
        return self.apply(check_words("Quadratic", x, self.width, real=True))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        x = np.asarray(x, dtype=np.float64)
        t, inner = clip_frames(round_half_even(self.c2 * x + self.c1, self.shifts[0]), INNER)
        y, outer = clip_frames(round_half_even(t * x + self.c0, self.shifts[1]), self.width)
        return y, inner | outer

    def error(self, x: ArrayLike) -> np.ndarray:
        """Return a bound of the error at words x, in units of y's last bit, for words at which nothing saturates.

        Every coefficient and t are off by half a unit at most:
        ``1/2 + (1/2 + |x| (1/2 + (1/2 + |x|/2) / 2**s1)) / 2**s2``.
        """
        x, (s1, s2) = np.abs(np.asarray(x, dtype=np.float64)), self.shifts
        inner = (1 + x) * 2.0 ** -(s1 + 1) + (0.5 if s1 else 0)
        return (0.5 if s2 else 0) + (0.5 + x * inner) * 2.0**-s2


def quadratic_plan(coefficients: Sequence[float] | np.ndarray, *, in_format: SQ, out_format: SQ,
                   coefficient_width: int = 16) -> QuadraticPlan:
    """Return the finest words for ``a0 + a1 x + a2 x**2`` with which t does not overflow for any x.

    Parameters
    ----------
    coefficients : (a0, a1, a2), floats
    in_format, out_format : SQ
        Formats of x and y, equally wide.
    coefficient_width : int
        Bits of c2, 2 to 18.
    """
    values = np.asarray(coefficients, dtype=np.float64)
    if values.shape != (3,) or not np.isfinite(values).all():
        raise DescriptionError(f"Quadratic coefficients must be three finite numbers, not {coefficients!r}")
    if in_format.width != out_format.width:
        raise DescriptionError(f"Quadratic formats must be equally wide, not {in_format} and {out_format}")
    width = in_format.width
    # t comes first and as fine as possible, because x multiplies its rounding error.  The coefficients come second:
    # 2**s1 divides the error of their rounding.
    for s2 in range(width + INNER - 1, -1, -1):
        p = s2 + out_format.f - in_format.f
        for s1 in range(width + coefficient_width - 1, -1, -1):
            places = np.array([p + in_format.f, p + s1, p + s1 - in_format.f])
            c0, c1, c2 = (float(c) for c in np.rint(np.ldexp(values, places)))
            # c2 x + c1 is linear in x: its extremes are at the ends.
            t = [float(round_half_even(np.asarray(c2 * x + c1), s1)) for x in (in_format.low, in_format.high)]
            if (_fits(c0, width + INNER) and _fits(c1, width + coefficient_width) and _fits(c2, coefficient_width)
                    and all(_fits(v, INNER) for v in t)):
                return QuadraticPlan(width=width, c0=int(c0), c1=int(c1), c2=int(c2), shifts=(s1, s2),
                                     coefficient_width=coefficient_width)
    raise DescriptionError(f"Quadratic coefficients must suit {in_format} and {out_format} at {coefficient_width} bits"
                           f", not {coefficients!r}: they exceed every shift")
