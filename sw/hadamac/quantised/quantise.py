"""Quantisation: makes a :class:`~hadamac.quantised.network.QuantNetwork` from float parameters and images.

The calibration images pass through the float network stage by stage.  A number format is chosen so that ``headroom`` is
left between the largest value of an edge and full scale.  The file of an operation (:mod:`hadamac.ops`) defines how it
chooses its weights, schedules and formats.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError, DescriptionError
from ..network.network import Network
from ..network.source import source_format, source_frames, source_values
from ..network.walk import walk
from ..numeric import SQ
from ..ops import evaluate, operation, quantised
from ..ops.base import Calibration, Operation, Params
from ..ops.formats import Formats
from ..ops.weighted import Weighted
from .network import QuantNetwork, fractions_in
from .reference import check_parameters

__all__ = ["CALIBRATION", "check_formats", "quantise"]

CALIBRATION = 1000
"""Number of images, from the first one, on which commands and training calibrate formats."""


def check_formats(network: Network, formats: Formats) -> None:
    """Raise FitError if a layer of a network has no circuit in these formats, whatever its parameters are.

    Raises DescriptionError for widths of a stage that the network does not have.
    """
    source_format(network, formats.width)
    known = {stage.name: stage for stage in network.stages}
    for name, widths in formats.stages.items():
        if name not in known:
            raise DescriptionError(f"Formats must be of the stages {', '.join(known)}, not of {name!r}")
        if widths.weight_width is not None and not issubclass(operation(known[name]), Weighted):
            raise DescriptionError(f"Stage {name} must have weights to have a weight width, but it has none")
    for stage in network.stages:
        operation(stage).check_formats(stage, formats.of(stage.name))


def quantise(network: Network, params: Params, images: np.ndarray, formats: Formats) -> QuantNetwork:
    """Return the quantised form of a network.

    Parameters
    ----------
    network : Network
    params : mapping of str to real array
        Float parameters with the names and shapes of ``network.parameters``.
    images : array (n, ...)
        Calibration images or signals, at least one, in a form that :meth:`QuantNetwork.predict` takes.
    formats : Formats
        Word widths and headroom.

    Raises
    ------
    DataError
        If images or parameters do not fit the network.
    FitError
        If a layer has no circuit in these formats or for these parameters.
    """
    check_formats(network, formats)
    params = check_parameters(network, params)
    frames = source_frames(network, images)
    if len(frames) == 0:
        raise DataError("Calibration needs at least one image, not 0")
    stages: list[Operation] = []

    def visit(k: int, taken: tuple[tuple[np.ndarray, SQ], ...]) -> tuple[np.ndarray, SQ]:
        stage, values = network.stages[k], tuple(value for value, _ in taken)
        y, own = evaluate(stage, params, *values), formats.of(stage.name)
        fractions = fractions_in([form for _, form in taken], own.width)
        op = quantised(stage, Calibration(params, values, y * 2.0**-stage.places, fractions, own))
        stages.append(op)
        return y, op.format

    walk(network.stages, (source_values(network, frames), source_format(network, formats.width)), visit)
    return QuantNetwork(network=network, formats=formats, stages=tuple(stages))
