"""The float network: what the bit-exact models approximate and what training must reproduce.

Every quantity is ``float64``.  Group ``k`` turns maps ``x`` of N x N into maps of M x M::

    X = FFT2(x)                                        unnormalised
    Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v]               W = DFT of the kernel, centre tap at (0, 0)
    Y[o,0,0] += bias[o] * N*N
    Z = (M/N)**2 * Y on |u|, |v| < M/2, else 0         spectral pooling, Nyquist zero
    map = relu(IFFT2(Z))

*Live bins.*  Only the bins with ``|u|, |v| < M/2`` of X, W and Y reach the output, and a real map
needs only ``v >= 0`` of them.  With ``r = M/2 - 1`` they are an array ``(2r+1, r+1)``: u in the order
``0..r, -r..-1`` (that of an FFT), v in the order ``0..r``.  Nothing else is computed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .data import as_images
from .errors import DataError
from .model.crop import crop, expand, live_rows
from .network import Network

__all__ = [
    "forward", "check_parameters", "kernel_spectrum", "live_spectrum",
    "parseval_weights", "fold_fft", "unfold_fft",
]  # fmt: skip

_CHUNK = 500
"""Images per pass: keeps the working set of the default network near 50 MB."""


def live_spectrum(maps: np.ndarray, r: int) -> np.ndarray:
    """``crop(rfft2(maps), r)``, without the column transforms of dead bins.

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
    """DFT of a kernel zero-padded to ``size`` x ``size`` with its centre tap at (0, 0).

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
    """Weight of each half-spectrum column: sqrt(2) where a bin stands for itself and its conjugate."""
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
    """The weights on the bins that `fold_fft` folds to ``weight_map``; of all such, the shortest.

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


def check_parameters(network: Network, params: Mapping) -> dict[str, np.ndarray]:
    """Check names, shapes and values of a network's parameters.

    Parameters
    ----------
    network : Network
    params : mapping of str to real array

    Returns
    -------
    dict of str to float64 array

    Raises
    ------
    DataError
        Naming the first parameter that is missing, unknown, misshapen or not finite.
    """
    unknown = sorted(set(params) - set(network.parameters))
    if unknown:
        raise DataError(f"Parameters must be {', '.join(network.parameters)}, not {unknown[0]!r}")
    checked = {}
    for name, shape in network.parameters.items():
        if name not in params:
            raise DataError(f"Parameters must hold {name}, not only {', '.join(params) or 'none'}")
        value = np.asarray(params[name])
        if value.dtype.kind not in "fiu":
            raise DataError(f"Parameter {name} must be real numbers, not {value.dtype}")
        if value.shape != shape:
            raise DataError(f"Parameter {name} must have the shape {shape}, not {value.shape}")
        bad = value[~np.isfinite(value)]
        if bad.size:
            raise DataError(f"Parameter {name} must be finite, not {bad[0]}")
        checked[name] = value.astype(float)
    return checked


def forward(network: Network, params: Mapping, images: np.ndarray, trace: bool = False):
    """Logits of a batch of images.

    Parameters
    ----------
    network : Network
    params : mapping of str to real array
        Named and shaped as ``network.parameters``.
    images : uint8 array (n, size, size), or (n, size-4, size-4), which is padded
        A pixel p stands for ``p / 256``.
    trace : bool
        Return the intermediate values too.

    Returns
    -------
    logits : float64 array (n, outputs)
    trace : dict of str to array
        Only if asked for.  Per group k, with N, M, r as above:
        ``spectrum{k}`` complex (n, inputs, 2r+1, r+1), the live bins of X (unnormalised DFT);
        ``product{k}`` complex (n, outputs, 2r+1, r+1), the live bins of Z (bias and (M/N)**2 included);
        ``map{k}`` float (n, outputs, M, M), after the activation; and ``logits``.

    Raises
    ------
    DataError
        If images or parameters do not fit the network.
    """
    params = check_parameters(network, params)
    images = as_images(images, network.size)
    spectra = [
        crop(kernel_spectrum(params[f"conv{g.index}.kernel"], g.size), g.pool // 2 - 1) for g in network.groups
    ]
    # One pass even for no image at all, so that every array has its shape.
    starts = range(0, max(len(images), 1), _CHUNK)
    traces = [_chunk(network, params, spectra, images[i : i + _CHUNK], trace) for i in starts]
    whole = {name: np.concatenate([t[name] for t in traces]) for name in traces[0]}
    return (whole["logits"], whole) if trace else whole["logits"]


def _chunk(network, params, spectra, images, trace) -> dict[str, np.ndarray]:
    """Trace of a few images; only the logits if ``trace`` is false."""
    out = {}
    maps = images[:, None] / 256
    for g, weights in zip(network.groups, spectra):
        X = live_spectrum(maps, g.pool // 2 - 1)
        # One small matrix product per bin: (n, c) x (c, o), bins first.
        Y = np.matmul(X.transpose(2, 3, 0, 1), weights.transpose(2, 3, 1, 0)).transpose(2, 3, 0, 1)
        Y[..., 0, 0] += params[f"conv{g.index}.bias"] * g.size**2
        Z = Y * (g.pool / g.size) ** 2
        maps = np.maximum(np.fft.irfft2(expand(Z, g.pool), s=(g.pool, g.pool)), 0)
        if trace:
            out |= {f"spectrum{g.index}": X, f"product{g.index}": Z, f"map{g.index}": maps}
    weight = params["dense.weight"]
    out["logits"] = np.tensordot(maps, weight, ((1, 2, 3), (1, 2, 3))) + params["dense.bias"]
    return out
