"""Torch modules for training: the layers of :mod:`hadamac.network.layers` in ``float32``, on live bins.

Between modules flow real maps ``(n, C, N, N)`` or bins ``(n, C, rows, radius + 1)`` of their unnormalised DFT, ordered
as :mod:`hadamac.network.stages` orders them; with ``radius = N/2`` that is the layout of ``torch.fft.rfft2``.  The
modules can be put together by hand; :class:`SpectralCnn` builds a described network, pruned to its live bins.

Only this module, those that it takes its layers from, and :mod:`hadamac.nn.train` import torch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..network.network import Network
from ..network.stage import Stage
from ..network.walk import walk
from ..quantised.reference import check_parameters
from . import activations, spectral  # noqa: F401  (their modules register themselves)
from .registry import MODULES, StageModule

__all__ = ["SpectralCnn"]


def _made(stage: Stage) -> StageModule:
    """Return the module that is registered for a stage's operation."""
    if stage.operation not in MODULES:
        raise NotImplementedError(f"Stage {stage.name} has no torch module: register one for {stage.operation!r}")
    return MODULES[stage.operation](stage)


class SpectralCnn(torch.nn.Module):
    """A described network, stage by stage.

    Parameters
    ----------
    network : Network

    ``forward`` takes float32 images ``(n, size, size)`` in units of 1.0 = pixel 256 and returns
    logits ``(n, outputs)``.
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

    def parameters_numpy(self) -> dict[str, np.ndarray]:
        """Return the parameters as ``Network.parameters`` names them: float32, the dense layer folded."""
        out: dict[str, np.ndarray] = {}
        for stage, part in zip(self.network.stages, self.stages):
            out |= part.give(stage)
        return {name: out[name] for name in self.network.parameters}

    def load_numpy(self, params: Mapping[str, np.ndarray]) -> None:
        """Take parameters named and shaped as ``Network.parameters``; raise DataError if they are not."""
        params = check_parameters(self.network, params)
        for stage, part in zip(self.network.stages, self.stages):
            part.take(stage, params)
