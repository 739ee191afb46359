"""The registry of torch modules, by the operation that a stage has, and how a module exchanges its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from ..network.stage import Stage

__all__ = ["MODULES", "StageModule", "module"]

Make = Callable[[Stage], "StageModule"]
MODULES: dict[str, Make] = {}
"""The function that makes the module of a stage, by the stage's operation."""


def module(operation: str) -> Callable[[Make], Make]:
    """Return a decorator that registers a function which makes the module of a stage."""

    def register(make: Make) -> Make:
        MODULES[operation] = make
        return make

    return register


class StageModule(torch.nn.Module):
    """A module of a stage.

    Its parameters are exchanged in the form in which ``Network.parameters`` has them: by default each tensor that
    `held` names is taken as it is.
    """

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return its tensors by the names that they have in ``Network.parameters``."""
        return {}

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return its parameters, float32."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.held(stage).items()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Take its parameters over."""
        for name, tensor in self.held(stage).items():
            tensor.copy_(torch.from_numpy(params[name]))
