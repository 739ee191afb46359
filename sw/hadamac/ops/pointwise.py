"""Base class of functions of single pixels or single bins."""

from __future__ import annotations

from dataclasses import dataclass

from ..network.layers import Activation
from ..network.stage import Stage
from .base import Pipelined

__all__ = ["Pointwise"]

NAMES = {"relu": "ReLU", "modrelu": "modReLU", "gelu": "GELU", "silu": "SiLU"}
"""Names of functions for the reader, if they differ from those in a description."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pointwise(Pipelined):
    """Function of every pixel, or of every bin."""

    @classmethod
    def layer(cls, stage: Stage) -> Activation:
        """Return the layer of a stage, which is an activation."""
        if not isinstance(stage.layer, Activation):
            raise TypeError(f"Stage {stage.name} must belong to an Activation layer")
        return stage.layer

    @property
    def what(self) -> list[str]:
        return [self.caption + (" of bins" if self.stage.kind == "bin" else "")]

    @property
    def caption(self) -> str:
        function = self.layer(self.stage).function
        return NAMES.get(function, function)
