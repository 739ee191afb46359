"""Spectral pooling and padding of full spectra, in floats.

Both work in one or two dimensions, for even and odd sizes, and with three Nyquist rules.

Pooling N -> M keeps the bins with ``|u| < M/2`` along each axis, scaled by ``M/N`` so that means survive
(Rippel, Snoek, Adams, "Spectral representations for convolutional neural networks", NIPS 2015, section 4).
Padding M -> N puts them back among zeros, which interpolates.  For odd M that is all.  For even M the bin -M/2,
which M samples cannot distinguish from +M/2, follows a rule:

``zero``
    The bin is 0.  The output is real, and pooling commutes with every shift, whole samples or not.
``average``
    The bin is the mean of ``X[-M/2]`` and ``X[M/2]``, which for a real signal is real.  The output is real, and pooling
    commutes with shifts by whole output samples only.
``naive``
    The bin is ``X[-M/2]``, as in many implementations.  The output is not real.

The circuit's crop (:mod:`hadamac.model.crop`) is the rule ``zero`` on half-spectra.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DescriptionError

__all__ = ["RULES", "pad", "pool", "pool_signal", "shift"]

RULES = ("zero", "average", "naive")
"""Nyquist rules."""


def _check(what: str, spectrum: np.ndarray, size: int, nyquist: str, dimensions: int) -> None:
    """Raise DescriptionError for an unknown rule, impossible dimensions or an impossible size."""
    if nyquist not in RULES:
        raise DescriptionError(f"{what} Nyquist rule must be {', '.join(RULES[:-1])} or {RULES[-1]}, not {nyquist!r}")
    if dimensions not in (1, 2) or spectrum.ndim < dimensions:
        raise DescriptionError(f"{what} dimensions must be 1 or 2, and the spectrum have as many, not {dimensions!r}")
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise DescriptionError(f"{what} size must be a positive integer, not {size!r}")


def pool(spectrum: ArrayLike, size: int, *, nyquist: str = "zero", dimensions: int = 2) -> np.ndarray:
    """Return the low bins (..., M, M) of full spectra (..., N, N), or (..., M) of (..., N).

    Bins are in the order of ``numpy.fft``; ``size`` is M.
    """
    x = np.asarray(spectrum, dtype=np.complex128)
    _check("SpectralPool", x, size, nyquist, dimensions)
    for axis in range(-dimensions, 0):
        n = x.shape[axis]
        if size > n:
            raise DescriptionError(f"SpectralPool size must be at most its input's {n}, not {size}")
        x = np.moveaxis(x, axis, -1)
        half = (size - 1) // 2
        parts = [x[..., : half + 1]]
        if size % 2 == 0:
            low, high = x[..., [-size // 2]], x[..., [size // 2 % n]]
            parts.append({"zero": 0 * low, "average": 0.5 * (low + high), "naive": low}[nyquist])
        parts.append(x[..., n - half :])
        x = np.moveaxis(np.concatenate(parts, axis=-1) * (size / n), -1, axis)
    return x


def pad(spectrum: ArrayLike, size: int, *, nyquist: str = "zero", dimensions: int = 2) -> np.ndarray:
    """Return the bins of full spectra (..., M, M) at their places in N x N, zeros elsewhere; ``size`` is N.

    On the bins that pooling keeps, this is its inverse.  The bin -M/2 of an even M is dropped, halved between -M/2 and
    M/2, or put at -M/2.
    """
    x = np.asarray(spectrum, dtype=np.complex128)
    _check("Pad", x, size, nyquist, dimensions)
    for axis in range(-dimensions, 0):
        m = x.shape[axis]
        if size < m:
            raise DescriptionError(f"Pad size must be at least its input's {m}, not {size}")
        x = np.moveaxis(x, axis, -1)
        out = np.zeros((*x.shape[:-1], size), dtype=np.complex128)
        half = (m - 1) // 2
        out[..., : half + 1] = x[..., : half + 1]
        out[..., size - half :] = x[..., m - half :]
        if m % 2 == 0 and nyquist != "zero":
            edge = x[..., m // 2]
            if nyquist == "naive" or size == m:
                out[..., size - m // 2] = edge
            else:
                out[..., m // 2], out[..., size - m // 2] = 0.5 * edge, 0.5 * edge
        x = np.moveaxis(out * (size / m), -1, axis)
    return x


def pool_signal(x: ArrayLike, size: int, *, nyquist: str = "zero", dimensions: int = 2) -> np.ndarray:
    """Return real maps (..., N, N) or signals (..., N) pooled in space; complex, because ``naive`` makes them so."""
    axes = tuple(range(-dimensions, 0))
    spectrum = np.fft.fftn(np.asarray(x), axes=axes)
    return np.fft.ifftn(pool(spectrum, size, nyquist=nyquist, dimensions=dimensions), axes=axes)


def shift(x: ArrayLike, amount: float, *, dimensions: int = 2) -> np.ndarray:
    """Return signals or maps shifted circularly by any real amount along the last axes.

    Each bin u is multiplied by ``exp(-2 pi j u amount / N)``.  The Nyquist bin of an even N is multiplied by the real
    part of its factor, so that real signals stay real.
    """
    axes = tuple(range(-dimensions, 0))
    spectrum = np.fft.fftn(np.asarray(x), axes=axes)
    for axis in axes:
        n = spectrum.shape[axis]
        factor = np.exp(-2j * np.pi * np.fft.fftfreq(n) * amount)
        if n % 2 == 0:
            factor[n // 2] = np.cos(np.pi * amount)
        spectrum = np.moveaxis(np.moveaxis(spectrum, axis, -1) * factor, -1, axis)
    return np.fft.ifftn(spectrum, axes=axes)
