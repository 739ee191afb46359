"""Circuits of hadamac as Amaranth components, for instance ``from hadamac_hw import Fft``.

A component's module is imported when its name is used for the first time.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "Fft": "fft.streaming",
    "Fft2d": "fft.planar",
    "IterativeFft": "fft.iterative",
    "RealFft": "fft.real",
    "Hadamard": "layers.hadamard",
    "Crop": "layers.crop",
    "Expand": "layers.crop",
    "Pwl": "layers.pwl",
    "Relu": "layers.pwl",
    "Dense": "layers.dense",
    "Argmax": "layers.argmax",
    "Quadratic": "layers.quadratic",
    "ModRelu": "layers.modrelu",
    "Modulus": "layers.modulus",
    "PairModulus": "layers.modulus",
    "Normalise": "layers.normalise",
    "SpectralPool": "layers.spectral_pool",
    "SpectralPad": "layers.spectral_pool",
    "MaxPool": "layers.tile",
    "Decimate": "layers.tile",
    "Scattering": "scattering",
    "ScatteringPath": "scattering",
    "Top": "network",
    "FlatTop": "cores.flat",
    "fft_block": "cores.standalone",
}
"""The module of each public name."""

__all__ = sorted(_MODULES)  # pyright: ignore[reportUnsupportedDunderAll] (`__getattr__` defines the names)


def __getattr__(name: str) -> Any:  # a class of a block, or a function
    """Return the object with a public name, from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
