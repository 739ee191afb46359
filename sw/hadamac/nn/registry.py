"""Registry of torch modules by the operation of a stage, and the base class of these modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from ..network.stage import Stage

__all__ = ["MODULES", "StageModule", "module"]

Make = Callable[[Stage], "StageModule"]
"""Type of a function that makes the module of a stage."""
MODULES: dict[str, Make] = {}
"""Function that makes the module of a stage, by the name of the stage's operation."""


def module(operation: str) -> Callable[[Make], Make]:
    """Return a decorator that registers a function which makes the modules of an operation."""

    def register(make: Make) -> Make:
        MODULES[operation] = make
        return make

    return register


class StageModule(torch.nn.Module):
    """Torch module of a stage.

    `give` and `take` exchange its parameters with NumPy, with the names and shapes of ``Network.parameters``.  By
    default, these are the tensors that `held` names, unchanged.
    """

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return the tensors of the parameters by their names in ``Network.parameters``."""
        return {}

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return the parameters as float32 arrays."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.held(stage).items()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Set the parameters to given arrays."""
        for name, tensor in self.held(stage).items():
            tensor.copy_(torch.from_numpy(params[name]))
