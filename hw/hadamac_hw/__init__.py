"""hadamac's circuits as Amaranth components: ``from hadamac_hw import Fft``.  Each is loaded when first asked for."""

from importlib import import_module

_WHERE = {
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

__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)
