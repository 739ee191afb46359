"""Torch module of a whole network, built from its description."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..network.network import Network
from ..network.stage import Stage
from ..network.walk import walk
from ..quantised.reference import check_parameters
from . import activations, dense, spectral  # noqa: F401  (their modules are registered on import)
from .registry import MODULES, StageModule

__all__ = ["SpectralCnn"]


def _made(stage: Stage) -> StageModule:
    """Return the module that is registered for a stage's operation."""
    if stage.operation not in MODULES:
        raise NotImplementedError(f"Stage {stage.name} has no torch module: register one for {stage.operation!r}")
    return MODULES[stage.operation](stage)


class SpectralCnn(torch.nn.Module):
    """Torch module of a network, stage by stage.

    ``forward`` takes float32 images ``(n, size, size)``, in which a pixel p is ``p / 256``, and returns the logits
    ``(n, outputs)``.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.stages = torch.nn.ModuleList(_made(stage) for stage in network.stages)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits of images."""
        def visit(k: int, taken: tuple[torch.Tensor, ...]) -> torch.Tensor:
            stage = self.network.stages[k]
            y = self.stages[k](*taken)
            return y * float(stage.scale) if stage.places else y

        return walk(self.network.stages, images[:, None], visit)

    def _parts(self) -> list[StageModule]:
        """Return the modules of the stages, in order."""
        return [part for part in self.stages if isinstance(part, StageModule)]

    def parameters_numpy(self) -> dict[str, np.ndarray]:
        """Return the parameters in float32, with the names and shapes of ``Network.parameters``."""
        out: dict[str, np.ndarray] = {}
        for stage, part in zip(self.network.stages, self._parts()):
            out |= part.give(stage)
        return {name: out[name] for name in self.network.parameters}

    def load_numpy(self, params: Mapping[str, np.ndarray]) -> None:
        """Load parameters with the names and shapes of ``Network.parameters``; raise DataError for others."""
        checked = check_parameters(self.network, params)
        for stage, part in zip(self.network.stages, self._parts()):
            part.take(stage, checked)
