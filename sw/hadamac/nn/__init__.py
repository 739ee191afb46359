"""Torch modules for training: the layers of :mod:`hadamac.network.layers` in ``float32``, on live bins.

Modules exchange real maps ``(n, C, N, N)`` or the bins ``(n, C, rows, radius + 1)`` of their unnormalised DFTs.  Bins
are in the order of :mod:`hadamac.network.stage`; for ``radius = N/2`` it is that of ``torch.fft.rfft2``.  The modules
can be combined by hand, or :class:`SpectralCnn` builds a described network from them, pruned to its live bins.

Only the modules in this folder and in :mod:`hadamac.convert` import torch, which is an optional dependency.
"""

from __future__ import annotations

from ..errors import ToolError

try:
    import torch  # noqa: F401
except ModuleNotFoundError as e:
    if e.name != "torch":
        raise
    raise ToolError("torch is not installed: it is needed to train; run `pip install hadamac[train]`") from None

from .activations import Add, Canvas, Function, MaxPool, ModRelu, Modulus, Quadratic, SpectralFunction
from .dense import BinsDense, MapDense
from .network import SpectralCnn
from .normalise import FrozenNormalise, Normalise
from .products import Pointwise, SpectralConv
from .quantised import QuantisedCnn
from .scattering import Scattering
from .spectral import Crop, Inverse, Pad, SpectralPool, Transform, live_spectrum

__all__ = ["Add", "BinsDense", "Canvas", "Crop", "FrozenNormalise", "Function", "Inverse", "MapDense", "MaxPool",
           "ModRelu", "Modulus", "Normalise", "Pad", "Pointwise", "Quadratic", "QuantisedCnn", "Scattering",
           "SpectralCnn", "SpectralConv", "SpectralFunction", "SpectralPool", "Transform", "live_spectrum"]
