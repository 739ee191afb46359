"""Network in floats, which the bit-exact models approximate and which training must reproduce.

Every quantity is ``float64``; spectra are unnormalised DFTs, live bins only (:mod:`hadamac.network.stages`).  A stage
with H x W maps, and P the smallest power of two with ``P*P >= H*W``::

    transform   X = FFT2(x), or the FFT of maps of one row
    multiply    Y[o] = after (before sum_c W[o,c] X[c] + bias[o] H*W [DC]);  W: DFT of the kernel, centre tap at (0, 0)
    inverse     x = IFFT2(X)
    point       f(x), or c0 + c1 x + c2 x**2
    bin         P f(Re X / P) + j P f(Im X / P), X max(0, |X| + P b) / |X|, or |X|
    normalise   P (X - mean) / deviation over bins;  P/sqrt(H*W) of the map (x - mean) / deviation, DC = 0;
                deviations of n values with the divisor n - correction
    tile        maximum of 2 x 2 pixels
    join        sum of all inputs
    linear      y = W x + bias

The scale of pooling, a ratio of numbers of pixels, stands where :mod:`hadamac.network.stages` puts it: ``scale = before
* after``.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..network.network import Network
from ..network.source import source_frames, source_values
from ..network.walk import walk
from ..ops import evaluate
from ..ops.base import Params

__all__ = ["check_parameters", "forward", "traced"]

_ANSWER = ""
"""Name of the answer in a trace, beside the names of edges."""
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
    """Return the answers to a batch of images or signals: float64 (n, ...), or complex128 bins.

    Parameters
    ----------
    network : Network
    params : mapping of str to real array
        Named and shaped as ``network.parameters``.
    images : array (n, ...)
        Frames in a form that :func:`hadamac.samples.frames.as_frames` takes.

    Raises
    ------
    DataError
        If images or parameters do not fit the network.
    """
    return _forward(network, params, images, False)[_ANSWER]


def traced(network: Network, params: Params, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return what leaves every stage whose edge has a name, by that name; arguments and errors are those of `forward`.

    Spectra are complex (n, channels, rows, columns), maps are (n, channels, H, W).  The input is among them.
    """
    values = _forward(network, params, images, True)
    del values[_ANSWER]
    return values


def _forward(network: Network, params: Params, images: np.ndarray, trace: bool) -> dict[str, np.ndarray]:
    params = check_parameters(network, params)
    frames = source_frames(network, images)
    # One pass even for no frame at all, so that every array has its shape.
    starts = range(0, max(len(frames), 1), _CHUNK)
    traces = [_chunk(network, params, source_values(network, frames[i : i + _CHUNK]), trace) for i in starts]
    return {name: np.concatenate([t[name] for t in traces]) for name in traces[0]}


def _chunk(network: Network, params: Params, source: np.ndarray, trace: bool) -> dict[str, np.ndarray]:
    """Return the answers to a few frames and, if ``trace`` is true, the values of every edge."""
    out = {network.source: source} if trace else {}

    def visit(k: int, taken: tuple[np.ndarray, ...]) -> np.ndarray:
        stage = network.stages[k]
        y = evaluate(stage, params, *taken)
        if trace and stage.edge:
            out[stage.edge] = y
        return y

    out[_ANSWER] = walk(network.stages, source, visit)
    return out
