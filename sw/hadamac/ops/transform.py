"""Two-dimensional transforms: the FFT2 of maps, which computes their live bins, and its inverse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..model.crop import expand
from ..model.fft.planar import Fft2dPlan
from ..network.spectra import live_spectrum
from ..network.stage import Stage
from .base import Calibration, Operation, Params, Stored
from .calibration import Schedules, forward_schedules, inverse_schedules
from .planned import Planned

__all__ = ["Inverse", "Transform"]

_BITS = {"type": "array", "items": {"type": "integer", "enum": [0, 1]}, "maxItems": 6}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planar(Planned):
    """Two-dimensional transform; the ``scale`` S of its plan is the number of radix-2 stages that halve values."""

    SCHEMA: ClassVar[dict[str, Any]] = {"rows": _BITS, "columns": _BITS}
    plan: Fft2dPlan

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the schedules ``rows`` and ``columns``, which have a shift of 0 or 1 for each radix-2 stage."""
        return {"rows": list(self.plan.row_plan.schedule), "columns": list(self.plan.column_plan.schedule)}, {}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the schedules that the artifact states."""
        schedules = Schedules(rows=tuple(stored.facts["rows"]), columns=tuple(stored.facts["columns"]))
        return {"plan": cls._plan(stage, stored, schedules)}

    @classmethod
    def _plan(cls, stage: Stage, given: Calibration | Stored, schedules: Schedules) -> Fft2dPlan:
        """Return the plan of a stage's transform with given schedules."""
        if stage.radius is None:
            raise TypeError(f"Stage {stage.name} must be a transform")
        return Fft2dPlan(size=stage.size, radius=stage.radius, inverse=cls is Inverse, width=given.formats.width,
                         twiddle_width=given.formats.twiddle_width, **schedules)

    @property
    def framed(self) -> bool:
        """True if a frame is one map, because its transform begins to leave when all of it has arrived."""
        return self.stage.channels == 1

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame: those of the slower one-dimensional transform, for all channels."""
        return self.stage.channels * self.plan.interval

    def multipliers(self, lanes: int = 1) -> int:
        """Return the multipliers of both one-dimensional transforms."""
        return self.plan.multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of both one-dimensional transforms and of the transpose between them."""
        return self.plan.memory_bits

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave."""
        return self.plan.arrivals(*times)

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image, including those by a twiddle of one.

        Each map has N/2 packed rows and r + 1 columns of N samples.
        """
        plan = self.plan
        rows, columns = plan.size // 2, plan.radius + 1
        one = plan.size * (rows * plan.row_plan.multipliers + columns * plan.column_plan.multipliers)
        return self.stage.channels * one


@dataclass(frozen=True, kw_only=True, eq=False)
class Transform(_Planar):
    """Forward transform ``X = FFT2(x)``, unnormalised; the output has S fraction bits fewer than the input."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the live bins of the maps' spectra."""
        return live_spectrum(x[0], stage.bins_radius)

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the transform with schedules for which the values of the calibration images fit the words."""
        words = given.inputs[0] * 2.0 ** given.fractions[0]
        plan = cls._plan(stage, given, forward_schedules(words, stage.bins_radius, given.formats))
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0] - plan.scale, plan=plan)

    def unpruned(self, stage: Stage, params: Params) -> Operation:
        """Return the transform that computes every bin."""
        return replace(super().unpruned(stage, params), plan=replace(self.plan, radius=stage.radius))

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"FFT2 {self.stage.size}×{self.stage.size}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "FFT2"


@dataclass(frozen=True, kw_only=True, eq=False)
class Inverse(_Planar):
    """Inverse transform ``x = IFFT2(X)`` with the factor ``1/N**2``.

    The output has ``2 log2 N - S`` fraction bits more than the input.
    """

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the maps of the bins' spectra."""
        return np.fft.irfft2(expand(x[0], stage.size), s=(stage.size, stage.size))

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the transform with schedules for which the values of the calibration images fit the words."""
        words = given.inputs[0] * 2.0 ** given.fractions[0]
        plan = cls._plan(stage, given, inverse_schedules(words, stage.size, given.formats))
        fraction = given.fractions[0] + 2 * (stage.size.bit_length() - 1) - plan.scale
        return cls(stage=stage, formats=given.formats, fraction=fraction, plan=plan)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"IFFT2 {self.stage.size}×{self.stage.size}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "IFFT2"
