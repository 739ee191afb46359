"""Circuits of hadamac as Amaranth components, for instance ``from hadamac_hw import Fft``.

A component's module is imported when its name is used for the first time.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "Fft": "fft.streaming",
    "Fft2d": "fft.planar",
    "FoldedFft": "fft.folded",
    "IterativeFft": "fft.iterative",
    "RealFft": "fft.real",
    "Rows": "fft.rows",
    "Scattering": "scattering",
    "ScatteringPath": "scattering",
    "Top": "network",
    "FlatTop": "cores.flat",
    "fft_block": "cores.standalone",
    "network_verilog": "cores.library",
    "emit": "base.emit",
}
"""The module of each public name that is no layer's; those of layers are in :mod:`hadamac_hw.layers`."""


def __getattr__(name: str) -> Any:  # classes of blocks, and functions
    """Load a public name from its module."""
    if name in _MODULES:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    if name.startswith("_") and name != "__all__":  # Python asks for such names by itself
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    blocks = {block.__name__: block for block in import_module(".layers", __name__).BLOCKS}
    if name == "__all__":
        return sorted([*_MODULES, *blocks])
    if name not in blocks:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return blocks[name]
