"""Dense layers: the last one, which gives logits or values, and hidden ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..model.dense import DensePlan
from ..model.words import check_words
from ..network.stage import Stage
from .base import Calibration, Params, Words
from .formats import Formats
from .weighted import Weighted

__all__ = ["Dense"]

LOGIT_FRACTION = 8
"""Fraction bits of a logit: far below what separates two classes, far above its range's end."""


def dense_weights(stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights, which contain the scale and the deviations of an input that is to be standardised, and bias.

    With the means m and deviations d of the input's channels the layer computes ``W (x - m) / d + bias``; of bins, only
    the real part of DC has a mean.
    """
    weights, bias = params[f"{stage.name}.weight"], params[f"{stage.name}.bias"]
    if stage.standardises:
        bins = stage.radius_in is not None
        weights = weights / params["input.deviation"].reshape(-1, *[1] * (weights.ndim - 2))
        each = weights[..., 0, 0, 0] * stage.pixels / float(stage.scale) if bins else weights.sum((-2, -1))
        bias = bias - float(stage.scale) * each @ params["input.mean"]
    return weights * float(stage.scale), bias


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense(Weighted):
    """``y = W x + bias`` over maps, or over both parts of bins.

    The last layer gives words of ``logit_width`` bits: logits, with at most LOGIT_FRACTION fraction bits, or values,
    in a format with headroom.  A hidden layer gives words like those of maps, in a format with headroom.
    """

    least_shift: ClassVar[int] = 0
    plan: DensePlan

    def apply(self, *x: np.ndarray) -> Words:
        """Return the results of words; those of a hidden layer are maps of one pixel (n, outputs, 1, 1)."""
        y, overflow = self.plan.apply(*x)
        return y[:, :, None, None] if self.plan.paired else y, overflow

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.apply(check_words("Dense", x[0], self.plan.width))

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the logits (n, outputs); the weights contain the scale."""
        (weight, bias), values = dense_weights(stage, params), x[0]
        if np.iscomplexobj(values):
            values = np.stack([np.real(values), np.imag(values)], -1)
        axes = tuple(range(1, values.ndim))
        y = np.tensordot(values, weight, (axes, axes)) + bias
        return y if stage.name == "dense" else y[:, :, None, None]

    @classmethod
    def floats(cls, stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights, shaped as the float parameter, and the bias: those of `dense_weights`."""
        return dense_weights(stage, params)

    @classmethod
    def planned(cls, stage: Stage, formats: Formats, words: dict[str, np.ndarray]) -> DensePlan:
        """Return the plan with the words of weights, biases and shifts."""
        return DensePlan(weights=words["weight"], bias=words["bias"], shift=words["shift"], width=formats.width,
                         weight_width=formats.weight_width, out_width=cls.width_of(stage, formats),
                         paired=stage.name != "dense")

    @classmethod
    def shape_of(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of the weights, which is that of the float parameter."""
        if stage.layer is None:
            raise TypeError(f"Stage {stage.name} has no layer")
        return stage.layer.tensors(stage, stage.index)[f"{stage.name}.weight"].shape

    @property
    def words(self) -> np.ndarray:
        """Words of the weights, shaped as the float parameter."""
        return self.plan.weights

    @classmethod
    def width_of(cls, stage: Stage, formats: Formats) -> int:
        """Return the bits of a word that leaves: the last dense layer is the one of its name."""
        return formats.logit_width if stage.name == "dense" else formats.width

    @classmethod
    def finest(cls, stage: Stage, given: Calibration) -> int:
        """Return LOGIT_FRACTION for logits, otherwise the most fraction bits that the values which leave allow."""
        return LOGIT_FRACTION if stage.edge == "logits" else super().finest(stage, given)

    @property
    def width(self) -> int:
        """Bits of a logit or value, or of a word of a hidden layer."""
        return self.width_of(self.stage, self.formats)

    @property
    def framed(self) -> bool:
        """True: a logit is a sum over the whole frame."""
        return True

    @property
    def lanes(self) -> Sequence[int]:
        """Every number from one to one lane for each output, but no more than a frame has reals."""
        return range(1, self.plan.most_lanes + 1)

    @property
    def what(self) -> list[str]:
        """The operation in words."""
        return [f"Dense {self.plan.weights[0].size}→{self.plan.outputs}"]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "dense"

    @property
    def outputs(self) -> tuple[int, ...]:
        """Shape of the logits of one image."""
        return (self.plan.outputs,)

    @property
    def weights(self) -> int:
        """Number of real weights, and of a bias for each output."""
        return self.plan.weights.size + self.plan.outputs

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image: one for each weight."""
        return self.plan.weights.size

    @property
    def multiplications_in_space(self) -> int:
        """Number of real multiplications of the same layer in space, which is no different."""
        return self.plan.weights.size
