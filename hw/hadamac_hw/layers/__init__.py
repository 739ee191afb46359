"""Circuits of the layers, one file for each kind; the import of this room registers them for their operations.

A new block is a file here, an import and a place in `BLOCKS`: then networks, ``from hadamac_hw import ...`` and the
Verilog library have it.
"""

from __future__ import annotations

from ..base.block import Block
from .add import Add
from .argmax import Argmax
from .canvas import Canvas
from .crop import Crop, Expand
from .dense import Dense
from .frame import FramePairs, RowPairs
from .hadamard import Hadamard
from .modrelu import ModRelu
from .modulus import Modulus, PairModulus
from .normalise import Normalise
from .pwl import Pwl, Relu
from .quadratic import Quadratic
from .raster import Raster
from .spectral_pool import SpectralPad, SpectralPool
from .tile import Decimate, MaxPool

__all__ = ["BLOCKS"]

BLOCKS: tuple[type[Block], ...] = (
    RowPairs, FramePairs, Raster,
    Crop, Expand, Hadamard, Relu, Pwl, Quadratic, ModRelu, Modulus, PairModulus, Normalise, SpectralPool, SpectralPad,
    MaxPool, Decimate, Canvas, Add, Dense, Argmax,
)
"""Every block of this room, in the order of the library's manifest."""
