"""Operations: the kinds of stages, each of which has one class in a file of its own.

:mod:`hadamac.ops.base` defines what such a class provides.  A new kind needs a file in this folder and an entry in
`OPERATIONS`, with the name that the layer gives to its steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ArtifactError
from ..network.stage import Stage
from .add import Add
from .base import Calibration, Operation, Params, Stored
from .crop import Crop
from .dense import Dense
from .modrelu import ModRelu
from .modulus import Modulus
from .normalise import Normalise
from .product import Product
from .quadratic import Quadratic
from .relu import Relu
from .table import Table
from .tile import MaxPool
from .transform import Inverse, Transform

__all__ = ["OPERATIONS", "evaluate", "operation", "quantised", "restored"]

OPERATIONS: dict[str, type[Operation]] = {
    "transform": Transform, "inverse": Inverse, "product": Product, "crop": Crop, "relu": Relu, "table": Table,
    "quadratic": Quadratic, "modrelu": ModRelu, "modulus": Modulus, "normalise": Normalise, "tile": MaxPool,
    "add": Add, "dense": Dense,
}  # fmt: skip
"""Class of every kind of stage that a network can have, by the name of the operation."""


def operation(stage: Stage) -> type[Operation]:
    """Return the class of the operation of a stage."""
    return OPERATIONS[stage.operation]


def evaluate(stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
    """Return the output of a stage in float64 (n, ...) for given inputs, with its scale applied."""
    y = operation(stage).value(stage, params, *x)
    return y * float(stage.scale) if stage.places else y


def quantised(stage: Stage, given: Calibration) -> Operation:
    """Return the operation of a stage in words, with its scale applied as a shift of the binary point."""
    op = operation(stage).quantise(stage, given)
    return replace(op, fraction=op.fraction - stage.places)


def restored(stage: Stage, stored: Stored) -> Operation:
    """Return the operation of a stage that an artifact contains.

    Raises
    ------
    ArtifactError
        If a fact is missing or has a wrong type.
    DescriptionError
        If a fact does not fit the network.
    """
    try:
        return operation(stage).restore(stage, stored)
    except (KeyError, TypeError) as e:
        raise ArtifactError(f"Artifact stage {stage.name} is damaged: {e}") from None
