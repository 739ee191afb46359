"""Torch modules for training: the network of :mod:`hadamac.reference` in ``float32``, on live bins.

Between modules flow either real maps ``(n, C, N, N)`` or live bins ``(n, C, 2r+1, r+1)`` of their
unnormalised DFT, ordered as :mod:`hadamac.reference` orders them.  The crop happens before the
product (a convolution acts per bin, so cropped bins need not be computed at all).

This module and :mod:`hadamac.train` are the only ones that import torch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .errors import ToolError
from .model.crop import live_rows
from .network import Network
from .reference import check_parameters, fold_fft, parseval_weights, unfold_fft

try:
    import torch
except ModuleNotFoundError as e:
    if e.name != "torch":
        raise
    raise ToolError("torch is not installed: it is needed to train; run `pip install hadamac[train]`") from None

__all__ = ["SpectralConv", "SpectralPool", "SpatialActivation", "BinsDense", "SpectralCnn", "live_spectrum"]


def live_spectrum(maps: torch.Tensor, r: int) -> torch.Tensor:
    """Live bins ``(..., 2r+1, r+1)`` of the unnormalised DFT of real maps ``(..., N, N)``."""
    columns = torch.fft.fft(torch.fft.rfft(maps)[..., : r + 1], dim=-2)
    # Two slices, not an index: the gradient of a slice is a cheap pad.
    return torch.cat((columns[..., : r + 1, :], columns[..., maps.shape[-2] - r :, :]), -2)


def _dft(taps: np.ndarray, bins: np.ndarray, size: int) -> torch.Tensor:
    """Matrix (bins, taps) of ``exp(-2j pi bin tap / size)``."""
    return torch.from_numpy(np.exp(-2j * np.pi / size * np.outer(bins, taps)).astype(np.complex64))


class SpectralConv(torch.nn.Module):
    """Hadamard product with a kernel's spectrum, accumulated over input channels, plus a bias.

    ``Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v]`` and ``Y[o,0,0] += bias[o] * size**2``.  Only the live
    bins of W are computed: two small DFT matrices times the kernel.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size : int
        N, of the map whose bins come in.
    kernel : int
        Odd; in pixels.
    radius : int
        r: bins with ``|u|, |v| <= r`` are live.

    ``forward`` takes and returns complex64 ``(n, channels, 2r+1, r+1)``.
    """

    def __init__(self, inputs: int, outputs: int, *, size: int, kernel: int, radius: int):
        super().__init__()
        self.inputs, self.outputs, self.size, self.radius = inputs, outputs, size, radius
        # He initialisation: a ReLU follows.
        self.kernel = torch.nn.Parameter(
            torch.randn(outputs, inputs, kernel, kernel) * (2 / (inputs * kernel**2)) ** 0.5
        )
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        taps = np.arange(kernel) - kernel // 2
        self.register_buffer("dft_u", _dft(taps, live_rows(size, radius), size), persistent=False)
        self.register_buffer("dft_v", _dft(taps, np.arange(radius + 1), size).T.contiguous(), persistent=False)
        dc = torch.zeros(2 * radius + 1, radius + 1)
        dc[0, 0] = size**2
        self.register_buffer("dc", dc, persistent=False)

    def weights(self) -> torch.Tensor:
        """Live bins of the kernel's spectrum, complex64 ``(outputs, inputs, 2r+1, r+1)``."""
        return self.dft_u @ self.kernel.to(torch.complex64) @ self.dft_v

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        product = torch.einsum("ncuv,ocuv->nouv", bins, self.weights())
        return product + self.bias[:, None, None] * self.dc


class SpectralPool(torch.nn.Module):
    """The scale ``(pool/size)**2`` of a crop from ``size`` to ``pool``; the live bins are its crop.

    ``forward`` takes and returns complex64 ``(n, channels, 2r+1, r+1)`` with ``r = pool/2 - 1``.
    """

    def __init__(self, *, size: int, pool: int):
        super().__init__()
        self.size, self.pool = size, pool

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        return bins * (self.pool / self.size) ** 2


class SpatialActivation(torch.nn.Module):
    """``relu(IFFT2(bins))``, whose FFT2 is the next module's business (it knows its live bins).

    ``forward`` takes complex64 ``(n, channels, 2r+1, r+1)`` and returns float32
    ``(n, channels, size, size)``.
    """

    def __init__(self, *, size: int):
        super().__init__()
        self.size = size

    def forward(self, bins: torch.Tensor) -> torch.Tensor:
        r = bins.shape[-1] - 1
        dead = bins.new_zeros(*bins.shape[:-2], self.size - 2 * r - 1, r + 1)
        columns = torch.cat((bins[..., : r + 1, :], dead, bins[..., r + 1 :, :]), -2)
        # irfft takes the missing bins v > r as zero.
        return torch.relu(torch.fft.irfft(torch.fft.ifft(columns, dim=-2), n=self.size))


class BinsDense(torch.nn.Module):
    """Linear layer on the real vector of bins of the last maps (see `reference.fold_fft`).

    Parameters
    ----------
    inputs, outputs : int
        Channels; results.
    size : int
        Of the maps.

    ``forward`` takes float32 ``(n, inputs, size, size)`` and returns ``(n, outputs)``.
    """

    def __init__(self, inputs: int, outputs: int, *, size: int):
        super().__init__()
        self.size = size
        start = torch.randn(outputs, inputs, size, size).numpy() * (1 / (inputs * size**2)) ** 0.5
        self.weight = torch.nn.Parameter(torch.from_numpy(unfold_fft(start).astype(np.float32)))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.register_buffer("scale", torch.from_numpy(parseval_weights(size).astype(np.float32)), persistent=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        bins = torch.fft.rfft2(maps, norm="ortho") * self.scale
        return torch.nn.functional.linear(torch.view_as_real(bins).flatten(1), self.weight.flatten(1), self.bias)


class SpectralCnn(torch.nn.Module):
    """A described network: groups of (`SpectralConv`, `SpectralPool`, `SpatialActivation`), then `BinsDense`.

    Parameters
    ----------
    network : Network

    ``forward`` takes float32 images ``(n, size, size)`` in units of 1.0 = pixel 256 and returns
    logits ``(n, outputs)``.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.groups = torch.nn.ModuleList()
        for g in network.groups:
            conv = SpectralConv(g.inputs, g.outputs, size=g.size, kernel=g.kernel, radius=g.pool // 2 - 1)
            pool, act = SpectralPool(size=g.size, pool=g.pool), SpatialActivation(size=g.pool)
            self.groups.append(torch.nn.Sequential(conv, pool, act))
        self.dense = BinsDense(g.outputs, network.dense.outputs, size=g.pool)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = images[:, None]
        for group in self.groups:
            maps = group(live_spectrum(maps, group[0].radius))
        return self.dense(maps)

    def parameters_numpy(self) -> dict[str, np.ndarray]:
        """The parameters as ``Network.parameters`` names them: float32, the dense layer folded."""
        out = {}
        for k, (conv, _, _) in enumerate(self.groups):
            out[f"conv{k}.kernel"] = conv.kernel.detach().numpy().copy()
            out[f"conv{k}.bias"] = conv.bias.detach().numpy().copy()
        folded = fold_fft(self.dense.weight.detach().numpy(), self.dense.size)
        out["dense.weight"] = folded.astype(np.float32)
        out["dense.bias"] = self.dense.bias.detach().numpy().copy()
        return out

    @torch.no_grad()
    def load_numpy(self, params: Mapping) -> None:
        """Take parameters named and shaped as ``Network.parameters``; `DataError` if they are not."""
        params = check_parameters(self.network, params)
        for k, (conv, _, _) in enumerate(self.groups):
            conv.kernel.copy_(torch.from_numpy(params[f"conv{k}.kernel"]))
            conv.bias.copy_(torch.from_numpy(params[f"conv{k}.bias"]))
        self.dense.weight.copy_(torch.from_numpy(unfold_fft(params["dense.weight"])))
        self.dense.bias.copy_(torch.from_numpy(params["dense.bias"]))
