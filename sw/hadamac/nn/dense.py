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
from ..shapes import Pair, as_pair
from .registry import StageModule, module

__all__ = ["BinsDense", "MapDense"]


class MapDense(StageModule):
    """Linear layer on maps, whose trained parameters are weights on the real vector of the maps' bins.

    :func:`hadamac.network.spectra.fold_fft` defines this vector.  ``forward`` takes float32 maps
    ``(n, inputs, H, W)`` and returns ``(n, outputs)``.

    Parameters
    ----------
    inputs, outputs : int
        Number of channels, and number of results.
    size : int or (int, int)
        Rows H and columns W of the maps.
    """

    scale: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, size: int | Pair):
        super().__init__()
        self.size = rows, columns = as_pair(size)
        start = torch.randn(outputs, inputs, rows, columns).numpy() * (1 / (inputs * rows * columns)) ** 0.5
        self.weight = torch.nn.Parameter(torch.from_numpy(unfold_fft(start).astype(np.float32)))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.register_buffer("scale", torch.from_numpy(parseval_weights(columns).astype(np.float32)), persistent=False)

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return the weights on maps and the biases, under names that begin with that of the stage."""
        folded = fold_fft(self.weight.detach().numpy(), self.size).astype(np.float32)
        return {f"{stage.name}.weight": folded, f"{stage.name}.bias": self.bias.detach().numpy().copy()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Set the parameters by the weights on maps and the biases of a stage."""
        self.weight.copy_(torch.from_numpy(unfold_fft(params[f"{stage.name}.weight"])))
        self.bias.copy_(torch.from_numpy(params[f"{stage.name}.bias"]))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        bins = torch.fft.rfft2(maps, norm="ortho") * self.scale
        return torch.nn.functional.linear(torch.view_as_real(bins).flatten(1), self.weight.flatten(1), self.bias)


class BinsDense(StageModule):
    """Linear layer on the real and imaginary parts of bins.

    ``forward`` takes complex64 bins ``(n, inputs, rows, columns)`` of maps of a ``size`` and returns ``(n, outputs)``.
    The weights on bins are ``weight * parseval``: each bin is scaled as in Parseval's theorem, so that a trained
    ``weight`` has the same effect for every bin.

    Parameters
    ----------
    inputs, outputs : int
        Number of channels, and number of results.
    size, radius : int or (int, int)
        Rows and columns of the maps, and radius of the bins.
    scale : float
        Scale of the pools upstream.
    """

    parseval: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, size: int | Pair, radius: int | Pair, scale: float = 1.0):
        super().__init__()
        weight = np.sqrt(multiplicity(size, radius))[..., None] / orthonormal(as_pair(size))
        shape = (outputs, inputs, *weight.shape[:2], 2)
        self.weight = torch.nn.Parameter(torch.randn(shape) * (1 / np.prod(shape[1:])) ** 0.5)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.scale = scale
        self.register_buffer("parseval", torch.from_numpy(weight.astype(np.float32)), persistent=False)

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return the weights on bins and the biases, under names that begin with that of the stage."""
        weight = self.weight.detach().numpy() * self.parseval.numpy()
        return {f"{stage.name}.weight": weight, f"{stage.name}.bias": self.bias.detach().numpy().copy()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Set the parameters by the weights on bins and the biases of a stage."""
        self.weight.copy_(torch.from_numpy(params[f"{stage.name}.weight"] / self.parseval.numpy()))
        self.bias.copy_(torch.from_numpy(params[f"{stage.name}.bias"]))

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        reals = torch.view_as_real(bins.contiguous()) * (self.parseval * self.scale)
        return torch.nn.functional.linear(reals.flatten(1), self.weight.flatten(1), self.bias)


class Hidden(StageModule):
    """Dense layer that another layer follows: its results are maps of one pixel ``(n, outputs, 1, 1)``."""

    def __init__(self, dense: MapDense | BinsDense):
        super().__init__()
        self.dense = dense

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return the parameters of the layer."""
        return self.dense.give(stage)

    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Set the parameters of the layer."""
        self.dense.take(stage, params)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(x)[..., None, None]


@module("dense")
def _dense(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.Dense):
        raise TypeError(f"Stage {stage.name} must belong to a Dense layer")
    if stage.radius is None:
        dense: MapDense | BinsDense = MapDense(stage.inputs, layer.outputs, size=stage.size)
    else:
        dense = BinsDense(stage.inputs, layer.outputs, size=stage.size, radius=stage.radius, scale=float(stage.scale))
    return dense if stage.name == "dense" else Hidden(dense)
