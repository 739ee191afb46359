"""Torch modules of the linear layers of bins: transforms, SpectralConv, SpectralPool and Pad.

:mod:`hadamac.network.layers` defines the layers.
"""

from __future__ import annotations

import numpy as np
import torch

from ..model.crop import live_rows, multiplicity
from ..network import layers
from ..network.layers.spectral_conv import taps
from ..network.stage import Stage
from ..shapes import Pair, as_pair
from .activations import FrozenNormalise
from .registry import StageModule, module

__all__ = ["Crop", "Inverse", "Pad", "Pointwise", "SpectralConv", "SpectralPool", "Transform", "live_spectrum"]


def _rows(columns: torch.Tensor, r: int) -> torch.Tensor:
    """Return the rows ``|u| <= r`` in the order 0 .. r, -r .. -1.

    They are two slices, because the gradient of a slice is a cheap padding.
    """
    size = columns.shape[-2]
    if 2 * r >= size:
        return columns
    return torch.cat((columns[..., : r + 1, :], columns[..., size - r :, :]), -2)


def live_spectrum(maps: torch.Tensor, radius: int | Pair) -> torch.Tensor:
    """Return the live bins ``(..., rows, s + 1)`` of the unnormalised DFT of real maps ``(..., H, W)``.

    Here and below, an integer n stands for the size or radius (n, n).
    """
    r, s = as_pair(radius)
    return _rows(torch.fft.fft(torch.fft.rfft(maps)[..., : s + 1], dim=-2), r)


def _expanded(bins: torch.Tensor, size: int) -> torch.Tensor:
    """Return bins with ``size`` rows; the rows that are missing become zero."""
    if bins.shape[-2] == size:
        return bins
    r = bins.shape[-2] // 2
    dead = bins.new_zeros(*bins.shape[:-2], size - bins.shape[-2], bins.shape[-1])
    return torch.cat((bins[..., : r + 1, :], dead, bins[..., r + 1 :, :]), -2)


class Transform(StageModule):
    """Transform ``FFT2`` from maps ``(n, C, H, W)`` to their bins up to ``radius``."""

    def __init__(self, *, radius: int | Pair):
        super().__init__()
        self.radius = radius

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return live_spectrum(maps, self.radius)


class Crop(StageModule):
    """Crop to the bins up to ``radius``."""

    def __init__(self, *, radius: int | Pair):
        super().__init__()
        self.radius = as_pair(radius)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        return _rows(bins[..., : self.radius[1] + 1], self.radius[0])


class Inverse(StageModule):
    """Inverse transform ``IFFT2`` from bins to maps ``(n, C, H, W)`` of a size."""

    def __init__(self, *, size: int | Pair):
        super().__init__()
        self.size = as_pair(size)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        # irfft treats the missing bins v > r as zero.
        return torch.fft.irfft(torch.fft.ifft(_expanded(bins, self.size[0]), dim=-2), n=self.size[1])


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
    before, after : float
        Scales of the pools upstream and downstream of the product.
    """

    dft_u: torch.Tensor
    dft_v: torch.Tensor
    dc: torch.Tensor
    single: torch.Tensor

    def __init__(self, inputs: int, outputs: int, *, size: int | Pair, radius: int | Pair,
                 kernel: int | None = None, real: bool = False, before: float = 1.0, after: float = 1.0):
        super().__init__()
        size, (r, s) = as_pair(size), as_pair(radius)
        self.inputs, self.outputs, self.size, self.radius, self.real = inputs, outputs, size, (r, s), real
        self.before, self.after = before, after
        largest = min(n - 1 + n % 2 for n in size if n > 1)  # the largest odd kernel
        rows, columns = taps(kernel or min(5, largest), size)
        # He initialisation: a ReLU may follow.
        start = torch.randn(outputs, inputs, rows, columns) * (2 / (inputs * rows * columns)) ** 0.5
        dft_u = _dft(np.arange(rows) - rows // 2, live_rows(size[0], r), size[0])
        dft_v = _dft(np.arange(columns) - columns // 2, np.arange(s + 1), size[1]).T.contiguous()
        if kernel is None:
            self.kernel = None
            self.spectrum = torch.nn.Parameter(torch.view_as_real(dft_u @ start.to(torch.complex64) @ dft_v))
            single = torch.from_numpy(multiplicity(size, (r, s))[0] == 1)
            self.register_buffer("single", single, persistent=False)
        else:
            self.kernel = torch.nn.Parameter(start)
            self.register_buffer("dft_u", dft_u, persistent=False)
            self.register_buffer("dft_v", dft_v, persistent=False)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        dc = torch.zeros(dft_u.shape[0], s + 1)
        dc[0, 0] = size[0] * size[1]
        self.register_buffer("dc", dc, persistent=False)

    def weights(self) -> torch.Tensor:
        """Return the live bins of W, complex64 ``(outputs, inputs, rows, radius + 1)``."""
        if self.kernel is not None:
            weights = self.dft_u @ self.kernel.to(torch.complex64) @ self.dft_v
        else:
            free = torch.view_as_complex(self.spectrum)
            mirrored = torch.roll(free.flip(-2), 1, -2).conj()  # the bins at -u
            weights = torch.where(self.single, (free + mirrored) / 2, free)
        return weights.real.to(torch.complex64) if self.real else weights

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``conv{k}.kernel`` or ``conv{k}.spectrum``, and ``conv{k}.bias``."""
        k = stage.index
        tensors: dict[str, torch.Tensor] = {f"conv{k}.bias": self.bias}
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


class SpectralPool(StageModule):
    """Spectral pooling from ``size`` to ``pool``: bins with ``|u|, |v| < pool/2``, times ``(pool/size)**2``.

    With ``nyquist="zero"``, or an odd ``pool``, bins of any radius arrive, and those of a radius of at most
    ``(pool - 1)//2`` leave.  With the rules ``average`` and ``naive``, whole half-spectra ``(n, C, N, N//2 + 1)``
    arrive and leave; :mod:`hadamac.model.nyquist` defines these rules.
    """

    def __init__(self, *, size: int, pool: int, nyquist: str = "zero"):
        super().__init__()
        self.size, self.pool, self.nyquist = size, pool, nyquist

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        scale, half = (self.pool / self.size) ** 2, (self.pool - 1) // 2
        if self.nyquist == "zero" or self.pool % 2 or self.pool == self.size:
            if self.nyquist != "zero" and self.pool % 2 == 0:
                return bins * scale
            r = min(half, bins.shape[-1] - 1)
            return _rows(bins[..., : r + 1], r) * scale
        m, n = self.pool // 2, self.size
        kept = bins[..., : m + 1]
        if self.nyquist == "average":  # mean of X[u, m] and X[u, -m] = conj X[-u, m], then of the rows m and -m
            other = torch.roll(bins[..., m].flip(-1), 1, -1).conj()
            kept = torch.cat((kept[..., :m], ((kept[..., m] + other) / 2)[..., None]), -1)
            edge = (kept[..., [m], :] + kept[..., [n - m], :]) / 2
        else:
            edge = kept[..., [n - m], :]
        return torch.cat((kept[..., :m, :], edge, kept[..., n - m + 1 :, :]), -2) * scale


class Pad(StageModule):
    """Interpolation: the bins of a ``size`` x ``size`` spectrum as bins of a larger one, times ``(to/size)**2``.

    The other bins of the larger spectrum are zero and do not leave; later modules treat missing bins as zero.  With
    ``nyquist="zero"``, the Nyquist bins of an even ``size`` are dropped.  With the rules ``average`` and ``naive``,
    whole half-spectra ``(n, C, M, M//2 + 1)`` arrive and bins up to the radius M/2 leave; :mod:`hadamac.model.nyquist`
    defines these rules.
    """

    def __init__(self, *, size: int, to: int, nyquist: str = "zero"):
        super().__init__()
        self.size, self.target, self.nyquist = size, to, nyquist

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        scale = (self.target / self.size) ** 2
        if self.nyquist == "zero" or self.size % 2:
            r = min((self.size - 1) // 2, bins.shape[-1] - 1)
            return _rows(bins[..., : r + 1], r) * scale
        if self.target == self.size:
            return bins
        m, average = self.size // 2, self.nyquist == "average"
        if average:
            bins = torch.cat((bins[..., :m], bins[..., [m]] / 2), -1)
        edge = bins[..., [m], :] / (2 if average else 1)
        above = edge if average else torch.zeros_like(edge)
        return torch.cat((bins[..., :m, :], above, edge, bins[..., m + 1 :, :]), -2) * scale


@module("transform")
def _transform(stage: Stage) -> StageModule:
    return Transform(radius=stage.bins_radius)


@module("inverse")
def _inverse(stage: Stage) -> StageModule:
    return Inverse(size=stage.size)


@module("crop")
def _crop(stage: Stage) -> StageModule:
    return Crop(radius=stage.bins_radius)


class Pointwise(StageModule):
    """Mixture of the channels of each pixel or bin; of bins the bias is added to DC.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    pixels : int
        Pixels of a map for bins, 0 for maps.
    before, after : float
        Scales of the pools upstream and downstream.
    """

    def __init__(self, inputs: int, outputs: int, *, pixels: int = 0, before: float = 1.0, after: float = 1.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs) * (2 / inputs) ** 0.5)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.pixels, self.before, self.after = pixels, before, after

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``mix{k}.weight`` and ``mix{k}.bias``."""
        return {f"mix{stage.index}.weight": self.weight, f"mix{stage.index}.bias": self.bias}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.einsum("oc,ncyx->noyx", self.weight.to(x.dtype), x) * (self.before * self.after)
        if not self.pixels:
            return y + self.bias[:, None, None] * self.after
        dc = torch.zeros(y.shape[-2:])
        dc[0, 0] = self.pixels * self.after
        return y + self.bias[:, None, None] * dc


@module("mix")
def _mix(stage: Stage) -> StageModule:
    return Pointwise(stage.inputs, stage.channels, before=float(stage.before), after=float(stage.after))


@module("product")
def _product(stage: Stage) -> StageModule:
    layer = stage.layer
    if isinstance(layer, layers.Pointwise):
        return Pointwise(stage.inputs, stage.channels, pixels=stage.pixels, before=float(stage.before),
                         after=float(stage.after))
    if not isinstance(layer, layers.SpectralConv):
        raise TypeError(f"Stage {stage.name} must belong to a SpectralConv layer")
    conv = SpectralConv(stage.inputs, stage.channels, size=stage.size, radius=stage.bins_radius, kernel=layer.kernel,
                        real=layer.real, before=float(stage.before), after=float(stage.after))
    return conv if stage.frozen is None else NormalisedConv(conv, stage)
