"""Descriptions of layers, which are plain data; each kind has a file of its own.

A new kind of layer needs a file in this folder and an entry in `LAYERS`.
"""

from __future__ import annotations

from .activation import SPATIAL, SPECTRAL, Activation
from .add import Add
from .base import INPUT, Layer, Place, Tensor
from .canvas import Canvas
from .dense import Dense
from .max_pool import MaxPool
from .normalise import Normalise
from .pointwise import Pointwise
from .spectral_conv import SpectralConv
from .spectral_pool import LENGTHS, SIZES, Pad, SpectralPool

LAYERS: dict[str, type[Layer]] = {cls.type: cls for cls in (
    SpectralConv, SpectralPool, Pad, Activation, Normalise, MaxPool, Dense, Add, Pointwise, Canvas)}
"""Class of every kind of layer, by the name of its type in JSON."""

__all__ = ["Activation", "Add", "Canvas", "Dense", "INPUT", "LAYERS", "LENGTHS", "Layer", "MaxPool", "Normalise", "Pad",
           "Place", "Pointwise", "SIZES", "SPATIAL", "SPECTRAL", "SpectralConv", "SpectralPool", "Tensor"]
