"""Pointwise convolution of maps: a Hadamard product with the same real weights for all pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..model.fft.pairs import pack_rows, unpack_rows
from ..model.hadamard import SHIFTS, HadamardPlan
from ..model.words import check_words
from ..network.layers import Pointwise
from ..network.stage import Stage
from .base import Calibration, Params, Stored, Words
from .product import Lanes
from .weights import checked, exponents, fraction_bits, in_range, peak, recorded, taken

__all__ = ["Mix"]

RAMP = 1 << 46
"""Greatest step of a ramp from pixel to pixel, with which no bias of a map exceeds what a circuit holds."""


def _weights(stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weights (outputs, inputs) of a stage, its bias (outputs,) and the bias's ramps (outputs, 2).

    They contain its scale and, if it standardises the input, the means and deviations.  The ramps are zero if the layer
    has no grid.
    """
    weights, bias = (params[f"mix{stage.index}.{name}"] for name in ("weight", "bias"))
    if stage.standardises:
        weights = weights / params["input.deviation"]
        bias = bias - weights @ params["input.mean"]
    ramps = params[f"mix{stage.index}.grid"] / np.array(stage.size) if _grid(stage) else np.zeros((stage.channels, 2))
    return weights * float(stage.scale), bias * float(stage.after), ramps * float(stage.after)


def _grid(stage: Stage) -> bool:
    """Return whether the layer of a stage takes the coordinates of pixels."""
    return isinstance(stage.layer, Pointwise) and stage.layer.grid


@dataclass(frozen=True, kw_only=True, eq=False)
class Mix(Lanes):
    """Mixture ``y[o] = bias[o] + sum_c W[o,c] x[c]`` of the channels of each pixel.

    A beat holds two pixels, which the circuit takes for the parts of a complex number: both are multiplied by the same
    real weight.  Each output channel o has an exponent and a shift of its own, as in a product of bins.
    """

    plan: HadamardPlan
    exponent: np.ndarray

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the mixtures."""
        weights, bias, ramps = _weights(stage, params)
        y, x_ = (np.arange(n) for n in stage.size)
        offset = bias[:, None, None] + ramps[:, :1, None] * y[:, None] + ramps[:, 1:, None] * x_
        return np.einsum("oc,ncyx->noyx", weights, x[0]) + offset

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation with the largest exponents for which its weights fit, in a format with headroom."""
        formats, (fraction,) = given.formats, given.fractions
        weights, bias, ramps = _weights(stage, given.params)
        exponent = exponents(weights, formats.weight_width)
        out = min(fraction_bits(peak(given.output), formats), fraction + int(exponent.min()) - SHIFTS[0])
        farthest = np.abs(bias) + np.abs(ramps) @ np.array(stage.size)
        exponent = in_range(f"mix{stage.index}", exponent, farthest, fraction, out, formats.width)
        scale = 2.0**exponent
        words = {"weight": np.rint(weights * scale[:, None]), "bias": np.rint(bias * scale * 2.0**fraction),
                 "shift": fraction + exponent - out, "grid": np.rint(ramps * (scale * 2.0**fraction)[:, None])}
        return cls(stage=stage, formats=formats, fraction=out, plan=_plan(stage, given, words), exponent=exponent)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the mixtures of words."""
        y, overflow = self.plan.apply(pack_rows(x[0]))
        return unpack_rows(y), overflow

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.apply(check_words("Mix", x[0], self.width, real=True))

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``weight`` (outputs, inputs), ``bias``, ``shift``, ``exponent`` (outputs,) and ``grid`` (outputs, 2).

        Without a grid there is no such array.
        """
        plan = self.plan
        held = recorded(np.real(plan.weights[..., 0]), plan.bias, plan.shift, self.exponent, self.formats)
        return {}, held if plan.ramps is None else held | {"grid": plan.ramps.astype(np.int64)}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the weights of the artifact, and their exponents."""
        held = taken(stage, stored, (stage.channels, stage.inputs))
        if _grid(stage):
            ramps = stored.take("grid", (stage.channels, 2))
            held["grid"] = checked(stage, "ramps of the grid", ramps, -RAMP, RAMP)
        return {"plan": _plan(stage, stored, held), "exponent": held["exponent"]}

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"Pointwise {self.stage.inputs}→{self.stage.channels}", *(["with a grid"] if _grid(self.stage) else [])]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "pointwise"

    @property
    def weights(self) -> int:
        """Number of real weights, and one bias for each output channel; with a grid two more."""
        return self.stage.channels * (self.stage.inputs + (3 if _grid(self.stage) else 1))

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image."""
        return self.stage.inputs * self.stage.channels * self.stage.pixels

    @property
    def multiplications_in_space(self) -> int:
        """Number of multiplications of the same layer in space, which is no different."""
        return self.multiplications


def _plan(stage: Stage, given: Calibration | Stored, words: dict[str, np.ndarray]) -> HadamardPlan:
    """Return the plan of a stage with given words."""
    return HadamardPlan(weights=words["weight"][..., None] + 0j, bias=words["bias"], shift=words["shift"],
                        width=given.formats.width, weight_width=given.formats.weight_width, real=True,
                        index=np.zeros(stage.pixels // 2, dtype=int), everywhere=True,
                        ramps=words["grid"] if _grid(stage) else None, columns=stage.size[1])
