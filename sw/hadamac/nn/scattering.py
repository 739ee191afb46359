"""Wavelet scattering as a torch module, a front-end without parameters; definition: :mod:`hadamac.scattering`."""

from __future__ import annotations

import torch

from ..scattering.filters import paths

__all__ = ["Scattering"]

_STEPS = {
    "fft2": torch.fft.fft2, "ifft2": torch.fft.ifft2, "decimate": lambda x: x[..., ::2, ::2], "modulus": torch.abs,
}  # fmt: skip


class Scattering(torch.nn.Module):
    """Orders 0 and 1 of maps ``(..., size, size)``: float32 ``(..., 1 + scales angles, M, M)``, M = size / 2**scales.

    Channels: order 0, then order 1 by scale and angle.
    """

    def __init__(self, *, size: int, scales: int = 2, angles: int = 8):
        super().__init__()
        self.size, self.paths = size, []
        for k, path in enumerate(paths(size, scales=scales, angles=angles)):
            steps = []
            for n, (name, spectrum) in enumerate(path.steps):
                if name == "product":
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
