"""Artifact on another grid: the same weights for maps of another size.

A network of convolutions alone, such as a Fourier neural operator, has parameters that do not depend on the size of its
maps.  On a finer grid it computes the same operator at more points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..checks import shown
from ..errors import DataError, DescriptionError
from ..network.network import Network
from ..shapes import Pair
from .artifact import Artifact
from .quantise import quantise

__all__ = ["on_grid", "resampled"]


def _network(network: Network, size: Pair) -> Network:
    """Return a network for frames of another size; DescriptionError if a parameter would have another shape."""
    if network.flat:
        raise DescriptionError(f"Grid must be left out for the signals of network {network.name}, not "
                               f"{size[0]}x{size[1]}")
    other = replace(network, shape=(network.channels, *size))
    for name, shape in network.parameters.items():
        if other.parameters.get(name) != shape:
            raise DescriptionError(f"Network {network.name} must have parameters that do not depend on the grid; "
                                   f"{name} has the shape {shape} on {network.given[0]}x{network.given[1]}, and "
                                   f"{other.parameters.get(name)} on {size[0]}x{size[1]}")
    return other


def resampled(frames: np.ndarray, size: Pair) -> np.ndarray:
    """Return frames (n, C, H, W) on another grid; each point takes the value of the point at or before it.

    A point at row y of the new H' rows takes row ``floor(y H / H')``, and the same along columns.
    """
    rows, columns = (np.arange(new) * old // new for new, old in zip(size, frames.shape[-2:]))
    return frames[..., rows[:, None], columns]


def on_grid(artifact: Artifact, size: int | Pair, calibration: ArrayLike | None = None) -> Artifact:
    """Return an artifact whose network takes frames of another size with the same float parameters and weights.

    Number formats are calibrated anew, because bins of larger maps are larger.  The words of weights do not change,
    because their exponents depend on the weights alone.

    Parameters
    ----------
    artifact : Artifact
    size : int or (int, int)
        Rows and columns of a frame; an integer n stands for (n, n).
    calibration : array (n, ...), optional
        Frames of the new size.  By default the samples of the artifact, resampled (`resampled`).

    Returns
    -------
    Artifact
        Without an accuracy on record.  Its samples are those frames, without targets.

    Raises
    ------
    DescriptionError
        If the parameters of the network depend on the size.
    DataError
        If there are neither samples nor calibration frames, or if the size is none.
    """
    if isinstance(size, int):
        size = size, size
    if not (isinstance(size, tuple) and len(size) == 2 and all(isinstance(n, int) for n in size)):
        raise DataError(f"Grid must be one integer or two, not {shown(size)}")
    network = artifact.qnet.network
    if size == network.given:
        return artifact
    other = _network(network, size)
    if calibration is None:
        if artifact.samples is None:
            raise DataError(f"Grid needs frames to calibrate on: the artifact of {network.name} has no samples")
        frames = artifact.samples[0].reshape(-1, network.channels, *network.given)
        calibration = resampled(frames, size)
    words = np.asarray(calibration)
    qnet = quantise(other, artifact.params, words, artifact.qnet.formats)
    facts = artifact.provenance | {"grid": f"{size[0]}x{size[1]}, trained on {network.given[0]}x{network.given[1]}"}
    return Artifact(qnet, artifact.params, provenance=facts, classes=artifact.classes,
                    samples=(words.reshape(-1, *other.shape), None))
