"""Transforms: the FFT2 of maps, or the FFT of signals, which compute their live bins, and their inverses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..model.crop import expand
from ..model.fft.planar import Fft2dPlan
from ..model.fft.rows import RowsPlan
from ..network.spectra import live_spectrum
from ..network.stage import Stage
from ..shapes import text
from .base import Calibration, Operation, Params, Stored
from .calibration import Schedules, forward_schedules, inverse_schedules
from .planned import Planned

__all__ = ["Inverse", "Transform"]

_BITS = {"type": "array", "items": {"type": "integer", "enum": [0, 1]}, "maxItems": 12}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Real(Planned):
    """Transform of real maps; the ``scale`` S of its plan is the number of radix-2 stages that halve values.

    As a folding, its circuit has streaming transforms (1 lane), or iterative ones (0 lanes) with the same words.
    """

    SCHEMA: ClassVar[dict[str, Any]] = {"rows": _BITS, "columns": _BITS}
    plan: Fft2dPlan | RowsPlan

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the schedules ``rows`` and ``columns``, which have a shift of 0 or 1 for each radix-2 stage.

        A transform of signals has no ``columns``.
        """
        rows = {"rows": list(self.plan.row_plan.schedule)}
        return (rows if isinstance(self.plan, RowsPlan) else
                rows | {"columns": list(self.plan.column_plan.schedule)}), {}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the schedules that the artifact states."""
        schedules = Schedules(rows=tuple(stored.facts["rows"]))
        if stage.size[0] > 1:
            schedules["columns"] = tuple(stored.facts["columns"])
        return {"plan": cls._plan(stage, stored, schedules)}

    @classmethod
    def _plan(cls, stage: Stage, given: Calibration | Stored, schedules: Schedules) -> Fft2dPlan | RowsPlan:
        """Return the plan of a stage's transform with given schedules."""
        if stage.radius is None:
            raise TypeError(f"Stage {stage.name} must be a transform")
        common = {"size": stage.size, "radius": stage.radius, "inverse": cls is Inverse, "width": given.formats.width,
                  "twiddle_width": given.formats.twiddle_width}
        if stage.size[0] == 1:
            return RowsPlan(**common, channels=stage.channels, rows=schedules.get("rows"))
        return Fft2dPlan(**common, **schedules)

    @property
    def lanes(self) -> Sequence[int]:
        """0 for iterative transforms, 1 for streaming ones."""
        return 0, 1

    def folded(self, lanes: int) -> Fft2dPlan | RowsPlan:
        """Return the plan of a circuit with streaming or with iterative transforms."""
        return replace(self.plan, iterative=not lanes)

    @property
    def framed(self) -> bool:
        """True if a frame is one map, because its transform begins to leave when all of it has arrived."""
        return self.stage.channels == 1 or self.stage.size[0] == 1 and self.stage.channels == 2

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame: those of the slower one-dimensional transform, for all channels."""
        plan = self.folded(lanes)
        return plan.interval if isinstance(plan, RowsPlan) else self.stage.channels * plan.interval

    def multipliers(self, lanes: int = 1) -> int:
        """Return the multipliers of the one-dimensional transforms."""
        return self.folded(lanes).multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the one-dimensional transforms and of the transpose buffer."""
        return self.folded(lanes).memory_bits

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave."""
        return self.folded(lanes).arrivals(*times)

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image, including those by a twiddle of one.

        Each map has H/2 packed rows of W samples and s + 1 columns of H samples; two signals are a packed row.
        """
        plan, (rows, columns) = self.plan, self.plan.shape
        if isinstance(plan, RowsPlan):
            return plan.pairs * columns * plan.row_plan.multipliers
        one = rows // 2 * columns * plan.row_plan.multipliers + plan.live * rows * plan.column_plan.multipliers
        return self.stage.channels * one

    @property
    def name(self) -> str:
        """The transform and its size in words."""
        return f"{self.caption} {text(self.stage.size, '×')}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Transform(_Real):
    """Forward transform ``X = FFT2(x)``, unnormalised; the output has S fraction bits fewer than the input."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the live bins of the maps' spectra."""
        return live_spectrum(x[0], stage.bins_radius)

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the transform with schedules for which the values of the calibration images fit the words."""
        words = given.inputs[0] * 2.0 ** given.fractions[0]
        plan = cls._plan(stage, given, forward_schedules(words, stage.columns, given.formats))
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0] - plan.scale, plan=plan)

    def unpruned(self, stage: Stage, params: Params) -> Operation:
        """Return the transform that computes every bin."""
        return replace(super().unpruned(stage, params), plan=replace(self.plan, radius=stage.radius))

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [self.name]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "FFT" if self.stage.size[0] == 1 else "FFT2"


@dataclass(frozen=True, kw_only=True, eq=False)
class Inverse(_Real):
    """Inverse transform ``x = IFFT2(X)`` with the factor of one over the number of pixels.

    The output has ``log2(H W) - S`` fraction bits more than the input.
    """

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the maps of the bins' spectra."""
        return np.fft.irfft2(expand(x[0], stage.size[0]), s=stage.size)

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the transform with schedules for which the values of the calibration images fit the words."""
        words = given.inputs[0] * 2.0 ** given.fractions[0]
        plan = cls._plan(stage, given, inverse_schedules(words, stage.size, given.formats))
        fraction = given.fractions[0] + stage.pixels.bit_length() - 1 - plan.scale
        return cls(stage=stage, formats=given.formats, fraction=fraction, plan=plan)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [self.name]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "IFFT" if self.stage.size[0] == 1 else "IFFT2"
