"""Torch modules of the dense layer: weights on maps, or weights on bins.

:mod:`hadamac.network.layers` defines the layer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..model.crop import multiplicity
from ..network import layers
from ..network.spectra import fold_fft, parseval_weights, unfold_fft
from ..network.stage import Stage, orthonormal
from .registry import StageModule, module

__all__ = ["BinsDense", "MapDense"]


class MapDense(StageModule):
    """Linear layer on maps, whose trained parameters are weights on the real vector of the maps' bins.

    :func:`hadamac.network.spectra.fold_fft` defines this vector.  ``forward`` takes float32 maps
    ``(n, inputs, size, size)`` and returns ``(n, outputs)``.

    Parameters
    ----------
    inputs, outputs : int
        Number of channels, and number of results.
    size : int
        N of the maps.
    """

    scale: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, size: int):
        super().__init__()
        self.size = size
        start = torch.randn(outputs, inputs, size, size).numpy() * (1 / (inputs * size**2)) ** 0.5
        self.weight = torch.nn.Parameter(torch.from_numpy(unfold_fft(start).astype(np.float32)))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.register_buffer("scale", torch.from_numpy(parseval_weights(size).astype(np.float32)), persistent=False)

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return ``dense.weight``, which are weights on maps, and ``dense.bias``."""
        folded = fold_fft(self.weight.detach().numpy(), self.size).astype(np.float32)
        return {"dense.weight": folded, "dense.bias": self.bias.detach().numpy().copy()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Set the parameters by ``dense.weight``, which are weights on maps, and ``dense.bias``."""
        self.weight.copy_(torch.from_numpy(unfold_fft(params["dense.weight"])))
        self.bias.copy_(torch.from_numpy(params["dense.bias"]))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        bins = torch.fft.rfft2(maps, norm="ortho") * self.scale
        return torch.nn.functional.linear(torch.view_as_real(bins).flatten(1), self.weight.flatten(1), self.bias)


class BinsDense(StageModule):
    """Linear layer on the real and imaginary parts of bins.

    ``forward`` takes complex64 bins ``(n, inputs, rows, radius + 1)`` of ``size`` x ``size`` maps and returns
    ``(n, outputs)``.  The weights on bins are ``weight * parseval``: each bin is scaled as in Parseval's theorem, so
    that a trained ``weight`` has the same effect for every bin.

    Parameters
    ----------
    inputs, outputs : int
        Number of channels, and number of results.
    size, radius : int
        N of the maps, and radius of the bins.
    scale : float
        Scale of the pools upstream.
    """

    parseval: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, size: int, radius: int, scale: float = 1.0):
        super().__init__()
        weight = np.sqrt(multiplicity(size, radius))[..., None] / orthonormal(size)
        shape = (outputs, inputs, *weight.shape[:2], 2)
        self.weight = torch.nn.Parameter(torch.randn(shape) * (1 / np.prod(shape[1:])) ** 0.5)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.scale = scale
        self.register_buffer("parseval", torch.from_numpy(weight.astype(np.float32)), persistent=False)

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return ``dense.weight``, which are weights on bins, and ``dense.bias``."""
        weight = self.weight.detach().numpy() * self.parseval.numpy()
        return {"dense.weight": weight, "dense.bias": self.bias.detach().numpy().copy()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Set the parameters by ``dense.weight``, which are weights on bins, and ``dense.bias``."""
        self.weight.copy_(torch.from_numpy(params["dense.weight"] / self.parseval.numpy()))
        self.bias.copy_(torch.from_numpy(params["dense.bias"]))

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        reals = torch.view_as_real(bins.contiguous()) * (self.parseval * self.scale)
        return torch.nn.functional.linear(reals.flatten(1), self.weight.flatten(1), self.bias)


@module("dense")
def _dense(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.Dense):
        raise TypeError(f"Stage {stage.name} must belong to a Dense layer")
    if stage.radius is None:
        return MapDense(stage.inputs, layer.outputs, size=stage.size)
    return BinsDense(stage.inputs, layer.outputs, size=stage.size, radius=stage.radius, scale=float(stage.scale))
