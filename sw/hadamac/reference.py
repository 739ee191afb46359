"""The float network: what the bit-exact models approximate and what training must reproduce.

Every quantity is ``float64``; spectra are unnormalised DFTs, live bins only (:mod:`hadamac.stages`).  A stage with
N x N maps, M behind a crop, P the power of two not below N::

    transform   X = FFT2(x)
    multiply    Y[o] = behind (before sum_c W[o,c] X[c] + bias[o] N*N [DC]);  W: DFT of the kernel, centre tap at (0, 0)
    inverse     x = IFFT2(X)
    point       f(x), or c0 + c1 x + c2 x**2
    bin         P f(Re X / P) + j P f(Im X / P), X max(0, |X| + P b) / |X|, or |X|
    normalise   P (X - mean) / deviation over bins;  P/N of the map (x - mean) / deviation, DC = 0
    tile        maximum of 2 x 2 pixels
    linear      logits = W x + bias

The scale ``(M/N)**2`` of pooling stands where :mod:`hadamac.stages` puts it: ``scale = before * behind``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .data import as_images
from .errors import DataError
from .model.crop import crop, expand, live_rows
from .model.pwl_fit import FUNCTIONS
from .network import Network
from .stages import Stage, orthonormal

__all__ = [
    "forward", "apply", "product_weights", "check_parameters", "kernel_spectrum", "live_spectrum", "hermitian",
    "multiplicity", "parseval_weights", "fold_fft", "unfold_fft",
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


def multiplicity(size: int, radius: int) -> np.ndarray:
    """How many bins of the full spectrum a stored bin stands for, (rows, radius + 1): 1 in the columns that hold a bin
    and its conjugate, v = 0 and v = size/2, else 2."""
    v = np.arange(radius + 1)
    rows = len(live_rows(size, radius))
    return np.tile(np.where((v == 0) | (2 * v == size), 1, 2), (rows, 1))


def hermitian(half: np.ndarray, size: int) -> np.ndarray:
    """Bins (..., rows, radius + 1) made Hermitian in the columns that hold a bin and its conjugate: their mean."""
    radius = half.shape[-1] - 1
    mirrored = np.conj(half[..., -np.arange(half.shape[-2]), :])
    single = multiplicity(size, radius)[0] == 1
    return np.where(single, (half + mirrored) / 2, half)


def product_weights(stage: Stage, params: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, inputs, rows, radius + 1) and bias (outputs,) of a product, frozen statistics included.

    The weights include the scale.  The bias is in units of the product's map: the DC bin's share is
    ``behind * bias * size**2``.
    """
    layer, k = stage.layer, stage.index
    if layer.kernel is None:
        free = params[f"conv{k}.spectrum"]
        weights = hermitian(free[..., 0] + 1j * free[..., 1], stage.size)
    else:
        weights = crop(kernel_spectrum(params[f"conv{k}.kernel"], stage.size), stage.radius)
    if layer.real:
        weights = weights.real + 0j
    bias = params[f"conv{k}.bias"]
    if stage.frozen is not None:
        mean, deviation = (params[f"norm{stage.frozen.index}.{name}"] for name in ("mean", "deviation"))
        weights, bias = weights / deviation[:, None, None, None], (bias - mean) / deviation
    return weights * float(stage.scale), bias


def _statistics(stage: Stage, x: np.ndarray) -> np.ndarray:
    """Normalised bins (n, C, rows, radius + 1); a channel without deviation becomes zero."""
    weight = multiplicity(stage.size, stage.came)
    p = orthonormal(stage.size)
    if stage.layer.over == "bins":
        x = x - (weight * x.real).sum((-2, -1), keepdims=True) / weight.sum()
    else:
        x = x.copy()
        x[..., 0, 0] = 0
        p = p * stage.size / np.sqrt(weight.sum())  # of the map: its N*N pixels are counted
    power = (weight * np.abs(x) ** 2).sum((-2, -1), keepdims=True) / weight.sum()
    return x * (p / np.sqrt(np.where(power > 0, power, 1)))


def apply(stage: Stage, params: Mapping, x: np.ndarray) -> np.ndarray:
    """What leaves a stage, (n, ...), of what comes in."""
    y = _KINDS[stage.kind](stage, params, x)
    return y if stage.scale == 1 or stage.kind in ("multiply", "linear") else y * float(stage.scale)


def _transform(stage, params, x):
    return live_spectrum(x, stage.radius)


def _multiply(stage, params, x):
    weights, bias = product_weights(stage, params)
    # One small matrix product per bin: (n, c) x (c, o), bins first.
    y = np.matmul(x.transpose(2, 3, 0, 1), weights.transpose(2, 3, 1, 0)).transpose(2, 3, 0, 1)
    y[..., 0, 0] += bias * stage.size**2 * float(stage.behind)
    return y


def _inverse(stage, params, x):
    return np.fft.irfft2(expand(x, stage.size), s=(stage.size, stage.size))


def _point(stage, params, x):
    if stage.layer.function == "quadratic":
        c = params[f"act{stage.index}.coefficients"]
        return c[0] + c[1] * x + c[2] * x**2
    return FUNCTIONS[stage.layer.function].of(x)


def _bin(stage, params, x):
    function, p = stage.layer.function, orthonormal(stage.size)
    if function in FUNCTIONS:
        of = FUNCTIONS[function].of
        y = p * (of(x.real / p) + 1j * of(x.imag / p))
    elif function == "modulus":
        y = np.abs(x) + 0j
    else:
        bias = p * params[f"act{stage.index}.bias"][:, None, None]
        magnitude = np.abs(x)
        y = x * np.maximum(0, magnitude + bias) / np.where(magnitude > 0, magnitude, 1)
    return y


def _crop(stage, params, x):
    return crop(x, stage.radius)


def _tile(stage, params, x):
    n = stage.size // 2
    return x.reshape(*x.shape[:-2], n, 2, n, 2).max((-3, -1))


def _linear(stage, params, x):
    weight = params["dense.weight"] * float(stage.scale)
    if np.iscomplexobj(x):
        x = np.stack([x.real, x.imag], -1)
    axes = tuple(range(1, x.ndim))
    return np.tensordot(x, weight, (axes, axes)) + params["dense.bias"]


_KINDS = {
    "transform": _transform, "multiply": _multiply, "inverse": _inverse, "point": _point, "bin": _bin,
    "normalise": lambda stage, params, x: _statistics(stage, x),
    "crop": _crop, "tile": _tile, "linear": _linear,
}  # fmt: skip


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
        if name.startswith("act") and name.endswith("bias") and value.max() > 0:
            raise DataError(
                f"Parameter {name} must be at most 0 (a gain above one has no bound near zero), not {value.max()}")
        if name.endswith("deviation") and value.min() <= 0:
            raise DataError(f"Parameter {name} must be positive, not {value.min()}")
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
        Only if asked for: of every stage with a named edge what leaves it, spectra complex (n, channels, rows,
        radius + 1), maps (n, channels, N, N), and ``logits``.

    Raises
    ------
    DataError
        If images or parameters do not fit the network.
    """
    params = check_parameters(network, params)
    images = as_images(images, network.size)
    # One pass even for no image at all, so that every array has its shape.
    starts = range(0, max(len(images), 1), _CHUNK)
    traces = [_chunk(network, params, images[i : i + _CHUNK], trace) for i in starts]
    whole = {name: np.concatenate([t[name] for t in traces]) for name in traces[0]}
    return (whole["logits"], whole) if trace else whole["logits"]


def _chunk(network, params, images, trace) -> dict[str, np.ndarray]:
    """Trace of a few images; only the logits if ``trace`` is false."""
    out, x = {}, images[:, None] / 256
    for stage in network.stages:
        x = apply(stage, params, x)
        if stage.edge == "logits" or trace and stage.edge:
            out[stage.edge] = x
    return out
