"""Normalisation of a spectrum at run time: each channel of each frame by its own mean and standard deviation.

The words z of a channel are its half-spectrum in stream order, and bin 0 is DC.  ``w`` is how many bins of the full
Hermitian spectrum a stored bin stands for.  ``K`` is the number of bins of the full spectrum; those of them that are
not stored are zero.

``over="bins"``: the bins themselves get mean 0 and variance 1,
    ``y = (z - m) / sqrt(v)``, ``m = sum w Re z / K``, ``v = sum w |z|**2 / K - m**2``
    (imaginary parts of conjugate bins cancel in m).  Bins that are not stored count as zeros in m and v, and stay 0.
``over="map"``: the map with this spectrum gets mean 0 and variance 1, which is instance normalisation,
    ``y[DC] = 0``, else ``y = z / sqrt(v)``, ``v = sum w |z|**2 / K`` over all bins but DC.
    The map's mean is in DC alone.  By Parseval, if ``z = a X`` with the unnormalised DFT X of a map x of K pixels, then
    ``std(x) = sqrt(sum w |X|**2) / K`` (without DC), hence ``y = DFT((x - mean) / std) / sqrt(K)`` for every a > 0: the
    unitary DFT of the normalised map.  For a map of N x N that is ``1 / N`` of the unnormalised DFT; an inverse DFT
    without a factor makes ``N (x - mean) / std`` of it.

``correction=1``: the deviation of a sample, whose variance divides by ``K - 1`` instead of K, as ``std`` does in
MATLAB, in torch, and in NumPy with ``ddof=1`` (torch, the array API and NumPy 2 name the parameter so).  The variance
is ``K / (K - 1)`` times the v above, hence every y is ``sqrt((K - 1) / K)`` times the y above.  At least two values
are needed.

A channel without variance gives zeros.  A deviation ``sqrt(v)`` below half an LSB of z counts as half an LSB, so that
a lone LSB of rounding in a frame without contrast is not raised to sqrt(K).  Precisely, it counts as ``2**floor / K``
LSB with ``floor = floor(log2 K) - 1``, which is 1/2 for powers of two and between 1/4 and 1/2 for other K.  This
applies to the v above, before a correction.

Integers, exact except for the two roundings::

    S1 = sum w Re z (map: 0), S2 = sum w |z|**2 (map: DC's z taken as 0)
    D  = K S2 - S1**2 = K**2 v
    c  = K z - S1     = K (z - m)
    gain / sqrt(D) = mantissa 2**-(16 + e), 2**e <= sqrt(D) < 2**(e + 1)    hadamac.model.rsqrt
                     for D < 4**floor: e = floor, mantissa = min(round(gain 2**16), 2**16 - 1)
    c' = saturate(round_half_even(c / 2**(e - guard)), 18)
    y  = saturate(round_half_even(c' mantissa / 2**drop), width)

``gain = sqrt((K - correction) / K)`` is 1, or at least ``sqrt(1/2)``.  It is part of the words of the reciprocal
root's table, so that the correction costs neither a product nor a cycle, for any count.

With ``guard = 17 - width + fraction`` and ``drop = 16 + guard - fraction = 33 - width``, y has ``fraction`` fraction
bits; both are one less if ``correction = 1`` and y can reach its limit, ``K >= 4**(width - 1 - fraction)``.  Widths:

- ``|z|**2 <= 2**(2 width - 1)``, so ``0 <= D <= K S2 <= K sum(w) 2**(2 width - 1)``, which must fit 52 bits.
- ``|c'| < 2 |y| 2**guard / gain`` with y as a value.  Values that fit are below ``2**(width - 1 - fraction)``, so
  ``|c'| < 2**17``, with a gain of 1 or with a guard that is one less, because ``gain > 1/2``: c' is clipped only if
  y is at its limit anyway.
- Over the full spectrum ``sum |c|**2 = K D``.  So ``|c| <= sqrt(K D)``, ``|y| <= gain sqrt(K)`` and before its
  clip ``|c'| < 2 sqrt(K) 2**guard``; if ``sqrt(K) < 2**(width - 1 - fraction)``, nothing ever saturates.
- The guard is never negative: a guard that is one less would be negative at width 17 and fraction 0 alone, and there
  ``K < 2**17 < 4**16``.

Error in y's last bits, if y does not saturate: a half by the last rounding, ``2**(width - 18)`` by that of c' (twice
that if the guard is one less), and ``2**-15.2 |y| / gain`` by the mantissa.

Source of "map": Ulyanov, Vedaldi, Lempitsky, "Instance normalization: the missing ingredient for fast stylization",
arXiv:1607.08022, section 2; here with a floor instead of its epsilon.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from .. import timing
from ..arrivals import transfers
from ..errors import DescriptionError
from ..numeric import Requantise, Rescale, clip_frames, round_half_even
from ..shapes import Pair, as_pair
from .crop import multiplicity
from .rsqrt import FRACTION, Rsqrt
from .words import check_words

__all__ = ["OPERAND", "STEPS", "TOTAL", "NormalisePlan", "check_correction", "live_multiplicity"]

OPERAND = 18
"""Bits of c': the widest operand of one multiplier."""
TOTAL = 3
"""Cycles from a channel's last summand to its total: the low half, the high half, the capture."""
STEPS = {
    "map": ("K power0", "wait", "shift", "K power1", "wait", "shift", "K power2"),
    "bins": ("K power0", "low -low", "wait", "shift", "K power1", "high -low", "high -low", "wait", "shift", "K power2",
             "high -high"),
}
"""Steps, one a cycle, that give D in digits: ``K S2``, and for bins less ``S1**2``.

``a b`` adds the product of two operands, ``a -b`` subtracts it; ``wait`` gives the accumulator's upper part a cycle;
``shift`` moves the accumulator down by a digit.  ``power0`` .. ``power2`` are the digits of S2, ``low`` and ``high``
those of S1.
"""


def live_multiplicity(radius: int | Pair, size: int | Pair | None = None) -> tuple[int, ...]:
    """Return the multiplicities of the live bins of real maps, in stream order.

    The size may be left out if no Nyquist bin is live.  Column v = 0 holds both bins of each conjugate pair, a bin of
    another column stands for -v too; the multiplicities' sum is ``(2 radius + 1)**2``, or that of all pixels.
    """
    r, s = as_pair(radius)
    return tuple(multiplicity(size or (2 * r + 2, 2 * s + 2), radius).T.reshape(-1).tolist())


def check_correction(correction: int, count: int) -> None:
    """Raise DescriptionError if a correction is neither 0 nor 1, or leaves no divisor for ``count`` values."""
    if isinstance(correction, bool) or not isinstance(correction, int) or correction not in (0, 1):
        raise DescriptionError(f"Normalise correction must be 0 or 1, not {correction!r}")
    if correction >= count:
        raise DescriptionError(f"Normalise correction must be 0 where there is only one value, not {correction}")


@dataclass(frozen=True, kw_only=True)
class NormalisePlan:
    """Normalisation of words; the module's docstring has the formulas.

    Parameters
    ----------
    multiplicity : tuple of 1 or 2
        w of each bin of a channel, in stream order, DC first.
    count : int, optional
        K, from the multiplicities' sum to 2**17 - 1; the default is that sum.  `full_bins` is the same number.
    width : int
        Bits of a part, in and out, 4 to 17.
    fraction : int
        Fraction bits of y, 0 to width - 1.
    over : "bins" or "map"
        Whether the bins or the map get mean 0 and variance 1.
    correction : 0 or 1
        The variance's divisor is ``K - correction``.

    Overflow: c' or y was clipped.
    """

    multiplicity: tuple[int, ...]
    count: int | None = None
    width: int
    fraction: int
    over: str
    correction: int = 0

    def __post_init__(self) -> None:
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
        check_correction(self.correction, self.full_bins)
        if self.variance_bits > 52:
            raise DescriptionError(
                f"Normalise count * sum(multiplicity) * 2**(2 width - 1) must fit 52 bits, not {self.variance_bits} of "
                f"{self.count} * {self.total} * 2**{2 * self.width - 1}")

    @property
    def bins(self) -> int:
        """Stored bins of a channel."""
        return len(self.multiplicity)

    @property
    def full_bins(self) -> int:
        """Bins of the full spectrum: K."""
        return self.total if self.count is None else self.count

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
        """Unsigned bits of S2."""
        return (self.total << (2 * self.width - 1)).bit_length()

    @property
    def variance_bits(self) -> int:
        """Unsigned bits of D."""
        return (self.full_bins * self.total << (2 * self.width - 1)).bit_length()

    @property
    def centred_bits(self) -> int:
        """Signed bits of c."""
        terms = self.full_bins + (self.total if self.over == "bins" else 0)
        return (terms << (self.width - 1)).bit_length() + 1

    @property
    def guard(self) -> int:
        """Fraction bits of c'."""
        reaches = self.correction == 1 and self.full_bins >= 4 ** (self.width - 1 - self.fraction)
        return OPERAND - 1 - self.width + self.fraction - (1 if reaches else 0)

    @property
    def drop(self) -> int:
        """Bits dropped from the last product."""
        return FRACTION + self.guard - self.fraction

    @property
    def floor(self) -> int:
        """Least exponent of ``sqrt(D)``: a deviation below ``2**floor / K`` LSB counts as that much."""
        return min(max(self.full_bins.bit_length() - 2, 0), (self.variance_bits - 1) // 2)

    @cached_property
    def rsqrt(self) -> Rsqrt:
        """Reciprocal root ``gain / sqrt(D)``, in which the root of D counts as ``2**floor`` at least."""
        return Rsqrt(width=self.variance_bits, square=Fraction(self.full_bins - self.correction, self.full_bins),
                     floor=self.floor)

    @property
    def result(self) -> Requantise:
        """Rounding from ``c' mantissa`` to y."""
        return Requantise(self.drop, self.width, True)

    @property
    def shifts(self) -> bool:
        """True if the products with K are shifts, because K is a power of two."""
        return self.full_bins & (self.full_bins - 1) == 0

    @property
    def statistics(self) -> int:
        """Cycles from a channel's last beat to its scale: square, add, sum, the steps and their pipeline, the root."""
        sums = timing.GATE + timing.MULTIPLIER + timing.SUM + TOTAL
        return sums + len(STEPS[self.over]) + timing.MULTIPLIER + 6 + self.rsqrt.pipeline

    @property
    def release(self) -> int:
        """Cycles from a scale's first use for which the next channel's last beat must wait: the sum is still in use."""
        return timing.RAM + timing.MULTIPLIER - TOTAL - timing.GATE + 1

    @property
    def interval(self) -> int:
        """Cycles a channel: its bins, or its statistics where they take longer."""
        return max(self.bins, self.statistics + self.release)

    @property
    def buffer(self) -> int:
        """Words of the buffer: a channel, those that arrive until its scale is known, three until fullness is seen."""
        return self.bins + min(self.bins, self.statistics) + 3

    @property
    def centre(self) -> int:
        """Cycles from a read of the buffer to c: read, multiply, subtract."""
        return timing.RAM + timing.MULTIPLIER + (timing.SUM if self.over == "bins" else 0)

    @property
    def narrow(self) -> int:
        """Cycles from c to c': two bits of the shift a cycle, one to round, one to saturate."""
        return timing.rescale(Rescale(0, (1 << self.rsqrt.exponent_bits) - 1, OPERAND))

    @property
    def pipeline(self) -> int:
        """Cycles from a read of the buffer to y: centre, narrow, multiply, requantise."""
        return self.centre + self.narrow + timing.MULTIPLIER + timing.requantise(self.result)

    @property
    def multipliers(self) -> int:
        """Multipliers: two for the squares, one for D, one for the root, two for the scale; two for K z, or shifts."""
        return 2 + 1 + self.rsqrt.multipliers + 2 + (0 if self.shifts else 2)

    @property
    def memory_bits(self) -> int:
        """Bits of the buffer and of the reciprocal root's table."""
        return 2 * self.width * self.buffer + self.rsqrt.memory_bits

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which a first frame's beats leave, FIFO included, from those in which they arrive.

        A channel is read back once its scale is known, and the next channel's last beat waits until it is in use.
        """
        reads: list[np.ndarray] = []
        entered, used = -1, -self.release
        for beats in times.reshape(-1, self.bins):
            entered = transfers(np.maximum(beats, entered + 1))[-1]
            entered = max(entered, used + self.release)
            used = max(entered + self.statistics, reads[-1][-1] if reads else 0)
            reads.append(used + 1 + np.arange(self.bins))
        return transfers(np.concatenate(reads) + self.pipeline + timing.fifo(self.pipeline))

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of complex words x (n, C, bins); overflow is bool (n,)."""
        return self.apply(check_words("Normalise", x, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        z = np.array(x, dtype=np.complex128)
        if self.over == "map":
            z[..., 0] = 0
        w = np.array(self.multiplicity, dtype=np.float64)
        s1 = (w * z.real).sum(-1) if self.over == "bins" else np.zeros(z.shape[:-1])
        s2 = (w * (z.real**2 + z.imag**2)).sum(-1)
        mantissa, exponent, _ = self.rsqrt.apply(self.full_bins * s2 - s1**2)
        c = self.full_bins * z - s1[..., None]
        narrowed, inner = clip_frames(np.rint(c * 2.0 ** (self.guard - exponent)[..., None]), OPERAND)
        y, outer = clip_frames(round_half_even(narrowed * mantissa[..., None], self.drop), self.width)
        return y, inner | outer
