"""The operations of a quantised network as plain data and arrays, and back: what an artifact holds of each stage.

==================  =================================================  ==============================================
stage               facts                                              arrays (integers)
==================  =================================================  ==============================================
transform, inverse  ``rows``, ``columns``: schedules
multiply                                                               ``weight`` (C_out, C_in, rows, radius + 1, 2);
                                                                       ``bias``, ``shift``, ``exponent`` (C_out,)
point, bin          ``table``, ``quadratic`` or ``modrelu``: words
normalise           ``words``: fraction bits of the plan
linear                                                                 ``weight``, ``bias``, ``shift``, ``exponent``
==================  =================================================  ==============================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from ..errors import ArtifactError, DescriptionError
from ..model.fft.planar import Fft2dPlan
from ..model.modrelu import ModRelu
from ..model.normalise import NormalisePlan
from ..model.pwl.table import Mirror, PwlTable
from ..model.quadratic import QuadraticPlan
from ..network.layers import Activation
from ..network.stages import Stage
from ..timing import BIAS, SHIFTS
from .network import (
    Crop,
    Formats,
    Modulus,
    Normalised,
    Product,
    QuantDense,
    QuantStage,
    Relu,
    Table,
    Tile,
    normalise_facts,
)

__all__ = ["operation", "record"]

EXPONENTS = -200, 200
"""Range of a product's exponents, as that of fraction bits."""


def _channels(op) -> dict[str, np.ndarray]:
    return {name: np.asarray(getattr(op, name)).astype(np.int64) for name in ("bias", "shift", "exponent")}


def record(stage: QuantStage, formats: Formats) -> tuple[dict, dict[str, np.ndarray]]:
    """Facts (JSON) and arrays of a stage."""
    op, small = stage.op, np.int8 if formats.weight_width <= 8 else np.int16
    match op:
        case Fft2dPlan():
            return {"rows": list(op.row_plan.schedule), "columns": list(op.column_plan.schedule)}, {}
        case Product():
            return {}, {"weight": np.stack([op.weights.real, op.weights.imag], -1).astype(small)} | _channels(op)
        case QuantDense():
            return {}, {"weight": op.weights.astype(small)} | _channels(op)
        case Table():
            return {"table": asdict(op.table)}, {}
        case QuadraticPlan():
            return {"quadratic": asdict(op)}, {}
        case ModRelu():
            return {"modrelu": list(op.bias)}, {}
        case Normalised():
            return {"words": op.plan.fraction}, {}
    return {}, {}


def operation(stage: Stage, facts: dict, formats: Formats, take: Callable) -> object:
    """The operation that :func:`record` told of; ``take(name, shape)`` gives an array, checked.

    Raises ArtifactError if a fact is missing, DescriptionError if one does not fit its network.
    """
    try:
        op = _operation(stage, facts, formats, take)
    except (KeyError, TypeError) as e:
        raise ArtifactError(f"Artifact stage {stage.name} is damaged: {e}") from None
    words = op.table if isinstance(op, Table) else op
    if isinstance(words, (PwlTable, QuadraticPlan)) and words.width != formats.width:
        raise DescriptionError(f"Stage {stage.name} must have words of {formats.width} bits, not {words.width}")
    if isinstance(op, ModRelu) and len(op.bias) != stage.channels:
        raise DescriptionError(
            f"Stage {stage.name} must have a bias for each of {stage.channels} channels, not {len(op.bias)}")
    return op


def _check(stage: Stage, what: str, words: np.ndarray, low: int, high: int) -> np.ndarray:
    """Words that the circuit can hold."""
    if words.size and not low <= words.min() <= words.max() <= high:
        raise ArtifactError(f"Artifact stage {stage.name} must have {what} from {low} to {high}, not "
                            f"{words.min():.0f} to {words.max():.0f}")
    return words


def _operation(stage: Stage, facts: dict, formats: Formats, take: Callable) -> object:
    limits = -(1 << (formats.weight_width - 1)), (1 << (formats.weight_width - 1)) - 1
    if stage.kind in ("transform", "inverse"):
        inverse = stage.kind == "inverse"
        return Fft2dPlan(size=stage.size, radius=stage.radius_in if inverse else stage.radius, inverse=inverse,
                         width=formats.width, twiddle_width=formats.twiddle_width,
                         rows=tuple(facts["rows"]), columns=tuple(facts["columns"]))
    if stage.kind == "multiply":
        weight = take("weight", (stage.channels, stage.inputs, stage.rows, stage.radius + 1, 2))
        _check(stage, "weights", weight, *limits)
        return Product(weights=weight[..., 0] + 1j * weight[..., 1], width=formats.width,
                       **_taken(stage, take, stage.channels))
    if stage.kind == "linear":
        count = stage.layer.outputs
        tail = (stage.size, stage.size) if stage.radius is None else (stage.rows, stage.radius + 1, 2)
        weight = _check(stage, "weights", take("weight", (count, stage.inputs, *tail)), *limits)
        return QuantDense(weights=weight, fraction=facts["fraction"],
                          width=formats.logit_width, in_width=formats.width, **_taken(stage, take, count))
    if stage.kind == "normalise":
        return Normalised(plan=NormalisePlan(**normalise_facts(stage), width=formats.width, fraction=facts["words"]))
    if stage.kind in ("crop", "tile"):
        return Crop(radius=stage.radius) if stage.kind == "crop" else Tile()
    layer: Activation = stage.layer
    match layer.function:
        case "relu":
            return Relu()
        case "modulus":
            return Modulus(width=formats.width)
        case "modrelu":
            return ModRelu(bias=tuple(facts["modrelu"]), width=formats.width)
        case "quadratic":
            return QuadraticPlan(**facts["quadratic"])
    table = facts["table"]
    return Table(table=PwlTable(**table | {"mirror": Mirror(**table["mirror"]) if table["mirror"] else None}))


def _taken(stage: Stage, take: Callable, count: int) -> dict:
    channel = {name: take(name, (count,)) for name in ("bias", "shift", "exponent")}
    _check(stage, "biases", channel["bias"], -(1 << (BIAS - 1)) + 1, (1 << (BIAS - 1)) - 1)
    _check(stage, "shifts", channel["shift"], *SHIFTS)
    _check(stage, "exponents", channel["exponent"], *EXPONENTS)
    return channel | {name: channel[name].astype(int) for name in ("shift", "exponent")}
