"""Network in floats, which the bit-exact models approximate and which training must reproduce.

Every quantity is ``float64``; spectra are unnormalised DFTs, live bins only (:mod:`hadamac.network.stages`).  A stage
with N x N maps, M x M maps after a crop, and P the power of two not below N::

    transform   X = FFT2(x)
    multiply    Y[o] = after (before sum_c W[o,c] X[c] + bias[o] N*N [DC]);  W: DFT of the kernel, centre tap at (0, 0)
    inverse     x = IFFT2(X)
    point       f(x), or c0 + c1 x + c2 x**2
    bin         P f(Re X / P) + j P f(Im X / P), X max(0, |X| + P b) / |X|, or |X|
    normalise   P (X - mean) / deviation over bins;  P/N of the map (x - mean) / deviation, DC = 0;
                deviations of n values with the divisor n - correction
    tile        maximum of 2 x 2 pixels
    join        sum of all inputs
    linear      logits = W x + bias

The scale ``(M/N)**2`` of pooling stands where :mod:`hadamac.network.stages` puts it: ``scale = before * after``.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..images import as_images
from ..network.network import Network
from ..network.walk import walk
from ..ops import evaluate
from ..ops.base import Params

__all__ = ["check_parameters", "forward", "traced"]

_CHUNK = 500
"""Images per pass: keeps the working set of the default network near 50 MB."""


def check_parameters(network: Network, params: Params) -> dict[str, np.ndarray]:
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
    for name, tensor in network.tensors.items():
        if name not in params:
            raise DataError(f"Parameters must hold {name}, not only {', '.join(params) or 'none'}")
        value = np.asarray(params[name])
        if value.dtype.kind not in "fiu":
            raise DataError(f"Parameter {name} must be real numbers, not {value.dtype}")
        if value.shape != tensor.shape:
            raise DataError(f"Parameter {name} must have the shape {tensor.shape}, not {value.shape}")
        bad = value[~np.isfinite(value)]
        if bad.size:
            raise DataError(f"Parameter {name} must be finite, not {bad[0]}")
        if tensor.negative and value.max() > 0:
            raise DataError(
                f"Parameter {name} must be at most 0 (a gain above one has no bound near zero), not {value.max()}")
        if tensor.positive and value.min() <= 0:
            raise DataError(f"Parameter {name} must be positive, not {value.min()}")
        checked[name] = value.astype(float)
    return checked


def forward(network: Network, params: Params, images: np.ndarray) -> np.ndarray:
    """Return the logits of a batch of images, float64 (n, outputs).

    Parameters
    ----------
    network : Network
    params : mapping of str to real array
        Named and shaped as ``network.parameters``.
    images : uint8 array (n, size, size), or (n, size-4, size-4), which is padded
        A pixel p stands for ``p / 256``.

    Raises
    ------
    DataError
        If images or parameters do not fit the network.
    """
    return _forward(network, params, images, False)["logits"]


def traced(network: Network, params: Params, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return what leaves every stage whose edge has a name, by that name; arguments and errors are those of `forward`.

    Spectra are complex (n, channels, rows, radius + 1), maps are (n, channels, N, N); ``logits`` is among them.
    """
    return _forward(network, params, images, True)


def _forward(network: Network, params: Params, images: np.ndarray, trace: bool) -> dict[str, np.ndarray]:
    params = check_parameters(network, params)
    images = as_images(images, network.size)
    # One pass even for no image at all, so that every array has its shape.
    starts = range(0, max(len(images), 1), _CHUNK)
    traces = [_chunk(network, params, images[i : i + _CHUNK], trace) for i in starts]
    return {name: np.concatenate([t[name] for t in traces]) for name in traces[0]}


def _chunk(network: Network, params: Params, images: np.ndarray, trace: bool) -> dict[str, np.ndarray]:
    """Return the trace of a few images; only the logits if ``trace`` is false."""
    out: dict[str, np.ndarray] = {}

    def visit(k: int, taken: tuple[np.ndarray, ...]) -> np.ndarray:
        stage = network.stages[k]
        y = evaluate(stage, params, *taken)
        if stage.edge == "logits" or trace and stage.edge:
            out[stage.edge] = y
        return y

    walk(network.stages, images[:, None] / 256, visit)
    return out
