"""Modulus of complex maps, each of which is a pair of real maps; an operation of scattering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..model.modulus import ModulusPlan, hypotenuse
from ..model.words import check_words
from ..network.stage import Stage
from ..numeric import clip_frames
from .base import Calibration, Operation, Params, Stored, Words

__all__ = ["PairModulus"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairModulus(Operation):
    """Modulus ``sqrt(a**2 + b**2)`` of pixels.

    Maps (n, 2 L, M, M), in which the map of the real part precedes that of the imaginary part, become (n, L, M, M).
    """

    plan: ModulusPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the moduli."""
        return np.hypot(x[0][:, 0::2], x[0][:, 1::2])

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation, which has nothing to choose."""
        plan = ModulusPlan(width=given.formats.width)
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0], plan=plan)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the moduli of words."""
        return clip_frames(hypotenuse(x[0][:, 0::2], x[0][:, 1::2]), self.width)

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.apply(check_words("Moduli", x[0], self.width, real=True))

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the modulus."""
        plan = ModulusPlan(width=stored.formats.width)
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"], plan=plan)

    @property
    def pipeline(self) -> int:
        """Cycles from a beat of the imaginary map to the push of its result, including the read of the real map."""
        return timing.RAM + self.plan.pipeline

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame, which is the number of its input beats."""
        return self.stage.inputs * self.stage.size**2 // 2

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers: two for each of the two pixels of a beat."""
        return 2 * self.plan.multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the stored real map and of the output FIFO."""
        return self.width * self.stage.size**2 + timing.fifo_bits(2 * self.width + 1, self.pipeline)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which moduli leave, a fixed time after the beats of the imaginary part have arrived."""
        imaginary = times[0].reshape(-1, 2, self.stage.beats // self.stage.channels)[:, 1].reshape(-1)
        return transfers(imaginary + self.pipeline + timing.fifo(self.pipeline))

    @property
    def what(self) -> list[str]:
        return ["modulus of pixels"]
