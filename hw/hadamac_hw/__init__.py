"""hadamac's circuits as Amaranth components: ``from hadamac_hw import Fft``.  Each is loaded when first asked for."""

from importlib import import_module

_WHERE = {
    "Fft": "fft", "Fft2d": "fft2d", "IterativeFft": "fft_iterative", "RealFft": "fft_real", "Hadamard": "hadamard",
    "Crop": "crop", "Expand": "crop", "Pwl": "pwl", "Relu": "pwl", "Dense": "dense", "Argmax": "argmax",
    "Quadratic": "quadratic", "ModRelu": "modrelu", "Modulus": "modulus", "PairModulus": "modulus",
    "Normalise": "normalise", "SpectralPool": "spectral_pool", "SpectralPad": "spectral_pool", "MaxPool": "tile",
    "Decimate": "tile", "Scattering": "scattering", "ScatteringPath": "scattering",
    "Top": "network", "FlatTop": "flat", "fft_block": "standalone",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)
