"""Crop of a spectrum, for a stage before it that computes more bins than the stages after it need."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ..model.crop import crop, live_rows
from ..network.stage import Stage
from .base import Operation, Params, Words, no_overflow

__all__ = ["Crop"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Crop(Operation):
    """Crop to the bins up to the radius of the stage; the words keep their format, which may have any width."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the bins that are kept."""
        return crop(x[0], stage.bins_radius)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the bins that are kept."""
        return np.ascontiguousarray(crop(x[0], self.stage.bins_radius)), no_overflow(x[0])

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame, which is the number of its input beats."""
        return self.stage.channels * prod(self.stage.shape_in)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave, which are those in which they arrive."""
        stage = self.stage
        mask = np.zeros(stage.shape_in, dtype=bool)
        mask[live_rows(len(mask), stage.bins_radius[0]), : stage.columns] = True
        return times[0][np.tile(mask.T.reshape(-1), stage.channels)]

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        r, s = self.stage.bins_radius
        if self.stage.size[0] == 1:
            return [f"crop to |v| ≤ {s}"]
        return [f"crop to |u|, |v| ≤ {s}" if r == s else f"crop to |u| ≤ {r}, |v| ≤ {s}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "crop"
