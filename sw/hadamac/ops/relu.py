"""Activation ReLU of maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model.pwl.fitting import FUNCTIONS
from ..model.pwl.table import relu
from ..network.stage import Stage
from .activation import Activation
from .base import Params, Words, no_overflow

__all__ = ["Relu"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Relu(Activation):
    """Function ``max(x, 0)`` of every pixel; the words keep their format, which may have any width."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return ``max(x, 0)``."""
        return FUNCTIONS["relu"].of(x[0])

    def apply(self, *x: np.ndarray) -> Words:
        """Return ``max(x, 0)``."""
        return relu(x[0]), no_overflow(x[0])

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave: those in which they come in, because there is no FIFO."""
        return times[0]
