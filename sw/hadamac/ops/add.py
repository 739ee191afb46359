"""Sum of several maps or spectra of one shape: a residual connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..model.add import AddPlan
from ..model.crop import embed, live_rows
from ..network.stage import Stage
from .base import Calibration, Operation, Params, Stored, Words
from .weights import fraction_bits, peak

__all__ = ["Add", "takes_part"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Operation):
    """Sum ``Y = sum_k X_k``: words are aligned, added exactly, rounded once and saturated.

    The inputs may be spectra of different radii.  Beyond its radius, an input counts as zero.
    """

    plan: AddPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the sum."""
        parts = _embedded(stage, x)
        return sum(parts[1:], parts[0])

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the sum in a format with headroom that has no more fraction bits than the aligned words."""
        formats = given.formats
        common = AddPlan(fractions=given.fractions, fraction=min(given.fractions), width=formats.width).common
        out = min(fraction_bits(peak(given.output), formats), common)
        plan = AddPlan(fractions=given.fractions, fraction=out, width=formats.width)
        return cls(stage=stage, formats=formats, fraction=out, plan=plan)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the sum of words."""
        return self.plan.apply(*_embedded(self.stage, x))

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.plan.run(*_embedded(self.stage, x))

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the formats that the artifact states."""
        fraction = stored.facts["fraction"] + stage.places
        return {"plan": AddPlan(fractions=stored.fractions, fraction=fraction, width=stored.formats.width)}

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the output FIFO; those of skip buffers depend on other stages and are added later."""
        return self.plan.memory_bits

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which sums leave; a sum waits until all inputs that take part in it have arrived."""
        return self.plan.arrivals(*self._spread(times))

    def taken(self, *times: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return, for each input, the cycles in which its beats are taken, together with the other summands."""
        together = self.plan.together(*self._spread(times))
        return tuple(together[takes_part(self.stage, k)] for k in range(len(times)))

    def _spread(self, times: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Return the times of every input for every beat of the sum, or -1 where it does not take part."""
        out = [np.full(self.stage.beats, -1, dtype=np.int64) for _ in times]
        for k, beats in enumerate(times):
            out[k][takes_part(self.stage, k)] = beats
        return out

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"Add of {len(self.stage.sources)}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "add"


def takes_part(stage: Stage, k: int) -> np.ndarray:
    """Return, for every beat of a frame of the sum, whether input ``k`` has a summand (bool)."""
    radius = stage.radii_in[k]
    if radius is None or radius == stage.radius:
        return np.ones(stage.beats, dtype=bool)
    mask = np.zeros((stage.rows, stage.columns), dtype=bool)
    mask[live_rows(stage.rows, radius[0]), : radius[1] + 1] = True
    return np.tile(mask.T.reshape(-1), stage.channels)


def _embedded(stage: Stage, x: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Return the inputs; those with a smaller radius are surrounded by zeros."""
    if stage.radius is None:
        return list(x)
    return [embed(bins, stage.rows, stage.columns) for bins in x]
