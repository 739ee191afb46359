"""Torch modules of transforms and of the layers that keep, drop or place bins: crop, SpectralPool and Pad.

:mod:`hadamac.network.layers` defines the layers.
"""

from __future__ import annotations

import torch

from ..network.stage import Stage
from ..shapes import Pair, as_pair
from .registry import StageModule, module

__all__ = ["Crop", "Inverse", "Pad", "SpectralPool", "Transform", "expanded", "live_spectrum"]


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


def expanded(bins: torch.Tensor, size: int) -> torch.Tensor:
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
        return torch.fft.irfft(torch.fft.ifft(expanded(bins, self.size[0]), dim=-2), n=self.size[1])


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
