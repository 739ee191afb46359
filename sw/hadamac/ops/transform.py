"""FFT2 of maps, of which the live bins leave, and the inverse of bins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..model.crop import expand
from ..model.fft.planar import Fft2dPlan
from ..network.spectra import live_spectrum
from ..network.stage import Stage
from .base import Calibration, Operation, Params, Stored, Words
from .calibration import forward_schedules, inverse_schedules

__all__ = ["Inverse", "Transform"]

_BITS = {"type": "array", "items": {"type": "integer", "enum": [0, 1]}, "maxItems": 6}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planar(Operation):
    """A two-dimensional transform; S, its plan's ``scale``, is the number of halvings on the way."""

    SCHEMA: ClassVar[dict[str, Any]] = {"rows": _BITS, "columns": _BITS}
    plan: Fft2dPlan

    def apply(self, *x: np.ndarray) -> Words:
        """Return the transform of maps or bins."""
        return self.plan.apply(*x)

    def run(self, *x: np.ndarray) -> Words:
        """Return the same; raise DataError for words that the plan's bits cannot hold."""
        return self.plan.run(*x)

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the schedules: ``rows`` and ``columns``, a shift of 0 or 1 for each radix-2 stage."""
        return {"rows": list(self.plan.row_plan.schedule), "columns": list(self.plan.column_plan.schedule)}, {}

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the transform with the schedules on record."""
        schedules = {name: tuple(stored.facts[name]) for name in ("rows", "columns")}
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"],
                   plan=cls._plan(stage, stored, schedules))

    @classmethod
    def _plan(cls, stage: Stage, given: Calibration | Stored, schedules: dict[str, Any]) -> Fft2dPlan:
        if stage.radius is None:
            raise TypeError(f"Stage {stage.name} is no transform")
        return Fft2dPlan(size=stage.size, radius=stage.radius, inverse=cls is Inverse, width=given.formats.width,
                         twiddle_width=given.formats.twiddle_width, **schedules)

    @property
    def framed(self) -> bool:
        """Whether a frame is one map, which is transformed when all of it is there."""
        return self.stage.channels == 1

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of the slower of the two one-dimensional transforms, all channels."""
        return self.stage.channels * self.plan.interval

    def multipliers(self, lanes: int = 1) -> int:
        """Return the multipliers of both one-dimensional transforms."""
        return self.plan.multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of both transforms and the transpose between them."""
        return self.plan.memory_bits

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the times of the beats that leave."""
        return self.plan.arrivals(*times)

    @property
    def multiplications(self) -> int:
        """N/2 packed rows and r + 1 columns of N samples for each map, twiddle products by one included."""
        plan = self.plan
        rows, columns = plan.size // 2, plan.radius + 1
        one = plan.size * (rows * plan.row_plan.multipliers + columns * plan.column_plan.multipliers)
        return self.stage.channels * one


@dataclass(frozen=True, kw_only=True, eq=False)
class Transform(_Planar):
    """``X = FFT2(x)``, unnormalised; S fraction bits fewer leave than come in."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the live bins."""
        return live_spectrum(x[0], stage.bins_radius)

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the transform with schedules that keep the calibration images in the word."""
        words = given.inputs[0] * 2.0 ** given.fractions[0]
        plan = cls._plan(stage, given, forward_schedules(words, stage.bins_radius, given.formats))
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0] - plan.scale, plan=plan)

    def unpruned(self, stage: Stage, params: Params) -> Operation:
        """Return the transform that gives every bin."""
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
    """``x = IFFT2(X)`` with its factor ``1/N**2``; ``2 log2 N - S`` fraction bits more leave than come in."""

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the maps."""
        return np.fft.irfft2(expand(x[0], stage.size), s=(stage.size, stage.size))

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the transform with schedules that keep the calibration images in the word."""
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
