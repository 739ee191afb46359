"""Operations: one class for each kind of stage, one file each; the contract is in :mod:`hadamac.ops.base`.

A new kind is a file here and a line in `OPERATIONS`, under the name that its layer gives its steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ArtifactError
from ..network.stage import Stage
from .add import Add
from .base import Calibration, Operation, Params, Stored
from .canvas import Canvas
from .crop import Crop
from .dense import Dense
from .mix import Mix
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
    "add": Add, "dense": Dense, "mix": Mix, "canvas": Canvas,
}  # fmt: skip
"""The class of every kind of stage that a network may have."""


def operation(stage: Stage) -> type[Operation]:
    """Return the class of a stage's operation."""
    if stage.operation not in OPERATIONS:
        raise NotImplementedError(f"Stage {stage.name} has no operation {stage.operation!r} in hadamac.ops.OPERATIONS")
    cls = OPERATIONS[stage.operation]
    if stage.kind in ("multiply", "mix", "linear") and not cls.scales:
        raise NotImplementedError(f"Operation {cls.__name__} must multiply its weights by the stage's scale, because "
                                  f"its step is of the kind {stage.kind}; without weights, use the kind bin")
    return cls


def evaluate(stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
    """Return what leaves a stage in float64 (n, ...), its scale included, for what comes in."""
    y = operation(stage).value(stage, params, *x)
    return y * float(stage.scale) if stage.places else y


def quantised(stage: Stage, given: Calibration) -> Operation:
    """Return a stage's operation in words, its scale included."""
    op = operation(stage).quantise(stage, given)
    return replace(op, fraction=op.fraction - stage.places)


def restored(stage: Stage, stored: Stored) -> Operation:
    """Return the operation that an artifact holds of a stage.

    Raises ArtifactError if a fact is missing or of a wrong type, DescriptionError if one does not fit its network.
    """
    try:
        return operation(stage).restore(stage, stored)
    except (KeyError, TypeError) as e:
        raise ArtifactError(f"Artifact stage {stage.name} is damaged: {e}") from None
