"""Torch modules of the products that mix channels: SpectralConv and Pointwise.

:mod:`hadamac.network.layers` defines the layers.
"""

from __future__ import annotations

import numpy as np
import torch

from ..model.crop import live_rows, live_shape, multiplicity
from ..network import layers
from ..network.layers.spectral_conv import taps
from ..network.stage import Stage
from ..shapes import Pair, as_pair, least
from .normalise import FrozenNormalise
from .registry import StageModule, module
from .spectral import expanded

__all__ = ["Pointwise", "SpectralConv"]


def _dft(taps: np.ndarray, bins: np.ndarray, size: int) -> torch.Tensor:
    """Return the matrix (bins, taps) of ``exp(-2j pi bin tap / size)``."""
    return torch.from_numpy(np.exp(-2j * np.pi / size * np.outer(bins, taps)).astype(np.complex64))


class SpectralConv(StageModule):
    """Hadamard product with the spectrum of a kernel or a free spectrum, summed over input channels, plus a bias.

    ``Y[o,u,v] = after (before sum_c W[o,c,u,v] X[c,u,v])``, and then ``Y[o,0,0] += after * bias[o] * H*W``.  Only
    the live bins of W are computed, as the product of the kernel with two small DFT matrices.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size : int or (int, int)
        Rows H and columns W of the maps whose bins arrive.
    radius : int or (int, int)
        Radius of the bins that arrive.  A band limit makes it smaller than the size alone would.
    kernel : int or None
        Size of the kernel in pixels, odd.  If None, the parameter ``spectrum``, which is real with the shape
        (outputs, inputs, rows, columns, 2), is free.
    real : bool
        Whether only the real part of W is used.
    modes : int or (int, int), optional
        Radius of the bins that have free weights; by default all that arrive.  W is zero beyond them.
    pointwise : bool
        Whether a real matrix ``pointwise`` (outputs, inputs) is added to W on all bins.
    before, after : float
        Scales of the pools upstream and downstream of the product.
    """

    dft_u: torch.Tensor
    dft_v: torch.Tensor
    dc: torch.Tensor
    single: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, size: int | Pair, radius: int | Pair,
                 kernel: int | None = None, real: bool = False, modes: int | Pair | None = None,
                 pointwise: bool = False, before: float = 1.0, after: float = 1.0):
        super().__init__()
        size, (r, s) = as_pair(size), as_pair(radius)
        self.shape, free = live_shape(size, (r, s)), (r, s) if modes is None else least(as_pair(modes), (r, s))
        self.inputs, self.outputs, self.size, self.radius, self.real = inputs, outputs, size, (r, s), real
        self.before, self.after, self.modes = before, after, modes
        largest = min(n - 1 + n % 2 for n in size if n > 1)  # the largest odd kernel
        rows, columns = taps(kernel or min(5, largest), size)
        # He initialisation: a ReLU may follow.
        start = torch.randn(outputs, inputs, rows, columns) * (2 / (inputs * rows * columns)) ** 0.5
        dft_u = _dft(np.arange(rows) - rows // 2, live_rows(size[0], free[0]), size[0])
        dft_v = _dft(np.arange(columns) - columns // 2, np.arange(free[1] + 1), size[1]).T.contiguous()
        self.pointwise = torch.nn.Parameter(torch.randn(outputs, inputs) * inputs**-0.5) if pointwise else None
        if kernel is None:
            self.kernel = None
            if pointwise:
                start = start * 0.5
            self.spectrum = torch.nn.Parameter(torch.view_as_real(dft_u @ start.to(torch.complex64) @ dft_v))
            single = torch.from_numpy(multiplicity(size, free)[0] == 1)
            self.register_buffer("single", single, persistent=False)
        else:
            self.kernel = torch.nn.Parameter(start)
            self.register_buffer("dft_u", dft_u, persistent=False)
            self.register_buffer("dft_v", dft_v, persistent=False)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        dc = torch.zeros(self.shape)
        dc[0, 0] = size[0] * size[1]
        self.register_buffer("dc", dc, persistent=False)

    def weights(self) -> torch.Tensor:
        """Return the live bins of W, complex64 ``(outputs, inputs, rows, columns)``."""
        if self.kernel is not None:
            weights = self.dft_u @ self.kernel.to(torch.complex64) @ self.dft_v
        else:
            free = torch.view_as_complex(self.spectrum)
            mirrored = torch.roll(free.flip(-2), 1, -2).conj()  # the bins at -u
            weights = torch.where(self.single, (free + mirrored) / 2, free)
            weights = expanded(weights, self.shape[0])
            weights = torch.nn.functional.pad(weights, (0, self.shape[1] - weights.shape[-1]))
            if self.pointwise is not None:
                weights = weights + self.pointwise[..., None, None]
        return weights.real.to(torch.complex64) if self.real else weights

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return the tensors of ``conv{k}``: ``kernel`` or ``spectrum``, ``bias``, maybe ``pointwise``."""
        k = stage.index
        tensors: dict[str, torch.Tensor] = {f"conv{k}.bias": self.bias}
        if self.pointwise is not None:
            tensors[f"conv{k}.pointwise"] = self.pointwise
        if self.kernel is None:
            return {f"conv{k}.spectrum": self.spectrum} | tensors
        return {f"conv{k}.kernel": self.kernel} | tensors

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        product = torch.einsum("ncuv,ocuv->nouv", bins, self.weights())
        return (product * self.before + self.bias[:, None, None] * self.dc) * self.after


class NormalisedConv(StageModule):
    """Convolution followed by a normalisation with frozen statistics, which quantisation folds into the weights."""

    def __init__(self, conv: SpectralConv, stage: Stage):
        super().__init__()
        self.conv = conv
        self.frozen = FrozenNormalise(stage.channels, size=stage.size, radius=stage.bins_radius,
                                      scale=float(stage.after))

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return the tensors of the convolution, ``conv{k}``, and of the normalisation, ``norm{k}``."""
        return self.conv.held(stage) | self.frozen.held(stage)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        conv = self.conv
        weights = conv.weights() * (conv.before * conv.after)
        return self.frozen(torch.einsum("ncuv,ocuv->nouv", bins, weights), conv.bias)


class Pointwise(StageModule):
    """Mixture of the channels of each pixel or bin; of bins the bias is added to DC.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    pixels : int
        Pixels of a map for bins, 0 for maps.
    grid : (int, int), optional
        Rows and columns of maps, whose coordinates are two more input channels, with the weights ``grid`` (outputs, 2).
    before, after : float
        Scales of the pools upstream and downstream.
    """

    ramps: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, pixels: int = 0, grid: Pair | None = None, before: float = 1.0,
                 after: float = 1.0):
        super().__init__()
        self.grid = None if grid is None else torch.nn.Parameter(torch.randn(outputs, 2) * 0.5)
        if grid is not None:
            ramps = torch.meshgrid(*(torch.arange(n) / n for n in grid), indexing="ij")
            self.register_buffer("ramps", torch.stack(ramps), persistent=False)
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs) * (2 / inputs) ** 0.5)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.pixels, self.before, self.after = pixels, before, after

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``mix{k}.weight``, ``mix{k}.bias`` and, with a grid, ``mix{k}.grid``."""
        tensors: dict[str, torch.Tensor] = {"weight": self.weight, "bias": self.bias}
        if self.grid is not None:
            tensors["grid"] = self.grid
        return {f"mix{stage.index}.{name}": tensor for name, tensor in tensors.items()}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.einsum("oc,ncyx->noyx", self.weight.to(x.dtype), x) * (self.before * self.after)
        if not self.pixels:
            bias = self.bias[:, None, None]
            if self.grid is not None:
                bias = bias + torch.einsum("og,gyx->oyx", self.grid, self.ramps)
            return y + bias * self.after
        dc = torch.zeros(y.shape[-2:])
        dc[0, 0] = self.pixels * self.after
        return y + self.bias[:, None, None] * dc


@module("mix")
def _mix(stage: Stage) -> StageModule:
    grid = stage.size if isinstance(stage.layer, layers.Pointwise) and stage.layer.grid else None
    return Pointwise(stage.inputs, stage.channels, grid=grid, before=float(stage.before), after=float(stage.after))


@module("product")
def _product(stage: Stage) -> StageModule:
    layer = stage.layer
    if isinstance(layer, layers.Pointwise):
        return Pointwise(stage.inputs, stage.channels, pixels=stage.pixels, before=float(stage.before),
                         after=float(stage.after))
    if not isinstance(layer, layers.SpectralConv):
        raise TypeError(f"Stage {stage.name} must belong to a SpectralConv layer")
    conv = SpectralConv(stage.inputs, stage.channels, size=stage.size, radius=stage.bins_radius, kernel=layer.kernel,
                        real=layer.real, modes=layer.modes, pointwise=layer.pointwise,
                        before=float(stage.before), after=float(stage.after))
    return conv if stage.frozen is None else NormalisedConv(conv, stage)
