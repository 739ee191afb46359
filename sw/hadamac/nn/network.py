"""Torch module of a whole network, built from its description."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..network.network import Network
from ..network.stage import Stage
from ..network.walk import walk
from ..quantised.reference import check_parameters
from . import activations, dense, normalise, products, spectral  # noqa: F401  (their modules are registered on import)
from .registry import MODULES, StageModule

__all__ = ["SpectralCnn"]


def _made(stage: Stage) -> StageModule:
    """Return the module that is registered for a stage's operation."""
    if stage.operation not in MODULES:
        raise NotImplementedError(f"Stage {stage.name} has no torch module: register one for {stage.operation!r}")
    return MODULES[stage.operation](stage)


class SpectralCnn(torch.nn.Module):
    """Torch module of a network, stage by stage.

    ``forward`` takes float32 maps ``(n, channels, H, W)``, the values of the input's words with their border
    (:func:`hadamac.network.source.source_values`), and returns the answer: ``(n, outputs)``, maps, or complex bins.
    For one channel the maps may be ``(n, H, W)``.  Signals may be ``(n, channels, N)``.

    If the network standardises its input, ``mean`` and ``deviation`` (channels,) are the statistics of the training
    data; `fit` sets them.

    Parameters
    ----------
    network : Network
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.zeros(network.channels))
        self.register_buffer("deviation", torch.ones(network.channels))
        self.stages = torch.nn.ModuleList(_made(stage) for stage in network.stages)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the answers to images or signals."""
        return walk(self.network.stages, self.maps(images), self.at)

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the maps that the first stages take: images or signals, standardised if the network does so."""
        maps = images.reshape(len(images), self.network.channels, *self.network.size)
        if self.network.standardise:
            maps = (maps - self.mean[:, None, None]) / self.deviation[:, None, None]
        return maps

    def at(self, k: int, taken: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Return what leaves stage ``k``, for what its sources give."""
        stage = self.network.stages[k]
        y = self.stages[k](*taken)
        return y * float(stage.scale) if stage.places else y

    def standardise_by(self, frames: np.ndarray) -> None:
        """Take the mean and the deviation of each channel of training frames of words (n, channels, rows, columns)."""
        values = self.network.input_format.values(frames)
        mean, deviation = values.mean((0, 2, 3)), values.std((0, 2, 3))
        with torch.no_grad():
            self.mean.copy_(torch.from_numpy(mean))
            self.deviation.copy_(torch.from_numpy(np.where(deviation > 0, deviation, 1)))

    def _parts(self) -> list[StageModule]:
        """Return the modules of the stages, in order."""
        return [part for part in self.stages if isinstance(part, StageModule)]

    def parameters_numpy(self) -> dict[str, np.ndarray]:
        """Return the parameters in float32, with the names and shapes of ``Network.parameters``."""
        out = {f"input.{name}": getattr(self, name).numpy().copy() for name in ("mean", "deviation")}
        for stage, part in zip(self.network.stages, self._parts()):
            out |= part.give(stage)
        return {name: out[name] for name in self.network.parameters}

    def load_numpy(self, params: Mapping[str, np.ndarray]) -> None:
        """Load parameters with the names and shapes of ``Network.parameters``; raise DataError for others."""
        checked = check_parameters(self.network, params)
        with torch.no_grad():
            for name in ("mean", "deviation") if self.network.standardise else ():
                getattr(self, name).copy_(torch.from_numpy(checked[f"input.{name}"]))
        for stage, part in zip(self.network.stages, self._parts()):
            part.take(stage, checked)
