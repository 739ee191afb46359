"""Torch modules of the layers that are not linear: functions of pixels and of bins, normalisation, max pooling.

Definitions: :mod:`hadamac.network.layers`; :mod:`hadamac.nn` imports torch for both.
"""

from __future__ import annotations

import numpy as np
import torch

from ..model.crop import live_rows, live_shape, multiplicity
from ..model.normalise import check_correction
from ..network import layers
from ..network.stage import Stage, orthonormal
from .registry import StageModule, module

__all__ = ["Add", "FrozenNormalise", "Function", "MaxPool", "ModRelu", "Modulus", "Normalise", "Quadratic",
           "SpectralFunction"]

_F = torch.nn.functional
FUNCTIONS = {
    "relu": torch.relu, "leaky": lambda x: _F.leaky_relu(x, 1 / 64), "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    "gelu": _F.gelu, "silu": _F.silu, "hard-sigmoid": _F.hardsigmoid, "hard-tanh": _F.hardtanh,
    "hard-swish": _F.hardswish,
}  # fmt: skip
"""Torch's form of the functions in `hadamac.model.pwl.fitting.FUNCTIONS`, by the same names."""


class Function(StageModule):
    """A function of every pixel."""

    def __init__(self, function: str):
        super().__init__()
        self.of = FUNCTIONS[function]

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the function of maps."""
        return self.of(maps)


class Quadratic(StageModule):
    """``c0 + c1 x + c2 x**2`` of every pixel, learned ``coefficients`` (3,); of the spectrum, a self-convolution."""

    def __init__(self):
        super().__init__()
        self.coefficients = torch.nn.Parameter(torch.tensor([0.0, 0.5, 0.25]))

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``act{k}.coefficients``."""
        return {f"act{stage.index}.coefficients": self.coefficients}

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the function of maps."""
        c = self.coefficients
        return c[0] + maps * (c[1] + c[2] * maps)


class SpectralFunction(StageModule):
    """An odd function of the real and the imaginary part of every bin: ``P f(z / P)``, P = orthonormal(size)."""

    def __init__(self, function: str, *, size: int):
        super().__init__()
        self.of, self.p = FUNCTIONS[function], orthonormal(size)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the function of bins."""
        return torch.complex(self.of(bins.real / self.p), self.of(bins.imag / self.p)) * self.p


class ModRelu(StageModule):
    """``z max(0, |z| + P b) / |z|``, learned ``bias`` b <= 0 of each channel."""

    def __init__(self, channels: int, *, size: int):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.full((channels,), -0.1))
        self.p = orthonormal(size)

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``act{k}.bias``."""
        return {f"act{stage.index}.bias": self.bias}

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return ``act{k}.bias``, at most 0: the last step of training may have gone beyond."""
        return {name: np.minimum(value, 0) for name, value in super().give(stage).items()}

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the function of bins; biases above 0 are set to 0."""
        with torch.no_grad():
            self.bias.clamp_(max=0)
        magnitude = (bins.real**2 + bins.imag**2 + 1e-12).sqrt()
        return bins * (torch.relu(magnitude + self.p * self.bias[:, None, None]) / magnitude)


class Modulus(StageModule):
    """``|z|`` of every bin; its gradient at 0 is 0."""

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return ``|z|`` of bins."""
        power = bins.real**2 + bins.imag**2
        return torch.where(power > 0, torch.where(power > 0, power, 1).sqrt(), 0).to(torch.complex64)


class Normalise(StageModule):
    """Normalisation of each channel by the mean and the deviation of its bins, or of its map (``over``), in this frame.

    The variance of n bins or pixels has the divisor ``n - correction``; ``torch.std`` has a correction of 1.
    """

    def __init__(self, *, size: int, radius: int, over: str = "bins", correction: int = 0):
        super().__init__()
        self.over = over
        weight = torch.from_numpy(multiplicity(size, radius)).float()
        values = int(weight.sum()) if over == "bins" else size**2
        check_correction(correction, values)
        self.gain = float(orthonormal(size) * (1 if over == "bins" else size / weight.sum() ** 0.5))
        self.gain *= ((values - correction) / values) ** 0.5
        keep = torch.ones_like(weight)
        keep[0, 0] = over == "bins"
        self.register_buffer("weight", weight / weight.sum(), persistent=False)
        self.register_buffer("keep", keep, persistent=False)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return normalised bins."""
        if self.over == "bins":
            bins = bins - (self.weight * bins.real).sum((-2, -1), keepdim=True)
        bins = bins * self.keep
        power = (self.weight * (bins.real**2 + bins.imag**2)).sum((-2, -1), keepdim=True)
        return bins * (self.gain * torch.rsqrt(power + 1e-12))


class FrozenNormalise(StageModule):
    """Normalisation of channels by ``mean`` and ``deviation`` of their maps.

    While training, both are those of the batch, and running means of them are kept, which are constants afterwards.
    ``scale`` is that of the pooling, which the bins already contain.
    """

    def __init__(self, channels: int, *, size: int, radius: int, scale: float = 1.0, momentum: float = 0.05):
        super().__init__()
        self.pixels, self.momentum = scale * size**2, momentum
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        weight = torch.from_numpy(multiplicity(size, radius)).float()
        self.register_buffer("weight", weight, persistent=False)
        dc = torch.zeros_like(weight)
        dc[0, 0] = self.pixels
        self.register_buffer("dc", dc, persistent=False)

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``norm{k}.mean`` and ``norm{k}.deviation``; ``stage`` is the product that it is folded into."""
        if stage.frozen is None:
            raise ValueError(f"Stage {stage.name} has no frozen statistics")
        k = stage.frozen.index
        return {f"norm{k}.mean": self.mean, f"norm{k}.deviation": self.deviation}

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return normalised bins; while training, by the statistics of this batch."""
        mean, deviation = self.mean, self.deviation
        if self.training:
            mean = bins[..., 0, 0].real.mean(0) / self.pixels
            centred = bins - mean[:, None, None] * self.dc
            power = (self.weight * (centred.real**2 + centred.imag**2)).sum((-2, -1)).mean(0)
            deviation = (power / self.pixels**2 + 1e-6).sqrt()
            with torch.no_grad():
                self.mean.lerp_(mean, self.momentum)
                self.deviation.lerp_(deviation, self.momentum)
        return (bins - mean[:, None, None] * self.dc) / deviation[:, None, None]


class MaxPool(StageModule):
    """Maximum of each 2 x 2 tile."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return pooled maps."""
        return _F.max_pool2d(maps, 2)


class Add(StageModule):
    """Sum of maps, or of bins, which may have different radii: those beyond a smaller one are zero."""

    def __init__(self, *, size: int, radius: int | None = None):
        super().__init__()
        self.size, self.radius = size, radius

    def forward(self, *x: torch.Tensor) -> torch.Tensor:
        """Return the sum of maps or bins."""
        if self.radius is None:
            return torch.stack(x).sum(0)
        rows, columns = live_shape(self.size, self.radius)
        total = torch.zeros((*x[0].shape[:-2], rows, columns), dtype=x[0].dtype)
        for bins in x:
            radius = bins.shape[-1] - 1
            place = torch.from_numpy(live_rows(rows, radius))
            total[..., place, : radius + 1] += bins
        return total


def _function(stage: Stage) -> str:
    if not isinstance(stage.layer, layers.Activation):
        raise TypeError(f"Stage {stage.name} is no activation")
    return stage.layer.function


@module("relu")
@module("table")
def _table(stage: Stage) -> StageModule:
    function = _function(stage)
    return Function(function) if stage.kind == "point" else SpectralFunction(function, size=stage.size)


@module("quadratic")
def _quadratic(stage: Stage) -> StageModule:
    return Quadratic()


@module("modrelu")
def _modrelu(stage: Stage) -> StageModule:
    return ModRelu(stage.channels, size=stage.size)


@module("modulus")
def _modulus(stage: Stage) -> StageModule:
    return Modulus()


@module("normalise")
def _normalise(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.Normalise):
        raise TypeError(f"Stage {stage.name} normalises nothing")
    return Normalise(size=stage.size, radius=stage.bins_radius, over=layer.over, correction=layer.correction)


@module("tile")
def _tile(stage: Stage) -> StageModule:
    return MaxPool()


@module("add")
def _add(stage: Stage) -> StageModule:
    return Add(size=stage.size, radius=stage.radius)
