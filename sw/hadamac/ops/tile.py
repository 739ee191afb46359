"""Pooling of maps by tiles of 2 x 2 pixels: the maximum of a tile, or its first pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ..model.tile import TilePlan, decimate, max_pool
from ..network.stage import Stage
from .base import Calibration, Operation, Params, Stored, Words

__all__ = ["Decimate", "MaxPool"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tile(Operation):
    """Pooling by tiles; the words keep their format, which may have any width."""

    maximum: ClassVar[bool]

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the pooled maps (n, channels, N/2, N/2)."""
        return max_pool(x[0]) if cls.maximum else decimate(x[0])

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation, which has nothing to choose."""
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0])

    @property
    def plan(self) -> TilePlan:
        """Plan of the block."""
        stage = self.stage
        return TilePlan(size=stage.size, width=self.width, channels=stage.channels, maximum=self.maximum)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the pooled maps."""
        return self.plan.apply(*x)

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the pooling."""
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"])

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame, which is the number of its input beats."""
        return self.plan.interval

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the line buffer and the output FIFO."""
        return self.plan.memory_bits

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which results leave, a fixed time after the last pixel of each tile has arrived."""
        return self.plan.arrivals(*times)


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool(_Tile):
    """Max pooling: the maximum of each tile."""

    maximum = True

    @property
    def what(self) -> list[str]:
        return [f"MaxPool {self.stage.size}→{self.stage.size // 2}"]

    @property
    def caption(self) -> str:
        return "max pooling"


@dataclass(frozen=True, kw_only=True, eq=False)
class Decimate(_Tile):
    """Decimation: the first pixel of each tile, an operation of scattering."""

    maximum = False

    @property
    def what(self) -> list[str]:
        return [f"decimate {self.stage.size}→{self.stage.size // 2}"]
