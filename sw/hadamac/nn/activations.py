"""Torch modules of the layers that are not products: functions of pixels and bins, normalisation, max pooling, sums.

:mod:`hadamac.network.layers` defines the layers.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from ..model.crop import kept_rows, live_shape, multiplicity
from ..model.normalise import check_correction
from ..network import layers
from ..network.stage import Stage, orthonormal
from ..shapes import Pair, as_pair
from .registry import StageModule, module

__all__ = ["Add", "Canvas", "FrozenNormalise", "Function", "MaxPool", "ModRelu", "Modulus", "Normalise", "Quadratic",
           "SpectralFunction"]

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
        self.of, self.p = FUNCTIONS[function], orthonormal(as_pair(size))

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        return torch.complex(self.of(bins.real / self.p), self.of(bins.imag / self.p)) * self.p


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


class Normalise(StageModule):
    """Normalisation of the bins of each channel by a mean and a deviation of the current image.

    Parameters
    ----------
    size, radius : int or (int, int)
        Rows and columns of the maps, and radius of the bins.
    over : str
        ``"bins"`` for the statistics of the bins, ``"map"`` for those of the pixels of the map.
    correction : int
        The variance of n bins or pixels has the divisor n - correction; 1 is the default of ``torch.std``.
    """

    weight: torch.Tensor
    keep: torch.Tensor

    def __init__(self, *, size: int | Pair, radius: int | Pair, over: str = "bins", correction: int = 0):
        super().__init__()
        self.over = over
        weight = torch.from_numpy(multiplicity(size, radius)).float()
        pixels = prod(as_pair(size))
        values = int(weight.sum()) if over == "bins" else pixels
        check_correction(correction, values)
        self.gain = float(orthonormal(as_pair(size)) * (1 if over == "bins" else pixels**0.5 / weight.sum() ** 0.5))
        self.gain *= ((values - correction) / values) ** 0.5
        keep = torch.ones_like(weight)
        keep[0, 0] = over == "bins"
        self.register_buffer("weight", weight / weight.sum(), persistent=False)
        self.register_buffer("keep", keep, persistent=False)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        if self.over == "bins":
            bins = bins - (self.weight * bins.real).sum((-2, -1), keepdim=True)
        bins = bins * self.keep
        power = (self.weight * (bins.real**2 + bins.imag**2)).sum((-2, -1), keepdim=True)
        return bins * (self.gain * torch.rsqrt(power + 1e-12))


class _BatchNormalised(torch.autograd.Function):
    """Normalisation of the bins of a batch by its own statistics, with a gradient in few passes over the bins."""

    @staticmethod
    def forward(bins: torch.Tensor, bias: torch.Tensor, weight: torch.Tensor, pixels: float) -> tuple[Any, ...]:
        """Return ``(bins - mean + bias) / deviation``, the mean and the deviation, which are those of pixels."""
        mean = bins[..., 0, 0].real.mean(0) / pixels
        out = bins.clone()
        out[..., 0, 0] -= mean * pixels
        power = (torch.view_as_real(out).square().flatten(2) @ weight.flatten()).mean(0)
        deviation = (power / pixels**2 + 1e-6).sqrt()
        out[..., 0, 0] += bias * pixels
        return out.mul_(1 / deviation[:, None, None]), mean, deviation

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
        """Keep what the gradient needs; the statistics have no gradient of their own."""
        out, mean, deviation = output
        ctx.save_for_backward(out, inputs[2], deviation)
        ctx.pixels = inputs[3]
        ctx.mark_non_differentiable(mean, deviation)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of the bins and of the bias."""
        (gradient, *_), (out, weight, deviation) = gradients, ctx.saved_tensors
        slope = (torch.view_as_real(gradient) * torch.view_as_real(out)).flatten(2).sum(2).mean(0) / ctx.pixels**2
        to_bins = torch.addcmul(gradient, out, (slope[:, None, None] * weight[..., 0]).to(out.dtype), value=-1)
        to_bins.mul_(1 / deviation[:, None, None])
        to_bins[..., 0, 0] -= to_bins[..., 0, 0].real.mean(0)
        return to_bins, gradient[..., 0, 0].real.sum(0) * ctx.pixels / deviation, None, None


class FrozenNormalise(StageModule):
    """Normalisation of channels by the mean and the deviation of their maps, which are constants after training.

    In training, each batch is normalised by its own statistics, and ``mean`` and ``deviation`` are running averages.
    They are those without the bias of the convolution, which would otherwise be subtracted again and never be learned.

    Parameters
    ----------
    channels : int
    size, radius : int or (int, int)
        Rows and columns of the maps, and radius of the bins.
    scale : float
        Scale of pooling that the bins already contain.
    momentum : float
        Weight of a batch in the running averages.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    weight: torch.Tensor

    def __init__(self, channels: int, *, size: int | Pair, radius: int | Pair, scale: float = 1.0,
                 momentum: float = 0.05):
        super().__init__()
        self.pixels, self.momentum = scale * prod(as_pair(size)), momentum
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        weight = torch.from_numpy(multiplicity(size, radius)).float()[..., None].repeat(1, 1, 2)  # of real, imaginary
        self.register_buffer("weight", weight, persistent=False)

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``norm{k}.mean`` and ``norm{k}.deviation``; ``stage`` is the product whose weights contain them."""
        if stage.frozen is None:
            raise ValueError(f"Stage {stage.name} must have frozen statistics")
        k = stage.frozen.index
        return {f"norm{k}.mean": self.mean, f"norm{k}.deviation": self.deviation}

    def forward(self, bins: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """Return ``(bins - mean + bias) / deviation``, where mean and bias are those of pixels."""
        bias = torch.zeros_like(self.mean) if bias is None else bias
        if self.training:
            out, mean, deviation = _BatchNormalised.apply(bins, bias, self.weight, self.pixels)
            with torch.no_grad():
                self.mean.lerp_(mean, self.momentum)
                self.deviation.lerp_(deviation, self.momentum)
            return out
        out = bins.clone()
        out[..., 0, 0] += (bias - self.mean) * self.pixels
        return out / self.deviation[:, None, None]


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


@module("normalise")
def _normalise(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.Normalise):
        raise TypeError(f"Stage {stage.name} must belong to a Normalise layer")
    return Normalise(size=stage.size, radius=stage.bins_radius, over=layer.over, correction=layer.correction)


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
