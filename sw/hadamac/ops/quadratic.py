"""Quadratic function of pixels with learned coefficients."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import DescriptionError
from ..model.quadratic import QuadraticPlan, quadratic_plan
from ..network.stage import Stage
from ..numeric import SQ
from .activation import Activation
from .base import Calibration, Params, Stored
from .planned import Pipelined
from .table import WORD
from .weights import fraction_bits, peak

__all__ = ["Quadratic"]

_PLAN = {
    "type": "object", "additionalProperties": False,
    "required": ["width", "c0", "c1", "c2", "shifts", "coefficient_width"],
    "properties": {"width": WORD, "c0": WORD, "c1": WORD, "c2": WORD, "coefficient_width": WORD,
                   "shifts": {"type": "array", "items": WORD, "minItems": 2, "maxItems": 2}},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Quadratic(Activation, Pipelined):
    """Function ``c0 + c1 x + c2 x**2`` of every pixel."""

    SCHEMA: ClassVar[dict[str, Any]] = {"quadratic": _PLAN}
    plan: QuadraticPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the function of maps."""
        c = params[f"act{stage.index}.coefficients"]
        return c[0] + c[1] * x[0] + c[2] * x[0] ** 2

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the function with its coefficients in words."""
        (fraction,) = given.fractions
        out = fraction_bits(peak(given.output), given.formats) if given.output.any() else fraction
        plan = _plan(stage, given.params, fraction, out, given.formats.width)
        return cls(stage=stage, formats=given.formats, fraction=out, plan=plan)

    def renewed(self, params: Params, fractions: tuple[int, ...]) -> Self:
        """Return the function with the coefficients of other parameters."""
        out = self.fraction + self.stage.places
        return replace(self, plan=_plan(self.stage, params, fractions[0], out, self.formats.width))

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``quadratic``, which contains the coefficients and shifts."""
        return {"quadratic": asdict(self.plan)}, {}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan, which has the coefficients of the artifact."""
        plan = QuadraticPlan(**stored.facts["quadratic"])
        if plan.width != stored.formats.width:
            raise DescriptionError(f"Stage {stage.name} must have words of {stored.formats.width} bits, not "
                                   f"{plan.width}")
        return {"plan": plan}

    @property
    def weights(self) -> int:
        """Number of real weights, which are the three coefficients."""
        return 3

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: two for each pixel."""
        return 2 * self.stage.channels * self.stage.pixels


def _plan(stage: Stage, params: Params, fraction: int, out: int, width: int) -> QuadraticPlan:
    """Return the plan with the coefficients of given parameters, from ``fraction`` to ``out`` fraction bits."""
    return quadratic_plan(params[f"act{stage.index}.coefficients"], in_format=SQ(width - fraction, fraction),
                          out_format=SQ(width - out, out))
