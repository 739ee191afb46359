"""Torch modules for training: the layers of :mod:`hadamac.network.layers` in ``float32``, on live bins.

Between modules flow real maps ``(n, C, N, N)`` or bins ``(n, C, rows, radius + 1)`` of their unnormalised DFT, ordered
as :mod:`hadamac.network.stages` orders them; with ``radius = N/2`` that is the layout of ``torch.fft.rfft2``.  The
modules can be put together by hand; :class:`SpectralCnn` builds a described network, pruned to its live bins.

Only this module, those that it takes its layers from, and :mod:`hadamac.nn.train` import torch.
"""

from __future__ import annotations

from ..errors import ToolError

try:
    import torch  # noqa: F401
except ModuleNotFoundError as e:
    if e.name != "torch":
        raise
    raise ToolError("torch is not installed: it is needed to train; run `pip install hadamac[train]`") from None

from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .network import SpectralCnn
from .scattering import Scattering
from .spectral import *  # noqa: F403
from .spectral import __all__ as _spectral

__all__ = [*_activations, *_spectral, "Scattering", "SpectralCnn"]  # pyright: ignore[reportUnsupportedDunderAll]
