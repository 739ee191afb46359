"""Modulus of bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..model.modulus import ModulusPlan
from ..network.stage import Stage
from .base import Calibration, Params, Stored, Words
from .pointwise import Pointwise

__all__ = ["Modulus"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Modulus(Pointwise):
    """Modulus ``|z|`` of every bin; the words keep their format."""

    plan: ModulusPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return ``|z|`` as complex numbers."""
        return np.abs(x[0]) + 0j

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation, which has nothing to choose."""
        plan = ModulusPlan(width=given.formats.width)
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0], plan=plan)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the words of ``|z|``."""
        return self.plan.apply(*x)

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.plan.run(*x)

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the modulus."""
        plan = ModulusPlan(width=stored.formats.width)
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"], plan=plan)

    @property
    def pipeline(self) -> int:
        """Cycles from an input beat to the push of its result into the output FIFO."""
        return self.plan.pipeline

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers."""
        return self.plan.multipliers

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: two for each bin."""
        return 2 * self.bins
