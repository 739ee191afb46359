"""Change of the width of words, of real ones or of both parts of complex ones, that keeps what they are of full scale.

Words that lose ``k`` bits become ``saturate(round_half_even(x / 2**k))`` and lose ``k`` fraction bits; only a word that
is rounded up beyond full scale saturates.  Words that gain bits are shifted up, which is exact and needs no circuit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..numeric import Requantise, requantise, round_half_even
from .words import check_words

__all__ = ["ResizePlan"]


@dataclass(frozen=True, kw_only=True)
class ResizePlan:
    """Change of the width of words, and what its circuit costs.

    Parameters
    ----------
    in_width, width : int
        Bits of a word, or of a part of one, before and after.
    """

    in_width: int
    width: int

    @property
    def drop(self) -> int:
        """Bits that a word loses; negative if it gains bits."""
        return self.in_width - self.width

    @property
    def rule(self) -> Requantise:
        """Rule by which a word loses bits."""
        return Requantise(self.drop, self.width, True)

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of words (n, ...); raise DataError for words beyond ``in_width`` bits."""
        return self.apply(check_words("Resize", x, self.in_width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do the same as `run` with words that are known to fit."""
        if self.drop <= 0:
            return round_half_even(x, self.drop), np.zeros(len(x), dtype=bool)
        return requantise(x, self.rule)

    @property
    def pipeline(self) -> int:
        """Cycles from a beat to its result before the output FIFO."""
        return timing.requantise(self.rule) if self.drop > 0 else 0

    @property
    def latency(self) -> int:
        """Cycles from a beat in to the same beat out; 0 is combinational."""
        return self.pipeline + timing.fifo(self.pipeline) if self.drop > 0 else 0

    @property
    def memory_bits(self) -> int:
        """Bits of the output FIFO of beats with two numbers."""
        return timing.fifo_bits(2 * self.width + 1, self.pipeline) if self.drop > 0 else 0

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave, from those in which they come in."""
        return transfers(times + self.latency)
