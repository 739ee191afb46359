"""Torch modules for training: the layers of :mod:`hadamac.network.layers` in ``float32``, on live bins.

Between modules flow real maps ``(n, C, N, N)`` or bins ``(n, C, rows, radius + 1)`` of their unnormalised DFT, ordered
as :mod:`hadamac.network.stages` orders them; with ``radius = N/2`` that is the layout of ``torch.fft.rfft2``.  The
modules can be put together by hand; :class:`SpectralCnn` builds a described network, pruned to its live bins.

Only this module, those that it takes its layers from, and :mod:`hadamac.nn.train` import torch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..network.network import Network
from ..network.spectra import fold_fft, unfold_fft
from ..network.stages import Stage
from ..quantised.reference import check_parameters
from .activations import FrozenNormalise, Function, MaxPool, ModRelu, Modulus, Normalise, Quadratic, SpectralFunction
from .spectral import (  # fmt: skip
    BinsDense,
    Crop,
    Inverse,
    MapDense,
    SpectralConv,
    Transform,
)

__all__ = ["SpectralCnn"]


def _module(stage: Stage) -> torch.nn.Module:
    """The module of a stage."""
    layer, scale, behind = stage.layer, float(stage.scale), float(stage.after)
    match stage.kind:
        case "transform":
            return Transform(radius=stage.radius)
        case "inverse":
            return Inverse(size=stage.size)
        case "multiply":
            conv = SpectralConv(stage.inputs, stage.channels, size=stage.size, radius=stage.radius, kernel=layer.kernel,
                                real=layer.real, before=float(stage.before), behind=behind)
            if stage.frozen is None:
                return conv
            frozen = FrozenNormalise(stage.channels, size=stage.size, radius=stage.radius, scale=behind)
            return torch.nn.Sequential(conv, frozen)
        case "normalise":
            return Normalise(size=stage.size, radius=stage.radius_in, over=layer.over, correction=layer.correction)
        case "crop":
            return Crop(radius=stage.radius)
        case "tile":
            return MaxPool()
        case "linear" if stage.radius is None:
            return MapDense(stage.inputs, layer.outputs, size=stage.size)
        case "linear":
            return BinsDense(stage.inputs, layer.outputs, size=stage.size, radius=stage.radius, scale=scale)
    match layer.function:
        case "quadratic":
            return Quadratic()
        case "modrelu":
            return ModRelu(stage.channels, size=stage.size)
        case "modulus":
            return Modulus()
    return Function(layer.function) if stage.kind == "point" else SpectralFunction(layer.function, size=stage.size)


class SpectralCnn(torch.nn.Module):
    """A described network, stage by stage.

    Parameters
    ----------
    network : Network

    ``forward`` takes float32 images ``(n, size, size)`` in units of 1.0 = pixel 256 and returns
    logits ``(n, outputs)``.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.stages = torch.nn.ModuleList(_module(s) for s in network.stages)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = images[:, None]
        for stage, module in zip(self.network.stages, self.stages):
            x = module(x)
            if stage.scale != 1 and stage.kind not in ("multiply", "linear"):  # which have it in their weights
                x = x * float(stage.scale)
        return x

    def _places(self) -> dict[str, tuple]:
        """Module and attribute of every parameter but the dense layer's weight, as ``Network.parameters`` names it."""
        out = {}
        for stage, module in zip(self.network.stages, self.stages):
            k = stage.index
            if stage.kind == "multiply":
                conv = module if stage.frozen is None else module[0]
                name = "spectrum" if conv.kernel is None else "kernel"
                out |= {f"conv{k}.{name}": (conv, name), f"conv{k}.bias": (conv, "bias")}
                if stage.frozen is not None:
                    out |= {f"norm{stage.frozen.index}.{n}": (module[1], n) for n in ("mean", "deviation")}
            elif isinstance(module, Quadratic):
                out[f"act{k}.coefficients"] = module, "coefficients"
            elif isinstance(module, ModRelu):
                out[f"act{k}.bias"] = module, "bias"
        return out | {"dense.bias": (self.stages[-1], "bias")}

    def parameters_numpy(self) -> dict[str, np.ndarray]:
        """The parameters as ``Network.parameters`` names them: float32, the dense layer folded."""
        out = {name: getattr(m, attribute).detach().numpy().copy() for name, (m, attribute) in self._places().items()}
        for name, (module, _) in self._places().items():
            if isinstance(module, ModRelu):  # the last step of training may have gone beyond
                out[name] = np.minimum(out[name], 0)
        dense = self.stages[-1]
        weight = dense.weight.detach().numpy()
        if isinstance(dense, MapDense):
            out["dense.weight"] = fold_fft(weight, dense.size).astype(np.float32)
        else:
            out["dense.weight"] = weight * dense.parseval.numpy()
        return {name: out[name] for name in self.network.parameters}

    @torch.no_grad()
    def load_numpy(self, params: Mapping) -> None:
        """Take parameters named and shaped as ``Network.parameters``; `DataError` if they are not."""
        params = check_parameters(self.network, params)
        for name, (module, attribute) in self._places().items():
            getattr(module, attribute).copy_(torch.from_numpy(params[name]))
        dense, weight = self.stages[-1], params["dense.weight"]
        weight = unfold_fft(weight) if isinstance(dense, MapDense) else weight / dense.parseval.numpy()
        dense.weight.copy_(torch.from_numpy(weight))
