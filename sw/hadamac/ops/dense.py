"""The dense layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..model.dense import DensePlan
from ..network.stage import Stage
from .base import Calibration, Params, Stored
from .planned import Folded
from .weights import exponents, in_range, recorded, taken

__all__ = ["Dense"]

LOGIT_FRACTION = 8
"""Fraction bits of a logit: far below what separates two classes, far above its range's end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense(Folded):
    """``logits = W x + bias`` over maps, or over both parts of bins."""

    plan: DensePlan
    exponent: np.ndarray

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the logits (n, outputs); the weights contain the scale."""
        weight, values = params["dense.weight"] * float(stage.scale), x[0]
        if np.iscomplexobj(values):
            values = np.stack([np.real(values), np.imag(values)], -1)
        axes = tuple(range(1, values.ndim))
        return np.tensordot(values, weight, (axes, axes)) + params["dense.bias"]

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the layer with the largest exponents for which its weights fit."""
        formats, (fraction,), bias = given.formats, given.fractions, given.params["dense.bias"]
        weights = given.params["dense.weight"] * float(stage.scale)
        exponent = exponents(weights, formats.weight_width)
        out = min(LOGIT_FRACTION, int((fraction + exponent).min()))
        exponent = in_range("dense", exponent, bias, fraction, out, formats.logit_width)
        scale = 2.0 ** exponent
        plan = DensePlan(
            weights=np.rint(weights * scale.reshape(-1, *[1] * (weights.ndim - 1))),
            bias=np.rint(bias * scale * 2.0**fraction), shift=fraction + exponent - out, width=formats.width,
            weight_width=formats.weight_width, out_width=formats.logit_width)
        return cls(stage=stage, formats=formats, fraction=out, plan=plan, exponent=exponent)

    @property
    def width(self) -> int:
        """Bits of a logit."""
        return self.formats.logit_width

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``weight``, shaped as the float parameter, ``bias``, ``shift`` and ``exponent`` (outputs,)."""
        plan = self.plan
        return {}, recorded(plan.weights, plan.bias, plan.shift, self.exponent, self.formats)

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the weights of the artifact, and their exponents."""
        formats = stored.formats
        if stage.layer is None:
            raise TypeError(f"Stage {stage.name} has no layer")
        held = taken(stage, stored, stage.layer.tensors(stage, stage.index)["dense.weight"].shape)
        plan = DensePlan(weights=held["weight"], bias=held["bias"], shift=held["shift"], width=formats.width,
                         weight_width=formats.weight_width, out_width=formats.logit_width)
        return {"plan": plan, "exponent": held["exponent"]}

    @property
    def framed(self) -> bool:
        """True: a logit is a sum over the whole frame."""
        return True

    @property
    def lanes(self) -> Sequence[int]:
        """Every number from one to one lane for each output, but no more than a frame has reals."""
        return range(1, self.plan.most_lanes + 1)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"Dense {self.plan.reals}→{self.plan.outputs}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "dense"

    @property
    def outputs(self) -> tuple[int, ...]:
        """Shape of the logits of one image."""
        return (self.plan.outputs,)

    @property
    def weights(self) -> int:
        """Number of real weights, and of a bias for each output."""
        return self.plan.weights.size + self.plan.outputs

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image: one for each weight."""
        return self.plan.weights.size

    @property
    def multiplications_in_space(self) -> int:
        """Number of real multiplications of the same layer in space, which is no different."""
        return self.plan.weights.size
