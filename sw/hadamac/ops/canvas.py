"""Copy of the first pixels of maps into maps of another size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model.canvas import CanvasPlan, canvas
from ..network import layers
from ..network.stage import Stage
from ..shapes import Pair, text
from .base import Operation, Params, Words

__all__ = ["Canvas"]


def _keep(stage: Stage) -> Pair:
    """Return the rows and columns that are kept."""
    if not isinstance(stage.layer, layers.Canvas):
        raise TypeError(f"Stage {stage.name} must belong to a Canvas layer")
    return stage.layer.kept(stage.size[0] == 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Canvas(Operation):
    """Copy of words of any width; the format stays."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the maps (n, channels, *size_out)."""
        return canvas(x[0], _keep(stage), stage.size_out)

    @property
    def plan(self) -> CanvasPlan:
        """The plan of the block."""
        stage = self.stage
        return CanvasPlan(size=stage.size, keep=_keep(stage), to=stage.size_out, channels=stage.channels)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the maps of another size."""
        return self.plan.apply(*x)

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame: the places of a grid that contains input and output."""
        return self.plan.interval

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave."""
        return self.plan.arrivals(*times)

    def taken(self, *times: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the cycles in which input beats are taken: they wait while zeros leave."""
        return (self.plan.taken(*times),)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"Canvas {text(_keep(self.stage), '×')} in {text(self.stage.size_out, '×')}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "canvas"
