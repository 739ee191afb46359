"""Quadratic activation ``y = a0 + a1 x + a2 x**2`` of real words, by Horner's rule in fixed point.

``t = saturate(round_half_even((c2 x + c1) / 2**s1))`` to 18 bits, then
``y = saturate(round_half_even((t x + c0) / 2**s2))``.

It is pointwise in the map.  In the frequency domain ``x**2`` is the circular self-convolution of the spectrum: it mixes
bins and doubles the bandwidth, so it belongs between an inverse and a forward transform, not among bins.

Scaling: x has ``f_x`` fraction bits, y ``f_y``, t ``p = s2 + f_y - f_x``, c2 ``p - f_x + s1``, c1 ``p + s1``,
c0 ``p + f_x``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    """Words of a quadratic.

    Parameters
    ----------
    width : int
        Bits of x and y, 2 to 18.
    c0, c1, c2 : int
        ``width + 18``, ``width + coefficient_width`` and ``coefficient_width`` signed bits.
    shifts : (s1, s2)
        From 0 to ``width + coefficient_width - 1`` and ``width + 17``.
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

    def __post_init__(self):
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
        """Signed bits of the words."""
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
        """Multipliers of a block that runs both parts of a word, two a part."""
        return 4

    @property
    def memory_bits(self) -> int:
        """Bits of memory, of which there is none: the coefficients are constants."""
        return 0

    def run(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Real words (n, ...); ``(y, overflow)``, overflow bool (n,)."""
        return self.apply(check_words("Quadratic", x, self.width, real=True))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        x = np.asarray(x, dtype=np.float64)
        t, inner = clip_frames(round_half_even(self.c2 * x + self.c1, self.shifts[0]), INNER)
        y, outer = clip_frames(round_half_even(t * x + self.c0, self.shifts[1]), self.width)
        return y, inner | outer

    def error(self, x) -> np.ndarray:
        """Bound of the error at words x, in units of y's last bit, where nothing saturates.

        Every word and t are off by half a unit at most: ``1/2 + (1/2 + |x| (1/2 + (1/2 + |x|/2) / 2**s1)) / 2**s2``.
        """
        x, (s1, s2) = np.abs(np.asarray(x, dtype=np.float64)), self.shifts
        inner = (1 + x) * 2.0 ** -(s1 + 1) + (0.5 if s1 else 0)
        return (0.5 if s2 else 0) + (0.5 + x * inner) * 2.0**-s2


def quadratic_plan(coefficients, *, in_format: SQ, out_format: SQ, coefficient_width: int = 16) -> QuadraticPlan:
    """The finest words for ``a0 + a1 x + a2 x**2`` with which t does not overflow for any x.

    Parameters
    ----------
    coefficients : (a0, a1, a2), floats
    in_format, out_format : SQ
        Of x and y, equally wide.
    """
    values = np.asarray(coefficients, dtype=np.float64)
    if values.shape != (3,) or not np.isfinite(values).all():
        raise DescriptionError(f"Quadratic coefficients must be three finite numbers, not {coefficients!r}")
    if in_format.width != out_format.width:
        raise DescriptionError(f"Quadratic formats must be equally wide, not {in_format} and {out_format}")
    width = in_format.width
    # t is finest first: its rounding is multiplied by x; what the coefficients lack is divided by 2**s1 before.
    for s2 in range(width + INNER - 1, -1, -1):
        p = s2 + out_format.f - in_format.f
        for s1 in range(width + coefficient_width - 1, -1, -1):
            places = np.array([p + in_format.f, p + s1, p + s1 - in_format.f])
            c0, c1, c2 = np.rint(np.ldexp(values, places))
            t = [round_half_even(c2 * x + c1, s1) for x in (in_format.low, in_format.high)]  # linear: extremes at ends
            if (_fits(c0, width + INNER) and _fits(c1, width + coefficient_width) and _fits(c2, coefficient_width)
                    and all(_fits(v, INNER) for v in t)):
                return QuadraticPlan(width=width, c0=int(c0), c1=int(c1), c2=int(c2), shifts=(s1, s2),
                                     coefficient_width=coefficient_width)
    raise DescriptionError(f"Quadratic coefficients must suit {in_format} and {out_format} at {coefficient_width} bits"
                           f", not {coefficients!r}: they exceed every shift")
