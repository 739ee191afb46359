"""Circuits of the layers, one file for each kind; the import of this room registers them for their operations."""

from . import add, argmax, crop, dense, hadamard, modrelu, modulus, normalise, pwl, quadratic, spectral_pool, tile

__all__ = ["add", "argmax", "crop", "dense", "hadamard", "modrelu", "modulus", "normalise", "pwl", "quadratic",
           "spectral_pool", "tile"]
