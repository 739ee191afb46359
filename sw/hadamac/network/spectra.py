"""Spectra of maps and kernels, and linear layers of spectra by Parseval's theorem and Hermitian symmetry.

All spectra are unnormalised DFTs.  Live bins are in the order that :mod:`hadamac.network.stage` defines.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..model.crop import live_rows, multiplicity
from ..shapes import Pair, text

__all__ = ["fold_fft", "hermitian", "kernel_spectrum", "live_spectrum", "parseval_weights", "unfold_fft"]


def live_spectrum(maps: np.ndarray, radius: Pair) -> np.ndarray:
    """Return ``crop(rfft2(maps), radius)`` without computing the column transforms of dead bins.

    Parameters
    ----------
    maps : real array (..., H, W)
    radius : (int, int)
        Radius (r, s) of the live bins.

    Returns
    -------
    complex array (..., 2r+1, s+1)
        The live bins of the unnormalised DFT; all H rows if r = H/2.
    """
    rows = live_rows(maps.shape[-2], radius[0])
    return np.fft.fft(np.fft.rfft(maps)[..., : radius[1] + 1], axis=-2)[..., rows, :]


def kernel_spectrum(kernel: np.ndarray, size: Pair) -> np.ndarray:
    """Return the DFT of a kernel that is padded with zeros to H x W, with its centre tap at (0, 0).

    Tap (i, j) of a k x l kernel is placed at ``((i - k//2) % H, (j - l//2) % W)``.  The Hadamard product with this
    spectrum is therefore a circular convolution that does not shift the map.

    Parameters
    ----------
    kernel : real array (..., k, l)
        Kernels; k and l are odd and at most the rows and columns of the map.
    size : (int, int)
        H and W.

    Returns
    -------
    complex array (..., H, W)
        The whole spectrum, not scaled.

    Raises
    ------
    DataError
        If the kernel has an even number of rows or columns, or is larger than the map.
    """
    taps = kernel.shape[-2:]
    if any(k % 2 == 0 or k > n for k, n in zip(taps, size)):
        raise DataError(f"Kernel must be odd and at most {text(size, ' x ')}, not {taps[0]} x {taps[1]}")
    rows, columns = (np.arange(-(k // 2), k // 2 + 1) % n for k, n in zip(taps, size))
    padded = np.zeros((*kernel.shape[:-2], *size))
    padded[..., rows[:, None], columns] = kernel
    return np.fft.fft2(padded)


def parseval_weights(columns: int) -> np.ndarray:
    """Return the weight (W/2+1,) of each column of a half-spectrum of W = ``columns`` in Parseval's theorem.

    It is sqrt(2) for a column whose bins also represent their conjugates, and 1 for v = 0 and v = W/2.
    """
    v = np.arange(columns // 2 + 1)
    return np.where((v == 0) | (2 * v == columns), 1.0, np.sqrt(2.0))


def fold_fft(weight_bins: np.ndarray, size: Pair) -> np.ndarray:
    """Return the weights on a map that are equivalent to given weights on its bins; the FFT is folded into them.

    A linear layer on the bins of a map m computes, with ``F = rfft2(m, norm="ortho")``::

        y = sum_{u,v} s[v] * (wre[u,v] * Re F[u,v] + wim[u,v] * Im F[u,v])

    Here ``s[v] = sqrt(2)``, except that ``s = 1`` for v = 0 and v = W/2, where the conjugate of a bin is stored too
    or is the bin itself.  With these factors, the vector of the bins is as long as the map (Parseval):
    ``sum (s Re F)**2 + (s Im F)**2 = sum m**2``.  The linear function from the map to this vector preserves lengths, so
    that its transpose inverts it.  Hence ``y = sum_{y,x} w[y,x] m[y,x]`` with ::

        w = irfft2((wre + 1j * wim) / s, norm="ortho")

    where ``1/s = s/2`` for the columns with ``s = sqrt(2)``, because ``irfft2`` itself counts them twice.

    Parameters
    ----------
    weight_bins : real array (..., H, W//2+1, 2)
        Weights on the bins, with wre and wim in the last axis.
    size : (int, int)
        H and W of the map.

    Returns
    -------
    float64 array (..., H, W)
        Weights on the map.

    Raises
    ------
    DataError
        If the shape does not fit ``size``.
    """
    weight_bins = np.asarray(weight_bins, float)
    if weight_bins.shape[-3:] != (size[0], size[1] // 2 + 1, 2):
        raise DataError(f"Weights on bins must have the shape (..., {size[0]}, {size[1] // 2 + 1}, 2), not "
                        f"{weight_bins.shape}")
    half = (weight_bins[..., 0] + 1j * weight_bins[..., 1]) / parseval_weights(size[1])
    return np.fft.irfft2(half, s=size, norm="ortho")


def unfold_fft(weight_map: np.ndarray) -> np.ndarray:
    """Return weights on bins that `fold_fft` turns into ``weight_map``: of all such weights those with the least norm.

    Parameters
    ----------
    weight_map : real array (..., H, W)

    Returns
    -------
    float64 array (..., H, W//2+1, 2)
        ``s * rfft2(weight_map, norm="ortho")``, real and imaginary parts in the last axis.
    """
    half = np.fft.rfft2(weight_map, norm="ortho") * parseval_weights(weight_map.shape[-1])
    return np.stack((half.real, half.imag), -1)


def hermitian(half: np.ndarray, size: Pair) -> np.ndarray:
    """Return bins (..., rows, columns) that are those of a real map.

    The columns v = 0 and v = W/2 contain every bin and its conjugate.  There, each bin is replaced by the mean of
    itself and the conjugate of the bin at -u.
    """
    mirrored = np.conj(half[..., -np.arange(half.shape[-2]), :])
    single = multiplicity(size, (0, half.shape[-1] - 1))[0] == 1
    return np.where(single, (half + mirrored) / 2, half)
