"""Float parameters and calibration images to a :class:`~hadamac.quantised.network.QuantNetwork`, stage by stage.

Where a format is chosen, it leaves ``headroom`` above the largest calibration value.  How an operation chooses its
weights, schedules and formats is in its own file (:mod:`hadamac.ops`).
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..images import as_images
from ..network.network import Network
from ..network.walk import walk
from ..ops import evaluate, operation, quantised
from ..ops.base import Calibration, Operation, Params
from ..ops.formats import Formats
from .network import QuantNetwork
from .reference import check_parameters

__all__ = ["check_formats", "quantise"]


def check_formats(network: Network, formats: Formats) -> None:
    """Raise FitError for formats in which a layer of a network has no circuit, whatever its parameters."""
    for stage in network.stages:
        operation(stage).check_formats(stage, formats)


def quantise(network: Network, params: Params, images: np.ndarray, formats: Formats) -> QuantNetwork:
    """Return a network in words.

    Parameters
    ----------
    network : Network
    params : mapping of str to real array
        Named and shaped as ``network.parameters``.
    images : uint8 array (n, size, size) or (n, size-4, size-4)
        At least one image, for calibration.
    formats : Formats

    Raises
    ------
    DataError
        If images or parameters do not fit the network.
    FitError
        If a layer has no circuit in these formats, or for these parameters.
    """
    check_formats(network, formats)
    params = check_parameters(network, params)
    images = as_images(images, network.size)
    if len(images) == 0:
        raise DataError("Calibration needs at least one image, not 0")
    stages: list[Operation] = []

    def visit(k: int, taken: tuple[tuple[np.ndarray, int], ...]) -> tuple[np.ndarray, int]:
        stage, values = network.stages[k], tuple(value for value, _ in taken)
        y = evaluate(stage, params, *values)
        unscaled = y * 2.0**-stage.places
        stages.append(quantised(stage, Calibration(params, values, unscaled, tuple(f for _, f in taken), formats)))
        return y, stages[-1].fraction

    walk(network.stages, (images[:, None] / 256.0, formats.width - 1), visit)
    return QuantNetwork(network=network, formats=formats, stages=tuple(stages))
