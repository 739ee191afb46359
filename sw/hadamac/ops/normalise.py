"""Normalisation of each channel by its mean and deviation in the current frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from .. import timing
from ..errors import DescriptionError, FitError
from ..model.crop import multiplicity
from ..model.normalise import NormalisePlan, live_multiplicity
from ..model.words import check_words
from ..network.layers import Normalise as Layer
from ..network.stage import Stage, orthonormal
from ..shapes import text
from .base import Calibration, Operation, Params, Stored, Words
from .formats import Formats
from .table import WORD
from .weights import fraction_bits, peak

__all__ = ["Normalise", "normalise_facts"]


def _layer(stage: Stage) -> Layer:
    """Return the layer of a stage, which normalises."""
    if not isinstance(stage.layer, Layer):
        raise TypeError(f"Stage {stage.name} must belong to a Normalise layer")
    return stage.layer


def normalise_facts(stage: Stage) -> dict[str, Any]:
    """Return the parameters of a NormalisePlan that the stage determines; multiplicities are in stream order."""
    layer = _layer(stage)
    if stage.radius_in is None:
        raise TypeError(f"Stage {stage.name} must take bins")
    return {"multiplicity": live_multiplicity(stage.radius_in, stage.size), "over": layer.over,
            "count": stage.pixels if layer.over == "map" else None, "correction": layer.correction}


@dataclass(frozen=True, kw_only=True, eq=False)
class Normalise(Operation):
    """Normalisation ``P (X - mean) / deviation`` of the bins of each channel.

    The statistics are either over the bins, or over the pixels of the map.  In the second case the result is ``P/N``
    times the spectrum of ``(x - mean) / deviation``, whose DC bin is 0.  The deviation of n values has the divisor
    n - correction.  P is the smallest power of two whose square is at least the number of pixels N*N.  The plan takes
    bins in the order of the stream.
    """

    SCHEMA: ClassVar[dict[str, Any]] = {"words": WORD}
    plan: NormalisePlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return normalised bins (n, C, rows, radius + 1); a channel whose deviation is zero becomes zero."""
        layer, bins = _layer(stage), x[0]
        weight = multiplicity(stage.size, stage.radius_in or (0, 0))
        p = float(orthonormal(stage.size))
        values = stage.pixels if layer.over == "map" else weight.sum()
        if layer.over == "bins":
            bins = bins - (weight * np.real(bins)).sum((-2, -1), keepdims=True) / weight.sum()
        else:
            bins = bins.copy()
            bins[..., 0, 0] = 0
            p = p * np.sqrt(stage.pixels / weight.sum())  # the power of the map is a mean over its pixels
        power = (weight * np.abs(bins) ** 2).sum((-2, -1), keepdims=True) / weight.sum()
        p = p * np.sqrt((values - layer.correction) / values)
        return bins * (p / np.sqrt(np.where(power > 0, power, 1)))

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation with an output format that has headroom."""
        places, formats = orthonormal(stage.size).bit_length() - 1, given.formats
        # The second limit is for calibration frames whose deviation is zero.
        out = min(fraction_bits(peak(given.output), formats), formats.width - 1 - places)
        plan = NormalisePlan(**normalise_facts(stage), width=formats.width, fraction=out + places)
        return cls(stage=stage, formats=formats, fraction=out, plan=plan)

    @classmethod
    def check_formats(cls, stage: Stage, formats: Formats) -> None:
        """Raise FitError if the circuit cannot compute statistics of so many bins with words of this width."""
        try:
            NormalisePlan(**normalise_facts(stage), width=formats.width, fraction=0)
        except DescriptionError as error:
            raise FitError(f"Layer {stage.name} over {text(stage.size, ' x ')} cannot have words of "
                           f"{formats.width} bits: {error}") from None

    def apply(self, *x: np.ndarray) -> Words:
        """Return normalised bins."""
        n, channels, rows, columns = x[0].shape
        y, overflow = self.plan.apply(np.swapaxes(x[0], -1, -2).reshape(n, channels, rows * columns))
        return np.ascontiguousarray(np.swapaxes(y.reshape(n, channels, columns, rows), -1, -2)), overflow

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.apply(check_words("Normalise", x[0], self.plan.width))

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``words``, the fraction bits of the plan."""
        return {"words": self.plan.fraction}, {}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the format that the artifact states."""
        plan = NormalisePlan(**normalise_facts(stage), width=stored.formats.width, fraction=stored.facts["words"])
        return {"plan": plan}

    @property
    def framed(self) -> bool:
        """True if a frame is one channel, which begins to leave when its statistics are known."""
        return self.stage.channels == 1

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame."""
        return self.stage.channels * self.plan.interval

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers."""
        return self.plan.multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the buffer, the table of roots and the output FIFO."""
        return self.plan.memory_bits + timing.fifo_bits(2 * self.width + 1, self.plan.pipeline)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave."""
        return self.plan.arrivals(*times)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        layer = _layer(self.stage)
        return [f"Normalise over {layer.over}{', n - 1' if layer.correction else ''}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "normalise"

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: four or six for each bin.

        There are six if the number of values in the statistics is no power of two.
        """
        return (4 if self.plan.shifts else 6) * self.bins
