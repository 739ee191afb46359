"""Spectra of maps and kernels on live bins, with the consequences of Parseval's theorem and of Hermitian symmetry.

Spectra are unnormalised DFTs; the order of live bins is that of :mod:`hadamac.network.stages`.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..model.crop import live_rows, multiplicity

__all__ = ["fold_fft", "hermitian", "kernel_spectrum", "live_spectrum", "parseval_weights", "unfold_fft"]


def live_spectrum(maps: np.ndarray, r: int) -> np.ndarray:
    """Return ``crop(rfft2(maps), r)``; the columns of dead bins are not transformed.

    Parameters
    ----------
    maps : real array (..., N, N)
    r : int

    Returns
    -------
    complex array (..., 2r+1, r+1)
        Unnormalised DFT.
    """
    rows = live_rows(maps.shape[-2], r)
    return np.fft.fft(np.fft.rfft(maps)[..., : r + 1], axis=-2)[..., rows, :]


def kernel_spectrum(kernel: np.ndarray, size: int) -> np.ndarray:
    """Return the DFT of a kernel zero-padded to ``size`` x ``size`` with its centre tap at (0, 0).

    Tap (i, j) of a k x k kernel sits at ``((i - k//2) % size, (j - k//2) % size)``, so that the
    Hadamard product is a circular convolution that does not move the map.

    Parameters
    ----------
    kernel : real array (..., k, k)
        k odd and at most ``size``.
    size : int

    Returns
    -------
    complex array (..., size, size)
        The full spectrum, unnormalised.

    Raises
    ------
    DataError
        If the kernel is not square, even or larger than ``size``.
    """
    k = kernel.shape[-1]
    if kernel.shape[-2] != k or k % 2 == 0 or k > size:
        raise DataError(f"Kernel must be square and odd, at most {size} x {size}, not {kernel.shape[-2]} x {k}")
    place = np.arange(-(k // 2), k // 2 + 1) % size
    padded = np.zeros(kernel.shape[:-2] + (size, size))
    padded[..., place[:, None], place] = kernel
    return np.fft.fft2(padded)


def parseval_weights(size: int) -> np.ndarray:
    """Return a weight for each half-spectrum column: sqrt(2) where a bin stands for its conjugate too, else 1."""
    v = np.arange(size // 2 + 1)
    return np.where((v == 0) | (2 * v == size), 1.0, np.sqrt(2.0))


def fold_fft(weight_bins: np.ndarray, size: int) -> np.ndarray:
    """Fold an FFT into a linear layer: weights on the bins become weights on the map.

    The layer acts on the real vector of bins of a map m: with ``F = rfft2(m, norm="ortho")`` and
    ``s[v] = sqrt(2)``, except ``s = 1`` for v = 0 and v = size/2 (there a bin's conjugate is stored
    too, or is the bin itself)::

        y = sum_{u,v} s[v] * (wre[u,v] * Re F[u,v] + wim[u,v] * Im F[u,v])

    The weights s make the vector as long as the map: ``sum (s Re F)**2 + (s Im F)**2 = sum m**2``
    (Parseval).  Such a map is undone by its transpose, hence ``y = sum_{y,x} w[y,x] m[y,x]`` with ::

        w = irfft2((wre + 1j * wim) / s, norm="ortho")

    where ``1/s = s/2`` for the doubled columns because ``irfft2`` itself counts them twice.

    Parameters
    ----------
    weight_bins : real array (..., size, size//2+1, 2)
        wre and wim in the last axis.
    size : int

    Returns
    -------
    float64 array (..., size, size)

    Raises
    ------
    DataError
        If the shape does not fit ``size``.
    """
    weight_bins = np.asarray(weight_bins, float)
    if weight_bins.shape[-3:] != (size, size // 2 + 1, 2):
        raise DataError(
            f"Weights on bins must have the shape (..., {size}, {size // 2 + 1}, 2), not {weight_bins.shape}"
        )
    half = (weight_bins[..., 0] + 1j * weight_bins[..., 1]) / parseval_weights(size)
    return np.fft.irfft2(half, s=(size, size), norm="ortho")


def unfold_fft(weight_map: np.ndarray) -> np.ndarray:
    """Return the weights on the bins that `fold_fft` folds to ``weight_map``; of all such vectors, the shortest.

    Parameters
    ----------
    weight_map : real array (..., size, size)

    Returns
    -------
    float64 array (..., size, size//2+1, 2)
        ``s * rfft2(weight_map, norm="ortho")``, real and imaginary parts in the last axis.
    """
    half = np.fft.rfft2(weight_map, norm="ortho") * parseval_weights(weight_map.shape[-1])
    return np.stack((half.real, half.imag), -1)


def hermitian(half: np.ndarray, size: int) -> np.ndarray:
    """Return bins (..., rows, radius + 1) made Hermitian.

    In the columns that hold a bin and its conjugate, each becomes the mean of itself and the other's conjugate.
    """
    radius = half.shape[-1] - 1
    mirrored = np.conj(half[..., -np.arange(half.shape[-2]), :])
    single = multiplicity(size, radius)[0] == 1
    return np.where(single, (half + mirrored) / 2, half)
