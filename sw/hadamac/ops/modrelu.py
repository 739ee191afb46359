"""Activation modReLU of bins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import DescriptionError
from ..model import modrelu
from ..network.stage import Stage, orthonormal
from .activation import Activation
from .base import Calibration, Params, Stored
from .planned import Pipelined
from .table import WORD

__all__ = ["ModRelu"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ModRelu(Activation, Pipelined):
    """Function ``z max(0, |z| + P b) / |z|`` of every bin, with a bias b <= 0 of its channel.

    P is the smallest power of two whose square is at least the number of pixels of a map.  The words keep their format.
    """

    SCHEMA: ClassVar[dict[str, Any]] = {"modrelu": {"type": "array", "items": WORD, "maxItems": 256}}
    plan: modrelu.ModRelu

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the function of bins, which is 0 for 0."""
        bias = orthonormal(stage.size) * params[f"act{stage.index}.bias"][:, None, None]
        magnitude = np.abs(x[0])
        return x[0] * np.maximum(0, magnitude + bias) / np.where(magnitude > 0, magnitude, 1)

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the function with its biases in words."""
        (fraction,) = given.fractions
        plan = _plan(stage, given.params, fraction, given.formats.width)
        return cls(stage=stage, formats=given.formats, fraction=fraction, plan=plan)

    def renewed(self, params: Params, fractions: tuple[int, ...]) -> Self:
        """Return the function with the biases of other parameters."""
        return replace(self, plan=_plan(self.stage, params, fractions[0], self.formats.width))

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``modrelu``, the word of the bias of each channel."""
        return {"modrelu": list(self.plan.bias)}, {}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan, which has the biases of the artifact."""
        plan = modrelu.ModRelu(bias=tuple(stored.facts["modrelu"]), width=stored.formats.width)
        if len(plan.bias) != stage.channels:
            raise DescriptionError(f"Stage {stage.name} must have a bias for each of {stage.channels} channels, not "
                                   f"{len(plan.bias)}")
        return {"plan": plan}

    @property
    def weights(self) -> int:
        """Number of real weights: one bias for each channel."""
        return self.stage.channels

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: six for each bin."""
        return 6 * self.bins


def _plan(stage: Stage, params: Params, fraction: int, width: int) -> modrelu.ModRelu:
    """Return the plan with the biases of given parameters in words of ``fraction`` fraction bits."""
    bias = np.rint(params[f"act{stage.index}.bias"] * orthonormal(stage.size) * 2.0**fraction)
    return modrelu.ModRelu(bias=tuple(int(b) for b in np.maximum(bias, -(2 ** (width - 1)))), width=width)
