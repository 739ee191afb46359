"""Normalisation of a spectrum at run time: each channel of each frame by its own mean and standard deviation.

Words z of a channel's half-spectrum, in stream order, bin 0 DC; ``w`` is how many bins of the full Hermitian spectrum a
stored bin stands for, ``K`` the number of bins of the full spectrum, those that are not stored being zero.

``over="bins"``: the bins themselves get mean 0 and variance 1,
    ``y = (z - m) / sqrt(v)``, ``m = sum w Re z / K``, ``v = sum w |z|**2 / K - m**2``
    (imaginary parts of conjugate bins cancel in m).  Bins that are not stored count as zeros in m and v, and stay 0.
``over="map"``: the map whose spectrum this is gets them: instance normalisation,
    ``y[DC] = 0``, else ``y = z / sqrt(v)``, ``v = sum w |z|**2 / K`` over all bins but DC.
    The map's mean is in DC alone.  By Parseval, if ``z = a X`` with the unnormalised DFT X of a map x of K pixels, then
    ``std(x) = sqrt(sum w |X|**2) / K`` (without DC), hence ``y = DFT((x - mean) / std) / sqrt(K)`` for every a > 0: the
    unitary DFT of the normalised map.  For a map of N x N that is ``1 / N`` of the unnormalised DFT; an inverse DFT
    without a factor makes ``N (x - mean) / std`` of it.

A channel without variance gives zeros.

Integers, exact up to the two roundings::

    S1 = sum w Re z (map: 0), S2 = sum w |z|**2 (map: DC's z taken as 0)
    D  = K S2 - S1**2 = K**2 v
    c  = K z - S1     = K (z - m)
    1 / sqrt(D) = mantissa 2**-(16 + e), 2**e <= sqrt(D) < 2**(e + 1)       hadamac.model.rsqrt
    c' = saturate(round_half_even(c / 2**(e - guard)), 18)
    y  = saturate(round_half_even(c' mantissa / 2**drop), width)

With ``guard = 17 - width + fraction`` and ``drop = 16 + guard - fraction = 33 - width``, y has ``fraction`` fraction
bits.  Widths:

- ``|z|**2 <= 2**(2 width - 1)``, so ``0 <= D <= K S2 <= K sum(w) 2**(2 width - 1)``, which must fit 52 bits.
- ``|c'| < 2 |y| 2**guard`` with y as a value.  Values that fit are below ``2**(width - 1 - fraction)``, so
  ``|c'| < 2**17``: c' is clipped only where y is at its limit anyway.
- Over the full spectrum ``sum |c|**2 = K D``.  So ``|c| <= sqrt(K D)``, ``|y| <= sqrt(K)`` and before its
  clip ``|c'| < 2 sqrt(K) 2**guard``; with ``sqrt(K) < 2**(width - 1 - fraction)`` nothing ever saturates.

Error in y's last bits: a half by the last rounding, ``2**(width - 18)`` by that of c', and ``2**-15.2 |y|`` by the
mantissa, where y does not saturate.

Source of "map": Ulyanov, Vedaldi, Lempitsky, "Instance normalization: the missing ingredient for fast stylization",
arXiv:1607.08022, section 2; here without its epsilon.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import DescriptionError
from ..numeric import clip_frames, round_half_even
from .crop import multiplicity
from .rsqrt import FRACTION, Rsqrt
from .words import check_words

__all__ = ["OPERAND", "NormalisePlan", "live_multiplicity"]

OPERAND = 18
"""Bits of c': the widest operand of one multiplier."""


def live_multiplicity(radius: int, size: int | None = None) -> tuple[int, ...]:
    """Multiplicities of the live bins of real maps, in stream order; ``size``: N, where they may be all.

    Column v = 0 has both of each conjugate pair, the others stand for -v too; their sum is ``(2 radius + 1)**2``, or
    ``size**2``.
    """
    return tuple(multiplicity(size or 2 * radius + 2, radius).T.reshape(-1).tolist())


@dataclass(frozen=True, kw_only=True)
class NormalisePlan:
    """A normalisation; formulas above.

    Parameters
    ----------
    multiplicity : tuple of 1 or 2
        One for each bin of a channel, in stream order, DC first.
    count : int, optional
        K, from the multiplicities' sum, which is the default, to 2**17 - 1.
    width : int
        Bits of a part, in and out, 4 to 17.
    fraction : int
        Fraction bits of y, 0 to width - 1.
    over : "bins" or "map"

    Overflow: c' or y was clipped.
    """

    multiplicity: tuple[int, ...]
    count: int | None = None
    width: int
    fraction: int
    over: str

    def __post_init__(self):
        object.__setattr__(self, "multiplicity", tuple(self.multiplicity))
        if not self.multiplicity or any(w not in (1, 2) for w in self.multiplicity):
            raise DescriptionError(f"Normalise multiplicity must be 1 or 2 for each bin, not {self.multiplicity}")
        if self.count is None:
            object.__setattr__(self, "count", self.total)
        ranges = {"count": (self.total, (1 << (OPERAND - 1)) - 1), "width": (4, 17)}
        for name in ("count", "width", "fraction"):
            low, high = ranges.get(name, (0, self.width - 1))
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise DescriptionError(f"Normalise {name} must be an integer from {low} to {high}, not {value!r}")
        if self.over not in ("bins", "map"):
            raise DescriptionError(f"Normalise over must be 'bins' or 'map', not {self.over!r}")
        if self.variance_bits > 52:
            raise DescriptionError(
                f"Normalise count * sum(multiplicity) * 2**(2 width - 1) must fit 52 bits, not {self.variance_bits} of "
                f"{self.count} * {self.total} * 2**{2 * self.width - 1}")

    @property
    def bins(self) -> int:
        """Bins of a channel."""
        return len(self.multiplicity)

    @property
    def total(self) -> int:
        """Bins of the full spectrum that the stored ones stand for."""
        return sum(self.multiplicity)

    @property
    def sum_bits(self) -> int:
        """Signed bits of S1."""
        return self.width + (self.total - 1).bit_length()

    @property
    def power_bits(self) -> int:
        """Bits of S2, unsigned."""
        return (self.total << (2 * self.width - 1)).bit_length()

    @property
    def variance_bits(self) -> int:
        """Bits of D, unsigned."""
        return (self.count * self.total << (2 * self.width - 1)).bit_length()

    @property
    def centred_bits(self) -> int:
        """Signed bits of c."""
        terms = self.count + (self.total if self.over == "bins" else 0)
        return (terms << (self.width - 1)).bit_length() + 1

    @property
    def guard(self) -> int:
        """Fraction bits of c'."""
        return OPERAND - 1 - self.width + self.fraction

    @property
    def drop(self) -> int:
        """Bits dropped from the last product."""
        return FRACTION + self.guard - self.fraction

    @cached_property
    def rsqrt(self) -> Rsqrt:
        """The reciprocal root of D."""
        return Rsqrt(width=self.variance_bits)

    def run(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Complex words (n, C, bins); ``(y, overflow)``, overflow bool (n,)."""
        return self.apply(check_words("Normalise", x, self.width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        z = np.array(x, dtype=np.complex128)
        if self.over == "map":
            z[..., 0] = 0
        w = np.array(self.multiplicity, dtype=np.float64)
        s1 = (w * z.real).sum(-1) if self.over == "bins" else np.zeros(z.shape[:-1])
        s2 = (w * (z.real**2 + z.imag**2)).sum(-1)
        mantissa, exponent, _ = self.rsqrt.apply(self.count * s2 - s1**2)
        c = self.count * z - s1[..., None]
        narrowed, inner = clip_frames(np.rint(c * 2.0 ** (self.guard - exponent)[..., None]), OPERAND)
        y, outer = clip_frames(round_half_even(narrowed * mantissa[..., None], self.drop), self.width)
        return y, inner | outer
