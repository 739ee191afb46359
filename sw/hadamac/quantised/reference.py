"""The float network: what the bit-exact models approximate and what training must reproduce.

Every quantity is ``float64``; spectra are unnormalised DFTs, live bins only (:mod:`hadamac.network.stages`).  A stage
with N x N maps, M behind a crop, P the power of two not below N::

    transform   X = FFT2(x)
    multiply    Y[o] = behind (before sum_c W[o,c] X[c] + bias[o] N*N [DC]);  W: DFT of the kernel, centre tap at (0, 0)
    inverse     x = IFFT2(X)
    point       f(x), or c0 + c1 x + c2 x**2
    bin         P f(Re X / P) + j P f(Im X / P), X max(0, |X| + P b) / |X|, or |X|
    normalise   P (X - mean) / deviation over bins;  P/N of the map (x - mean) / deviation, DC = 0;
                deviations of n values with the divisor n - correction
    tile        maximum of 2 x 2 pixels
    linear      logits = W x + bias

The scale ``(M/N)**2`` of pooling stands where :mod:`hadamac.network.stages` puts it: ``scale = before * behind``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import DataError
from ..images import as_images
from ..model.crop import crop, expand, multiplicity
from ..model.pwl.fitting import FUNCTIONS
from ..network.network import Network
from ..network.spectra import hermitian, kernel_spectrum, live_spectrum
from ..network.stages import Stage, orthonormal

__all__ = ["apply", "check_parameters", "forward", "product_weights"]

_CHUNK = 500
"""Images per pass: keeps the working set of the default network near 50 MB."""


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
    weight = multiplicity(stage.size, stage.radius_in)
    p = orthonormal(stage.size)
    values = stage.size**2 if stage.layer.over == "map" else weight.sum()
    if stage.layer.over == "bins":
        x = x - (weight * x.real).sum((-2, -1), keepdims=True) / weight.sum()
    else:
        x = x.copy()
        x[..., 0, 0] = 0
        p = p * stage.size / np.sqrt(weight.sum())  # of the map: its N*N pixels are counted
    power = (weight * np.abs(x) ** 2).sum((-2, -1), keepdims=True) / weight.sum()
    p = p * np.sqrt((values - stage.layer.correction) / values)
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
    y[..., 0, 0] += bias * stage.size**2 * float(stage.after)
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
