"""Sum of several maps or spectra of one shape whose words may have different formats.

With ``f_k`` the fraction bits of the inputs and g those of the output, words are aligned to a common number F of
fraction bits, added exactly, rounded once and saturated::

    F = min(max_k f_k, min_k f_k + ALIGN)
    y = saturate(round_half_even(sum_k a_k / 2**(F - g)))      a_k = x_k 2**(F - f_k)                   if f_k <= F
                                                               a_k = round_half_even(x_k / 2**(f_k - F))  otherwise

Only an input that is finer than the coarsest by more than ALIGN bits loses bits before the sum, by at most
``2**-(ALIGN + 1)`` of the coarsest input's LSB.  A sum of K aligned words of w bits has at most
``w + ALIGN + ceil(log2 K)`` bits.

Bins: an input that has a smaller radius than the sum counts as zero beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..checks import integer
from ..errors import DescriptionError
from ..numeric import Requantise, clip_frames, round_half_even
from .words import check_words

__all__ = ["ALIGN", "AddPlan"]

ALIGN = 8
"""Most bits by which the common format is finer than the coarsest input."""
FRACTIONS = (-64, 64)
"""Least and greatest number of fraction bits."""


@dataclass(frozen=True, kw_only=True)
class AddPlan:
    """A sum in words, and what its circuit costs.

    Parameters
    ----------
    fractions : tuple of int
        Fraction bits of each input.
    fraction : int
        Fraction bits of the sum, at most `common`.
    width : int
        Bits of a part of a word, in and out.
    """

    fractions: tuple[int, ...]
    fraction: int
    width: int

    multipliers = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "fractions", tuple(self.fractions))
        if not 2 <= len(self.fractions) <= 8:
            raise DescriptionError(f"Add inputs must be from 2 to 8, not {len(self.fractions)}")
        for value in self.fractions:
            integer("Add fraction bits of an input", value, *FRACTIONS)
        integer("Add width", self.width, 2, 24)
        integer("Add fraction bits", self.fraction, FRACTIONS[0], self.common)

    @property
    def common(self) -> int:
        """F, the fraction bits of the aligned words."""
        return min(max(self.fractions), min(self.fractions) + ALIGN)

    @property
    def shifts(self) -> tuple[int, ...]:
        """Places by which each input moves up; below zero it drops bits, and is rounded."""
        return tuple(self.common - f for f in self.fractions)

    @property
    def sum_width(self) -> int:
        """Bits of the exact sum of aligned words."""
        return self.width + max(0, *self.shifts) + timing.tree(len(self.fractions))

    @property
    def rule(self) -> Requantise:
        """The rounding and saturation of the sum."""
        return Requantise(self.common - self.fraction, self.width, True)

    @property
    def align(self) -> int:
        """Cycles to align: one, and one more where an input is rounded."""
        return 1 + (min(self.shifts) < 0)

    @property
    def pipeline(self) -> int:
        """Cycles from beats in to the push into the output FIFO: align, add in a tree, requantise."""
        return self.align + timing.tree(len(self.fractions)) + timing.requantise(self.rule)

    @property
    def latency(self) -> int:
        """Cycles from the beats in to the beat out."""
        return self.pipeline + timing.fifo(self.pipeline)

    @property
    def memory_bits(self) -> int:
        """Bits of the output FIFO."""
        return timing.fifo_bits(2 * self.width + 1, self.pipeline)

    def run(self, *words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of arrays (n, channels, ..) of one shape; DataError for words beyond ``width``."""
        return self.apply(*(check_words("Add", x, self.width) for x in words))

    def apply(self, *words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run` with words that are known to fit."""
        aligned = (x * 2.0**up if up >= 0 else round_half_even(x, -up) for x, up in zip(words, self.shifts))
        total = sum(aligned, np.zeros((), dtype=np.result_type(*words)))
        return clip_frames(round_half_even(total, self.rule.drop), self.width)

    def together(self, *times: np.ndarray) -> np.ndarray:
        """Return the cycles in which the beats of all inputs are taken, for those in which they are offered.

        An input that does not take part in a beat has a time of -1 there.
        """
        return transfers(np.maximum.reduce(times))

    def arrivals(self, *times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave, for those in which the beats of every input are offered."""
        return transfers(self.together(*times) + self.pipeline + timing.fifo(self.pipeline))
