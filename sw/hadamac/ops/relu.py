"""Activation ReLU of maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..model.pwl.fitting import FUNCTIONS
from ..model.pwl.table import relu
from ..network.stage import Stage
from .base import Calibration, Params, Stored, Words, no_overflow
from .pointwise import Pointwise

__all__ = ["Relu"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Relu(Pointwise):
    """Function ``max(x, 0)`` of every pixel; the words keep their format, which may have any width."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return ``max(x, 0)``."""
        return FUNCTIONS["relu"].of(x[0])

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation, which has nothing to choose."""
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0])

    def apply(self, *x: np.ndarray) -> Words:
        """Return ``max(x, 0)``."""
        return relu(x[0]), no_overflow(x[0])

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the function."""
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"])

    @property
    def pipeline(self) -> int:
        """Cycles of the pipeline: 0, because the circuit is combinational."""
        return 0
