"""Torch modules of normalisation: by the statistics of a frame, and by frozen ones.

:mod:`hadamac.network.layers` defines the layer.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from ..model.crop import multiplicity
from ..model.normalise import check_correction
from ..network import layers
from ..network.stage import Stage, orthonormal
from ..shapes import Pair, as_pair
from .registry import StageModule, module

__all__ = ["FrozenNormalise", "Normalise"]


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


@module("normalise")
def _normalise(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.Normalise):
        raise TypeError(f"Stage {stage.name} must belong to a Normalise layer")
    return Normalise(size=stage.size, radius=stage.bins_radius, over=layer.over, correction=layer.correction)
