"""Modulus of complex maps that flow as two real ones each: scattering has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..model.modulus import ModulusPlan, hypotenuse
from ..model.words import check_words
from ..network.stage import Stage
from ..numeric import clip_frames
from .base import Calibration, Operation, Params, Words

__all__ = ["PairModulus"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairModulus(Operation):
    """``sqrt(a**2 + b**2)`` of pixels: maps (n, 2 L, M, M), each real one before its imaginary one, to (n, L, M, M)."""

    plan: ModulusPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the moduli."""
        return np.hypot(x[0][:, 0::2], x[0][:, 1::2])

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation; there is nothing to choose."""
        plan = ModulusPlan(width=given.formats.width)
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0], plan=plan)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the moduli of words."""
        return clip_frames(hypotenuse(x[0][:, 0::2], x[0][:, 1::2]), self.width)

    def run(self, *x: np.ndarray) -> Words:
        """Return the same; raise DataError for words that the plan's bits cannot hold."""
        return self.apply(check_words("Moduli", x[0], self.width, real=True))

    @property
    def pipeline(self) -> int:
        """Cycles from the imaginary map's beat in to the push into the output FIFO; the real one is read back first."""
        return timing.RAM + self.plan.pipeline

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles a frame: the beats that come in."""
        return self.stage.inputs * self.stage.pixels // 2

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers: two for each of a beat's two pixels."""
        return 2 * self.plan.multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the map that waits and of the output FIFO."""
        return self.width * self.stage.pixels + timing.fifo_bits(2 * self.width + 1, self.pipeline)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the times of moduli, each some cycles after the beat with the imaginary parts comes in."""
        imaginary = times[0].reshape(-1, 2, self.stage.beats // self.stage.channels)[:, 1].reshape(-1)
        return transfers(imaginary + self.pipeline + timing.fifo(self.pipeline))

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return ["modulus of pixels"]
