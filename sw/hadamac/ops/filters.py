"""Product of every channel with the same filters, an operation of scattering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..model.hadamard import HadamardPlan
from ..model.words import check_words
from ..network.stage import Stage
from .base import Calibration, Params, Words
from .planned import Folded

__all__ = ["Filters"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Filters(Folded):
    """Product ``Y[c,f] = W[f] X[c]`` of every channel c with every filter f.

    Bins (n, C, N, N/2 + 1) become bins (n, C F, N, N/2 + 1) in the order (channel, filter).  The block is a Hadamard
    product with one input channel, F output channels and no bias; each channel of an image is one of its frames.  The
    words of the filters are ``rint(W 2**exponent)``; all filters have the same ``exponent`` and the same shift.
    """

    plan: HadamardPlan
    exponent: int

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the product with ``params["filters"]`` (F, N, N/2 + 1)."""
        y = x[0][:, :, None] * params["filters"]
        return y.reshape(len(y), -1, *y.shape[3:])

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the product with the largest exponent for which the filters fit, in a format with headroom."""
        formats, (fraction,), filters = given.formats, given.fractions, given.params["filters"]
        exponent = _exponent(filters, 2 ** (formats.weight_width - 1) - 0.5)
        # With more fraction bits than a product has, the additional bits would always be zero.
        out = min(_exponent(given.output, 2 ** (formats.width - 1) / formats.headroom), fraction + exponent)
        weights = np.rint(filters * 2.0**exponent).astype(np.complex128)[:, None]
        count, shift = len(filters), fraction + exponent - out
        plan = HadamardPlan(weights=weights, bias=np.zeros(count), shift=np.full(count, shift), width=formats.width,
                            weight_width=formats.weight_width, real=not weights.imag.any())
        return cls(stage=stage, formats=formats, fraction=out, plan=plan, exponent=exponent)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the product of bins."""
        n, channels, *bins = x[0].shape
        y, overflow = self.plan.apply(x[0].reshape(-1, 1, *bins))
        overflows = np.logical_or.reduce(overflow.reshape(n, channels), axis=1)
        return y.reshape(n, channels * self.plan.outputs, *bins), overflows

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.apply(check_words("Filters", x[0], self.width))

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of an image, which is one frame for each channel."""
        return self.stage.inputs * self.plan.interval(lanes)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"{self.plan.outputs} filters"]


def _exponent(values: np.ndarray, limit: float) -> int:
    """Return the largest e for which no part of ``values * 2**e`` exceeds ``limit``."""
    largest = max(np.abs(np.real(values)).max(), np.abs(np.imag(values)).max(), 1e-9)
    return int(np.floor(np.log2(limit / largest)))
