"""Spectra of maps and kernels, and linear layers of spectra by Parseval's theorem and Hermitian symmetry.

All spectra are unnormalised DFTs.  Live bins are in the order that :mod:`hadamac.network.stage` defines.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..model.crop import live_rows, multiplicity

__all__ = ["fold_fft", "hermitian", "kernel_spectrum", "live_spectrum", "parseval_weights", "unfold_fft"]


def live_spectrum(maps: np.ndarray, r: int) -> np.ndarray:
    """Return ``crop(rfft2(maps), r)`` without computing the column transforms of dead bins.

    Parameters
    ----------
    maps : real array (..., N, N)
    r : int
        Radius of the live bins.

    Returns
    -------
    complex array (..., 2r+1, r+1)
        The live bins of the unnormalised DFT; (..., N, N/2+1) if r = N/2.
    """
    rows = live_rows(maps.shape[-2], r)
    return np.fft.fft(np.fft.rfft(maps)[..., : r + 1], axis=-2)[..., rows, :]


def kernel_spectrum(kernel: np.ndarray, size: int) -> np.ndarray:
    """Return the DFT of a kernel that is padded with zeros to ``size`` x ``size``, with its centre tap at (0, 0).

    Tap (i, j) of a k x k kernel is placed at ``((i - k//2) % size, (j - k//2) % size)``.  The Hadamard product with
    this spectrum is therefore a circular convolution that does not shift the map.

    Parameters
    ----------
    kernel : real array (..., k, k)
        Kernels; k is odd and at most ``size``.
    size : int

    Returns
    -------
    complex array (..., size, size)
        The whole spectrum, not scaled.

    Raises
    ------
    DataError
        If the kernel is not square, has an even size, or is larger than ``size``.
    """
    k = kernel.shape[-1]
    if kernel.shape[-2] != k or k % 2 == 0 or k > size:
        raise DataError(f"Kernel must be square and odd, at most {size} x {size}, not {kernel.shape[-2]} x {k}")
    place = np.arange(-(k // 2), k // 2 + 1) % size
    padded = np.zeros(kernel.shape[:-2] + (size, size))
    padded[..., place[:, None], place] = kernel
    return np.fft.fft2(padded)


def parseval_weights(size: int) -> np.ndarray:
    """Return the weight (N/2+1,) of each column of a half-spectrum in Parseval's theorem.

    It is sqrt(2) for a column whose bins also represent their conjugates, and 1 for v = 0 and v = N/2.
    """
    v = np.arange(size // 2 + 1)
    return np.where((v == 0) | (2 * v == size), 1.0, np.sqrt(2.0))


def fold_fft(weight_bins: np.ndarray, size: int) -> np.ndarray:
    """Return the weights on a map that are equivalent to given weights on its bins; the FFT is folded into them.

    A linear layer on the bins of a map m computes, with ``F = rfft2(m, norm="ortho")``::

        y = sum_{u,v} s[v] * (wre[u,v] * Re F[u,v] + wim[u,v] * Im F[u,v])

    Here ``s[v] = sqrt(2)``, except that ``s = 1`` for v = 0 and v = size/2, where the conjugate of a bin is stored too
    or is the bin itself.  With these factors, the vector of the bins is as long as the map (Parseval):
    ``sum (s Re F)**2 + (s Im F)**2 = sum m**2``.  The linear function from the map to this vector preserves lengths, so
    that its transpose inverts it.  Hence ``y = sum_{y,x} w[y,x] m[y,x]`` with ::

        w = irfft2((wre + 1j * wim) / s, norm="ortho")

    where ``1/s = s/2`` for the columns with ``s = sqrt(2)``, because ``irfft2`` itself counts them twice.

    Parameters
    ----------
    weight_bins : real array (..., size, size//2+1, 2)
        Weights on the bins, with wre and wim in the last axis.
    size : int
        N of the map.

    Returns
    -------
    float64 array (..., size, size)
        Weights on the map.

    Raises
    ------
    DataError
        If the shape does not fit ``size``.
    """
    weight_bins = np.asarray(weight_bins, float)
    if weight_bins.shape[-3:] != (size, size // 2 + 1, 2):
        raise DataError(f"Weights on bins must have the shape (..., {size}, {size // 2 + 1}, 2), not "
                        f"{weight_bins.shape}")
    half = (weight_bins[..., 0] + 1j * weight_bins[..., 1]) / parseval_weights(size)
    return np.fft.irfft2(half, s=(size, size), norm="ortho")


def unfold_fft(weight_map: np.ndarray) -> np.ndarray:
    """Return weights on bins that `fold_fft` turns into ``weight_map``: of all such weights those with the least norm.

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
    """Return bins (..., rows, radius + 1) that are those of a real map.

    The columns v = 0 and v = N/2 contain each bin and its conjugate.  There, a bin is replaced by the mean of itself
    and the conjugate of the bin at -u.
    """
    radius = half.shape[-1] - 1
    mirrored = np.conj(half[..., -np.arange(half.shape[-2]), :])
    single = multiplicity(size, radius)[0] == 1
    return np.where(single, (half + mirrored) / 2, half)
