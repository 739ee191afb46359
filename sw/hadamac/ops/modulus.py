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
    """``|z|`` of every bin; the format stays."""

    plan: ModulusPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return ``|z|`` as a complex number."""
        return np.abs(x[0]) + 0j

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation; there is nothing to choose."""
        plan = ModulusPlan(width=given.formats.width)
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0], plan=plan)

    def apply(self, *x: np.ndarray) -> Words:
        """Return ``|z|`` of bins."""
        return self.plan.apply(*x)

    def run(self, *x: np.ndarray) -> Words:
        """Return the same; raise DataError for words that the plan's bits cannot hold."""
        return self.plan.run(*x)

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the operation."""
        plan = ModulusPlan(width=stored.formats.width)
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"], plan=plan)

    @property
    def pipeline(self) -> int:
        """Cycles from a beat in to its push into the output FIFO."""
        return self.plan.pipeline

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers."""
        return self.plan.multipliers

    @property
    def multiplications(self) -> int:
        """Two a bin."""
        return 2 * self.bins
