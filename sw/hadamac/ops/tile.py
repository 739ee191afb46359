"""Pooling of tiles of 2 x 2 pixels: their maximum, or their first pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..model.tile import TilePlan, decimate, max_pool
from ..network.stage import Stage
from ..shapes import text
from .base import Operation, Params, Words

__all__ = ["Decimate", "MaxPool"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tile(Operation):
    """Pooling of words of any width; the format stays."""

    maximum: ClassVar[bool]

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the maps (n, channels, H/2, W/2)."""
        return max_pool(x[0]) if cls.maximum else decimate(x[0])

    @property
    def plan(self) -> TilePlan:
        """The plan of the block."""
        stage = self.stage
        return TilePlan(size=stage.size, width=self.width, channels=stage.channels, maximum=self.maximum)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the pooled maps."""
        return self.plan.apply(*x)

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles a frame: the beats that come in."""
        return self.plan.interval

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the line buffer and the output FIFO."""
        return self.plan.memory_bits

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the times of results: one leaves some cycles after the last pixel of its tile comes in."""
        return self.plan.arrivals(*times)


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool(_Tile):
    """Maximum of each tile."""

    maximum = True

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"MaxPool {text(self.stage.size)}→{text(self.stage.size_out)}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "max pooling"


@dataclass(frozen=True, kw_only=True, eq=False)
class Decimate(_Tile):
    """First pixel of each tile; scattering has it."""

    maximum = False

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"decimate {text(self.stage.size)}→{text(self.stage.size_out)}"]
