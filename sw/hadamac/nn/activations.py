"""Torch modules of functions of pixels and of bins, of max pooling, canvases and sums.

:mod:`hadamac.network.layers` defines the layers.
"""

from __future__ import annotations

import numpy as np
import torch

from ..model.crop import kept_rows, live_shape
from ..network import layers
from ..network.stage import Stage, orthonormal
from ..shapes import Pair, as_pair
from .registry import StageModule, module

__all__ = ["Add", "Canvas", "Function", "MaxPool", "ModRelu", "Modulus", "Quadratic", "SpectralFunction"]

_F = torch.nn.functional
FUNCTIONS = {
    "relu": torch.relu, "leaky": lambda x: _F.leaky_relu(x, 1 / 64), "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    "gelu": _F.gelu, "silu": _F.silu, "hard-sigmoid": _F.hardsigmoid, "hard-tanh": _F.hardtanh,
    "hard-swish": _F.hardswish,
}  # fmt: skip
"""Torch functions with the names of `hadamac.model.pwl.fitting.FUNCTIONS`."""


class Function(StageModule):
    """Activation of every pixel by a named function; ``slope`` is that of ``leaky`` below zero."""

    def __init__(self, function: str, slope: float = 1 / 64):
        super().__init__()
        self.function, self.slope = function, slope

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return _F.leaky_relu(maps, self.slope) if self.function == "leaky" else FUNCTIONS[self.function](maps)


class Quadratic(StageModule):
    """Quadratic function ``c0 + c1 x + c2 x**2`` of every pixel with learned ``coefficients`` (3,).

    Its effect on the spectrum is a convolution with itself.
    """

    def __init__(self):
        super().__init__()
        self.coefficients = torch.nn.Parameter(torch.tensor([0.0, 0.5, 0.25]))

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``act{k}.coefficients``."""
        return {f"act{stage.index}.coefficients": self.coefficients}

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        c = self.coefficients
        return c[0] + maps * (c[1] + c[2] * maps)


class SpectralFunction(StageModule):
    """Activation ``P f(z / P)`` of the real and of the imaginary part of every bin, with an odd function f.

    P is the smallest power of two whose square is at least the number of pixels of maps of a ``size``.
    """

    def __init__(self, function: str, *, size: int | Pair):
        super().__init__()
        self.function, self.p = function, orthonormal(as_pair(size))

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        of = FUNCTIONS[self.function]
        return torch.complex(of(bins.real / self.p), of(bins.imag / self.p)) * self.p


class ModRelu(StageModule):
    """Activation ``z max(0, |z| + P b) / |z|`` of every bin, with a learned ``bias`` b <= 0 of each channel.

    P is the smallest power of two whose square is at least the number of pixels of maps of a ``size``.
    """

    def __init__(self, channels: int, *, size: int | Pair):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.full((channels,), -0.1))
        self.p = orthonormal(as_pair(size))

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``act{k}.bias``."""
        return {f"act{stage.index}.bias": self.bias}

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return ``act{k}.bias``, limited to at most 0, which the last step of training may have exceeded."""
        return {name: np.minimum(value, 0) for name, value in super().give(stage).items()}

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.bias.clamp_(max=0)
        magnitude = (bins.real**2 + bins.imag**2 + 1e-12).sqrt()
        return bins * (torch.relu(magnitude + self.p * self.bias[:, None, None]) / magnitude)


class Modulus(StageModule):
    """Modulus ``|z|`` of every bin; its gradient at 0 is 0."""

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        power = bins.real**2 + bins.imag**2
        return torch.where(power > 0, torch.where(power > 0, power, 1).sqrt(), 0).to(torch.complex64)


class MaxPool(StageModule):
    """Max pooling of tiles of 2 x 2 pixels."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return _F.max_pool2d(maps, 2)


class Canvas(StageModule):
    """Copy of the first ``keep`` pixels of maps into maps of ``size``, with zeros elsewhere."""

    def __init__(self, *, keep: int | Pair, size: int | Pair):
        super().__init__()
        self.keep, self.size = as_pair(keep), as_pair(size)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        (rows, columns), (height, width) = self.keep, self.size
        return _F.pad(maps[..., :rows, :columns], (0, width - columns, 0, height - rows))


class Add(StageModule):
    """Sum of maps, or of bins up to ``radius``; an input with a smaller radius counts as zero beyond it."""

    def __init__(self, *, size: int | Pair, radius: int | Pair | None = None):
        super().__init__()
        self.size, self.radius = size, radius

    def forward(self, *x: torch.Tensor) -> torch.Tensor:
        if self.radius is None:
            return torch.stack(x).sum(0)
        rows, columns = live_shape(self.size, self.radius)
        total = torch.zeros((*x[0].shape[:-2], rows, columns), dtype=x[0].dtype)
        for bins in x:
            place = torch.from_numpy(kept_rows(rows, bins.shape[-2]))
            total[..., place, : bins.shape[-1]] += bins
        return total


def _layer(stage: Stage) -> layers.Activation:
    """Return the layer of a stage, which is an activation."""
    if not isinstance(stage.layer, layers.Activation):
        raise TypeError(f"Stage {stage.name} must belong to an Activation layer")
    return stage.layer


@module("relu")
@module("table")
def _table(stage: Stage) -> StageModule:
    layer = _layer(stage)
    if stage.kind == "point":
        return Function(layer.function, layer.slope)
    return SpectralFunction(layer.function, size=stage.size)


@module("quadratic")
def _quadratic(stage: Stage) -> StageModule:
    return Quadratic()


@module("modrelu")
def _modrelu(stage: Stage) -> StageModule:
    return ModRelu(stage.channels, size=stage.size)


@module("modulus")
def _modulus(stage: Stage) -> StageModule:
    return Modulus()


@module("tile")
def _tile(stage: Stage) -> StageModule:
    return MaxPool()


@module("canvas")
def _canvas(stage: Stage) -> StageModule:
    if not isinstance(stage.layer, layers.Canvas):
        raise TypeError(f"Stage {stage.name} must belong to a Canvas layer")
    return Canvas(keep=stage.layer.kept(stage.size[0] == 1), size=stage.size_out)


@module("add")
def _add(stage: Stage) -> StageModule:
    return Add(size=stage.size, radius=stage.radius)
