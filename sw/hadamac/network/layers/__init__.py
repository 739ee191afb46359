"""Layer descriptions: plain data, one file for each kind.

A new kind of layer is a file here and a line in `LAYERS`.
"""

from __future__ import annotations

from .activation import SPATIAL, SPECTRAL, Activation
from .add import Add
from .base import INPUT, Layer, Place, Tensor
from .dense import Dense
from .max_pool import MaxPool
from .normalise import Normalise
from .spectral_conv import SpectralConv
from .spectral_pool import SIZES, Pad, SpectralPool

LAYERS: dict[str, type[Layer]] = {cls.type: cls for cls in (
    SpectralConv, SpectralPool, Pad, Activation, Normalise, MaxPool, Dense, Add)}
"""Every kind of layer by the name of its type."""

__all__ = ["Activation", "Add", "Dense", "INPUT", "LAYERS", "Layer", "MaxPool", "Normalise", "Pad", "Place", "SIZES",
           "SPATIAL", "SPECTRAL", "SpectralConv", "SpectralPool", "Tensor"]
