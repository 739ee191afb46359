"""Modulus of bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..model.modulus import ModulusPlan
from ..network.stage import Stage
from .activation import Activation
from .base import Calibration, Params, Stored
from .planned import Pipelined

__all__ = ["Modulus"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Modulus(Activation, Pipelined):
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

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan."""
        return {"plan": ModulusPlan(width=stored.formats.width)}

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: two for each bin."""
        return 2 * self.bins
