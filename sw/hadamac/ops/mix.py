"""Pointwise convolution of maps: a Hadamard product with the same real weights for all pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model.fft.pairs import pack_rows, unpack_rows
from ..model.hadamard import HadamardPlan
from ..model.words import check_words
from ..network.stage import Stage
from .base import Params, Words
from .formats import Formats
from .product import Lanes

__all__ = ["Mix"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mix(Lanes):
    """Mixture ``y[o] = bias[o] + sum_c W[o,c] x[c]`` of the channels of each pixel.

    A beat holds two pixels, which the circuit takes for the parts of a complex number: both are multiplied by the same
    real weight.
    """

    plan: HadamardPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the mixtures."""
        weights, bias = cls.floats(stage, params)
        return np.einsum("oc,ncyx->noyx", weights, x[0]) + bias[:, None, None]

    @classmethod
    def floats(cls, stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights (outputs, inputs) and the bias (outputs,).

        They contain the scale and, if the stage standardises the input, the means and deviations.
        """
        weights, bias = (params[f"mix{stage.index}.{name}"] for name in ("weight", "bias"))
        if stage.standardises:
            weights = weights / params["input.deviation"]
            bias = bias - weights @ params["input.mean"]
        return weights * float(stage.scale), bias * float(stage.after)

    @classmethod
    def planned(cls, stage: Stage, formats: Formats, words: dict[str, np.ndarray]) -> HadamardPlan:
        """Return the plan with the words of weights, biases and shifts."""
        return HadamardPlan(weights=words["weight"][..., None] + 0j, bias=words["bias"], shift=words["shift"],
                            width=formats.width, weight_width=formats.weight_width, real=True,
                            shared=stage.pixels // 2, everywhere=True)

    @classmethod
    def shape_of(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of the weights: (outputs, inputs)."""
        return stage.channels, stage.inputs

    @property
    def words(self) -> np.ndarray:
        """Words of the weights (outputs, inputs)."""
        return np.real(self.plan.weights[..., 0])

    def apply(self, *x: np.ndarray) -> Words:
        """Return the mixtures of words."""
        y, overflow = self.plan.apply(pack_rows(x[0]))
        return unpack_rows(y), overflow

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.apply(check_words("Mix", x[0], self.width, real=True))

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"Pointwise {self.stage.inputs}→{self.stage.channels}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "pointwise"

    @property
    def weights(self) -> int:
        """Number of real weights, and one bias for each output channel."""
        return self.stage.channels * (self.stage.inputs + 1)

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image."""
        return self.stage.inputs * self.stage.channels * self.stage.pixels

    @property
    def multiplications_in_space(self) -> int:
        """Number of multiplications of the same layer in space, which is no different."""
        return self.multiplications
