"""Torch modules of the linear layers: transforms, SpectralConv, SpectralPool, Pad, dense layers.

Definitions: :mod:`hadamac.network.layers`; :mod:`hadamac.nn` imports torch for both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..model.crop import live_rows, multiplicity
from ..network import layers
from ..network.spectra import fold_fft, parseval_weights, unfold_fft
from ..network.stage import Stage, orthonormal
from .activations import FrozenNormalise
from .registry import StageModule, module

__all__ = ["BinsDense", "Crop", "Inverse", "MapDense", "Pad", "SpectralConv", "SpectralPool", "Transform",
           "live_spectrum"]


def _rows(columns: torch.Tensor, r: int) -> torch.Tensor:
    """Return the rows ``|u| <= r`` of all, in the order 0 .. r, -r .. -1.

    They are taken as two slices, because the gradient of a slice is a cheap pad.
    """
    size = columns.shape[-2]
    if 2 * r >= size:
        return columns
    return torch.cat((columns[..., : r + 1, :], columns[..., size - r :, :]), -2)


def live_spectrum(maps: torch.Tensor, r: int) -> torch.Tensor:
    """Return live bins ``(..., rows, r + 1)`` of the unnormalised DFT of real maps ``(..., N, N)``."""
    return _rows(torch.fft.fft(torch.fft.rfft(maps)[..., : r + 1], dim=-2), r)


def _expanded(bins: torch.Tensor, size: int) -> torch.Tensor:
    """Return ``size`` rows of bins; rows that were missing are zero."""
    r = bins.shape[-1] - 1
    if bins.shape[-2] == size:
        return bins
    dead = bins.new_zeros(*bins.shape[:-2], size - bins.shape[-2], r + 1)
    return torch.cat((bins[..., : r + 1, :], dead, bins[..., r + 1 :, :]), -2)


class Transform(StageModule):
    """``FFT2``: maps ``(n, C, N, N)`` to bins up to ``radius``."""

    def __init__(self, *, radius: int):
        super().__init__()
        self.radius = radius

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the bins of maps."""
        return live_spectrum(maps, self.radius)


class Crop(StageModule):
    """The bins up to ``radius`` of a spectrum that has more."""

    def __init__(self, *, radius: int):
        super().__init__()
        self.radius = radius

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the low bins."""
        return _rows(bins[..., : self.radius + 1], self.radius)


class Inverse(StageModule):
    """``IFFT2``: bins to maps ``(n, C, size, size)``."""

    def __init__(self, *, size: int):
        super().__init__()
        self.size = size

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the maps of bins."""
        # irfft takes the missing bins v > r as zero.
        return torch.fft.irfft(torch.fft.ifft(_expanded(bins, self.size), dim=-2), n=self.size)


def _dft(taps: np.ndarray, bins: np.ndarray, size: int) -> torch.Tensor:
    """Return the matrix (bins, taps) of ``exp(-2j pi bin tap / size)``."""
    return torch.from_numpy(np.exp(-2j * np.pi / size * np.outer(bins, taps)).astype(np.complex64))


class SpectralConv(StageModule):
    """Hadamard product with a kernel's spectrum or a free one, accumulated over input channels, plus a bias.

    ``Y[o,u,v] = after (before sum_c W[o,c,u,v] X[c,u,v])`` and ``Y[o,0,0] += after * bias[o] * size**2``.  Only the
    live bins of W are computed: two small DFT matrices times the kernel.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size : int
        N, the size of the map whose bins come in.
    radius : int
        Radius of the bins that come in; with a band limit it is less than their size would allow.
    kernel : int or None
        Odd, in pixels; None: ``spectrum``, real (outputs, inputs, rows, radius + 1, 2), is free.
    real : bool
        Only the real part of W counts.
    before, after : float
        Scales of pooling upstream and downstream of it.
    """

    def __init__(self, inputs: int, outputs: int, *, size: int, radius: int, kernel: int | None = None,
                 real: bool = False, before: float = 1.0, after: float = 1.0):
        super().__init__()
        self.inputs, self.outputs, self.size, self.radius, self.real = inputs, outputs, size, radius, real
        self.before, self.after = before, after
        taps = kernel or min(5, size - 1 + size % 2)
        # He initialisation: a ReLU may follow.
        start = torch.randn(outputs, inputs, taps, taps) * (2 / (inputs * taps**2)) ** 0.5
        place = np.arange(taps) - taps // 2
        dft_u = _dft(place, live_rows(size, radius), size)
        dft_v = _dft(place, np.arange(radius + 1), size).T.contiguous()
        if kernel is None:
            self.kernel = None
            self.spectrum = torch.nn.Parameter(torch.view_as_real(dft_u @ start.to(torch.complex64) @ dft_v))
            single = torch.from_numpy(multiplicity(size, radius)[0] == 1)
            self.register_buffer("single", single, persistent=False)
        else:
            self.kernel = torch.nn.Parameter(start)
            self.register_buffer("dft_u", dft_u, persistent=False)
            self.register_buffer("dft_v", dft_v, persistent=False)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        dc = torch.zeros(dft_u.shape[0], radius + 1)
        dc[0, 0] = size**2
        self.register_buffer("dc", dc, persistent=False)

    def weights(self) -> torch.Tensor:
        """Return the live bins of W, complex64 ``(outputs, inputs, rows, radius + 1)``."""
        if self.kernel is not None:
            weights = self.dft_u @ self.kernel.to(torch.complex64) @ self.dft_v
        else:
            free = torch.view_as_complex(self.spectrum)
            mirrored = torch.roll(free.flip(-2), 1, -2).conj()  # -u
            weights = torch.where(self.single, (free + mirrored) / 2, free)
        return weights.real.to(torch.complex64) if self.real else weights

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return ``conv{k}.kernel`` or ``conv{k}.spectrum``, and ``conv{k}.bias``."""
        k = stage.index
        weights = {f"conv{k}.spectrum": self.spectrum} if self.kernel is None else {f"conv{k}.kernel": self.kernel}
        return weights | {f"conv{k}.bias": self.bias}

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the product of bins with the weights, plus the bias."""
        product = torch.einsum("ncuv,ocuv->nouv", bins, self.weights())
        return (product * self.before + self.bias[:, None, None] * self.dc) * self.after


class NormalisedConv(StageModule):
    """A convolution followed by the normalisation with frozen statistics that is folded into its weights."""

    def __init__(self, conv: SpectralConv, stage: Stage):
        super().__init__()
        self.conv = conv
        self.frozen = FrozenNormalise(stage.channels, size=stage.size, radius=stage.bins_radius,
                                      scale=float(stage.after))

    def held(self, stage: Stage) -> dict[str, torch.Tensor]:
        """Return the tensors of both: ``conv{k}`` and ``norm{k}``."""
        return self.conv.held(stage) | self.frozen.held(stage)

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the normalised product."""
        return self.frozen(self.conv(bins))


class SpectralPool(StageModule):
    """Spectral pooling from ``size`` to ``pool``: bins with ``|u|, |v| < pool/2``, times ``(pool/size)**2``.

    With ``nyquist="zero"`` (or an odd pool) bins of any radius may come in; those up to ``(pool - 1)//2`` leave.  The
    rules ``average`` and ``naive`` take and give whole half-spectra ``(n, C, N, N//2 + 1)``: their definition is in
    :mod:`hadamac.model.nyquist`.
    """

    def __init__(self, *, size: int, pool: int, nyquist: str = "zero"):
        super().__init__()
        self.size, self.pool, self.nyquist = size, pool, nyquist

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return pooled bins."""
        scale, half = (self.pool / self.size) ** 2, (self.pool - 1) // 2
        if self.nyquist == "zero" or self.pool % 2 or self.pool == self.size:
            if self.nyquist != "zero" and self.pool % 2 == 0:
                return bins * scale
            r = min(half, bins.shape[-1] - 1)
            return _rows(bins[..., : r + 1], r) * scale
        m, n = self.pool // 2, self.size
        kept = bins[..., : m + 1]
        if self.nyquist == "average":  # the mean of X[u, -m] = conj X[-u, m] and X[u, m], then that of rows m and -m
            other = torch.roll(bins[..., m].flip(-1), 1, -1).conj()
            kept = torch.cat((kept[..., :m], ((kept[..., m] + other) / 2)[..., None]), -1)
            edge = (kept[..., [m], :] + kept[..., [n - m], :]) / 2
        else:
            edge = kept[..., [n - m], :]
        return torch.cat((kept[..., :m, :], edge, kept[..., n - m + 1 :, :]), -2) * scale


class Pad(StageModule):
    """Interpolation: the bins of a ``size`` x ``size`` spectrum as those of a larger one, times ``(to/size)**2``.

    The bins between are not computed: whatever follows takes them as zero.  With ``nyquist="zero"`` an even size's
    Nyquist bins are dropped; the rules ``average`` and ``naive`` take whole half-spectra ``(n, C, M, M//2 + 1)``, and
    bins up to the radius M/2 leave: :mod:`hadamac.model.nyquist`.
    """

    def __init__(self, *, size: int, to: int, nyquist: str = "zero"):
        super().__init__()
        self.size, self.to, self.nyquist = size, to, nyquist

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return padded bins."""
        scale = (self.to / self.size) ** 2
        if self.nyquist == "zero" or self.size % 2:
            r = min((self.size - 1) // 2, bins.shape[-1] - 1)
            return _rows(bins[..., : r + 1], r) * scale
        if self.to == self.size:
            return bins
        m, average = self.size // 2, self.nyquist == "average"
        if average:
            bins = torch.cat((bins[..., :m], bins[..., [m]] / 2), -1)
        edge = bins[..., [m], :] / (2 if average else 1)
        above = edge if average else torch.zeros_like(edge)
        return torch.cat((bins[..., :m, :], above, edge, bins[..., m + 1 :, :]), -2) * scale


class MapDense(StageModule):
    """Linear layer on maps, held as weights on the real vector of their bins (see `hadamac.network.spectra.fold_fft`).

    Parameters
    ----------
    inputs, outputs : int
        Number of channels and of logits.
    size : int
        Size of the maps.

    ``forward`` takes float32 ``(n, inputs, size, size)`` and returns ``(n, outputs)``.
    """

    def __init__(self, inputs: int, outputs: int, *, size: int):
        super().__init__()
        self.size = size
        start = torch.randn(outputs, inputs, size, size).numpy() * (1 / (inputs * size**2)) ** 0.5
        self.weight = torch.nn.Parameter(torch.from_numpy(unfold_fft(start).astype(np.float32)))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.register_buffer("scale", torch.from_numpy(parseval_weights(size).astype(np.float32)), persistent=False)

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return ``dense.weight`` on maps and ``dense.bias``."""
        folded = fold_fft(self.weight.detach().numpy(), self.size).astype(np.float32)
        return {"dense.weight": folded, "dense.bias": self.bias.detach().numpy().copy()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Take ``dense.weight`` on maps and ``dense.bias``."""
        self.weight.copy_(torch.from_numpy(unfold_fft(params["dense.weight"])))
        self.bias.copy_(torch.from_numpy(params["dense.bias"]))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the logits of maps."""
        bins = torch.fft.rfft2(maps, norm="ortho") * self.scale
        return torch.nn.functional.linear(torch.view_as_real(bins).flatten(1), self.weight.flatten(1), self.bias)


class BinsDense(StageModule):
    """Linear layer on the real and imaginary parts of bins, each weighted by Parseval.

    ``forward`` takes complex64 ``(n, inputs, rows, radius + 1)``, bins of ``size`` x ``size`` maps, and returns
    ``(n, outputs)``; the weights on the bins themselves are ``weight * parseval``.
    """

    def __init__(self, inputs: int, outputs: int, *, size: int, radius: int, scale: float = 1.0):
        super().__init__()
        weight = np.sqrt(multiplicity(size, radius))[..., None] / orthonormal(size)
        shape = (outputs, inputs, *weight.shape[:2], 2)
        self.weight = torch.nn.Parameter(torch.randn(shape) * (1 / np.prod(shape[1:])) ** 0.5)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.scale = scale
        self.register_buffer("parseval", torch.from_numpy(weight.astype(np.float32)), persistent=False)

    def give(self, stage: Stage) -> dict[str, np.ndarray]:
        """Return ``dense.weight`` on the bins themselves and ``dense.bias``."""
        weight = self.weight.detach().numpy() * self.parseval.numpy()
        return {"dense.weight": weight, "dense.bias": self.bias.detach().numpy().copy()}

    @torch.no_grad()
    def take(self, stage: Stage, params: Mapping[str, np.ndarray]) -> None:
        """Take ``dense.weight`` on the bins themselves and ``dense.bias``."""
        self.weight.copy_(torch.from_numpy(params["dense.weight"] / self.parseval.numpy()))
        self.bias.copy_(torch.from_numpy(params["dense.bias"]))

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        """Return the logits of bins."""
        reals = torch.view_as_real(bins.contiguous()) * (self.parseval * self.scale)
        return torch.nn.functional.linear(reals.flatten(1), self.weight.flatten(1), self.bias)


@module("transform")
def _transform(stage: Stage) -> StageModule:
    return Transform(radius=stage.bins_radius)


@module("inverse")
def _inverse(stage: Stage) -> StageModule:
    return Inverse(size=stage.size)


@module("crop")
def _crop(stage: Stage) -> StageModule:
    return Crop(radius=stage.bins_radius)


@module("product")
def _product(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.SpectralConv):
        raise TypeError(f"Stage {stage.name} is no convolution")
    conv = SpectralConv(stage.inputs, stage.channels, size=stage.size, radius=stage.bins_radius, kernel=layer.kernel,
                        real=layer.real, before=float(stage.before), after=float(stage.after))
    return conv if stage.frozen is None else NormalisedConv(conv, stage)


@module("dense")
def _dense(stage: Stage) -> StageModule:
    layer = stage.layer
    if not isinstance(layer, layers.Dense):
        raise TypeError(f"Stage {stage.name} is not dense")
    if stage.radius is None:
        return MapDense(stage.inputs, layer.outputs, size=stage.size)
    return BinsDense(stage.inputs, layer.outputs, size=stage.size, radius=stage.radius, scale=float(stage.scale))
