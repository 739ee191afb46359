"""Dense layer, which computes the logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..model.dense import DensePlan
from ..network.stage import Stage
from .base import Calibration, Operation, Params, Stored, Words
from .weights import exponents, in_range, recorded, taken

__all__ = ["Dense"]

LOGIT_FRACTION = 8
"""Most fraction bits of a logit: logits are then fine enough to separate classes, and their range is large enough."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense(Operation):
    """Linear layer ``logits = W x + bias`` of maps, or of the real and imaginary parts of bins.

    ``exponent`` (outputs,) is the binary exponent of the weights of each output: the words are ``rint(W 2**exponent)``.
    """

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
        """Return the layer with the largest exponents for which its weights fit their words."""
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

    def apply(self, *x: np.ndarray) -> Words:
        """Return the logits of maps or bins."""
        return self.plan.apply(*x)

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.plan.run(*x)

    @property
    def width(self) -> int:
        """Bits of a logit."""
        return self.formats.logit_width

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``weight``, shaped like the float parameter, and ``bias``, ``shift``, ``exponent`` (outputs,)."""
        plan = self.plan
        return {}, recorded(plan.weights, plan.bias, plan.shift, self.exponent, self.formats)

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the layer with the weights of the artifact."""
        formats = stored.formats
        if stage.layer is None:
            raise TypeError(f"Stage {stage.name} must belong to a layer")
        held = taken(stage, stored, stage.layer.tensors(stage)["dense.weight"].shape)
        plan = DensePlan(weights=held["weight"], bias=held["bias"], shift=held["shift"], width=formats.width,
                         weight_width=formats.weight_width, out_width=formats.logit_width)
        return cls(stage=stage, formats=formats, fraction=stored.facts["fraction"], plan=plan,
                   exponent=held["exponent"])

    @property
    def framed(self) -> bool:
        """Whether a frame leaves only after all of it has arrived: True, because a logit is a sum over the frame."""
        return True

    @property
    def lanes(self) -> Sequence[int]:
        """Numbers of lanes: from 1 to the number of outputs, but at most the number of reals of a frame."""
        return range(1, self.plan.most_lanes + 1)

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame."""
        return self.plan.interval(lanes)

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers: one for each lane."""
        return self.plan.multipliers(lanes)

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of memory."""
        return self.plan.memory_bits(lanes)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycle in which the first logit of every round leaves."""
        return self.plan.arrivals(times[0], lanes)

    @property
    def what(self) -> list[str]:
        return [f"Dense {self.plan.reals}→{self.plan.outputs}"]

    @property
    def caption(self) -> str:
        return "dense"

    @property
    def outputs(self) -> tuple[int, ...]:
        return (self.plan.outputs,)

    @property
    def weights(self) -> int:
        """Number of weights, plus one bias for each output."""
        return self.plan.weights.size + self.plan.outputs

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: one for each weight."""
        return self.plan.weights.size

    @property
    def multiplications_in_space(self) -> int:
        """Number of multiplications for an image if computed in space, which is the same."""
        return self.plan.weights.size
