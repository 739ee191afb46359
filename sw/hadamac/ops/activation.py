"""Base of the operations that are functions of single pixels or bins."""

from __future__ import annotations

from dataclasses import dataclass

from ..network import layers
from ..network.stage import Stage
from .base import Operation

__all__ = ["Activation"]

NAMES = {"relu": "ReLU", "modrelu": "modReLU", "gelu": "GELU", "silu": "SiLU"}
"""Functions that are written otherwise than in a description."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation(Operation):
    """Activation: a function of every pixel, or of every bin, that the layer `Activation` describes."""

    @classmethod
    def layer(cls, stage: Stage) -> layers.Activation:
        """Return the stage's layer, which is an activation."""
        if not isinstance(stage.layer, layers.Activation):
            raise TypeError(f"Stage {stage.name} is no activation")
        return stage.layer

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [self.caption + (" of bins" if self.stage.kind == "bin" else "")]

    @property
    def caption(self) -> str:
        """The name of the function, for a picture."""
        function = self.layer(self.stage).function
        return NAMES.get(function, function)
