"""Torch module of wavelet scattering, a front-end without parameters; :mod:`hadamac.scattering` defines it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..scattering.filters import paths

__all__ = ["Scattering"]

_STEPS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "fft2": torch.fft.fft2, "ifft2": torch.fft.ifft2, "decimate": lambda x: x[..., ::2, ::2], "modulus": torch.abs,
}  # fmt: skip
"""Functions of the steps of a path that are not products."""


class Scattering(torch.nn.Module):
    """Wavelet scattering of orders 0 and 1.

    ``forward`` takes maps ``(..., size, size)`` and returns float32 ``(..., 1 + scales * angles, M, M)`` with
    M = size / 2**scales.  The channels are order 0, then order 1 by scale and angle.
    """

    def __init__(self, *, size: int, scales: int = 2, angles: int = 8):
        super().__init__()
        self.size = size
        self.paths: list[list[str]] = []
        for k, path in enumerate(paths(size, scales=scales, angles=angles)):
            steps = []
            for n, (name, spectrum) in enumerate(path.steps):
                if spectrum is not None:
                    name = f"filter{k}_{n}"
                    self.register_buffer(name, torch.from_numpy(spectrum).float(), persistent=False)
                steps.append(name)
            self.paths.append(steps)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the scattering of maps."""
        out = []
        for steps in self.paths:
            x = maps
            for name in steps:
                x = _STEPS[name](x) if name in _STEPS else x * getattr(self, name)
            out.append(x.real)
        return torch.stack(out, -3)
