"""Pointwise convolution of maps: a Hadamard product with the same real weights for all pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model.fft.pairs import pack_rows, unpack_rows
from ..model.hadamard import HadamardPlan
from ..model.words import check_words
from ..network.layers import Pointwise
from ..network.stage import Stage
from .base import Params, Words
from .formats import Formats
from .product import Lanes

__all__ = ["Mix"]


def _grid(stage: Stage) -> bool:
    """Return whether the layer of a stage takes the coordinates of pixels."""
    return isinstance(stage.layer, Pointwise) and stage.layer.grid


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
        y = np.einsum("oc,ncyx->noyx", weights, x[0])
        if not _grid(stage):
            return y + bias[:, None, None]
        row, column = (np.arange(n) for n in stage.size)
        first, down, along = bias.T[:, :, None, None]
        return y + first + down * row[:, None] + along * column

    @classmethod
    def floats(cls, stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights (outputs, inputs) and the bias (outputs,), or with a grid (outputs, 3).

        They contain the scale and, if the stage standardises the input, the means and deviations.  With a grid the
        biases are that of the first pixel, and what it grows by from row to row and from column to column.
        """
        weights, bias = (params[f"mix{stage.index}.{name}"] for name in ("weight", "bias"))
        if stage.standardises:
            weights = weights / params["input.deviation"]
            bias = bias - weights @ params["input.mean"]
        if _grid(stage):
            bias = np.column_stack([bias, params[f"mix{stage.index}.grid"] / np.array(stage.size)])
        return weights * float(stage.scale), bias * float(stage.after)

    @classmethod
    def planned(cls, stage: Stage, formats: Formats, words: dict[str, np.ndarray]) -> HadamardPlan:
        """Return the plan with the words of weights, biases and shifts."""
        bias = words["bias"].reshape(stage.channels, -1)
        return HadamardPlan(weights=words["weight"][..., None] + 0j, bias=bias[:, 0], shift=words["shift"],
                            width=formats.width, weight_width=formats.weight_width, real=True,
                            index=np.zeros(stage.pixels // 2, dtype=int), everywhere=True,
                            ramps=bias[:, 1:] if _grid(stage) else None, columns=stage.size[1])

    @classmethod
    def bias_shape(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of the biases: (outputs,), or with a grid (outputs, 3)."""
        return (stage.channels, 3) if _grid(stage) else (stage.channels,)

    @classmethod
    def farthest(cls, stage: Stage, bias: np.ndarray) -> np.ndarray:
        """Return a bound (outputs,) of the magnitude of every pixel's bias."""
        return np.abs(bias) @ np.array([1, *stage.size]) if _grid(stage) else np.abs(bias)

    @property
    def biases(self) -> np.ndarray:
        """Words of the biases, shaped as `bias_shape` says."""
        ramps = self.plan.ramps
        return self.plan.bias if ramps is None else np.column_stack([self.plan.bias, ramps])

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
        return [f"Pointwise {self.stage.inputs}→{self.stage.channels}", *(["with a grid"] if _grid(self.stage) else [])]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "pointwise"

    @property
    def weights(self) -> int:
        """Number of real weights, and one bias for each output channel; with a grid two more."""
        return self.stage.channels * (self.stage.inputs + (3 if _grid(self.stage) else 1))

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image."""
        return self.stage.inputs * self.stage.channels * self.stage.pixels

    @property
    def multiplications_in_space(self) -> int:
        """Number of multiplications of the same layer in space, which is no different."""
        return self.multiplications
