"""Base of operations with words of weights: exponents and shifts of output channels, their record, their renewal."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..model.dense import DensePlan
from ..model.hadamard import SHIFTS, HadamardPlan
from ..network.stage import Stage
from ..numeric import saturate
from .base import Calibration, Params, Stored
from .formats import Formats
from .planned import Folded
from .weights import exponents, fraction_bits, in_range, peak, recorded, taken

__all__ = ["Weighted"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighted(Folded):
    """An operation whose output channels o have an exponent and a shift each.

    Words of weights are ``rint(W[o] 2**exponent[o])``, that of a bias is ``rint(bias[o] 2**(exponent[o] + fraction))``
    with the fraction bits of the words that come in, and the accumulator drops ``shift[o]`` bits.

    Attributes
    ----------
    exponent : int array (outputs,)
    complex_weights : bool
        Whether weights are complex, so that an artifact holds both parts of them in a last axis.
    least_shift : int
        Least shift that quantisation chooses.
    """

    complex_weights: ClassVar[bool] = False
    least_shift: ClassVar[int] = SHIFTS[0]
    plan: HadamardPlan | DensePlan
    exponent: np.ndarray

    @classmethod
    @abstractmethod
    def floats(cls, stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights (outputs, ...), and the bias, by default (outputs,), in units of what it is added to."""

    @classmethod
    @abstractmethod
    def planned(cls, stage: Stage, formats: Formats, words: dict[str, np.ndarray]) -> HadamardPlan | DensePlan:
        """Return the plan with the words ``weight``, shaped as those of `floats`, ``bias`` and ``shift``."""

    @classmethod
    @abstractmethod
    def shape_of(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of the weights of `floats`."""

    @classmethod
    def bias_shape(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of the bias of `floats`."""
        return (stage.channels,)

    @classmethod
    def farthest(cls, stage: Stage, bias: np.ndarray) -> np.ndarray:
        """Return a bound (outputs,) of the magnitude of what a bias of `floats` adds."""
        return np.abs(bias)

    @property
    @abstractmethod
    def words(self) -> np.ndarray:
        """Words of the weights, shaped as those of `floats`."""

    @property
    def biases(self) -> np.ndarray:
        """Words of the biases, shaped as those of `floats`."""
        return self.plan.bias

    @property
    def stored(self) -> np.ndarray:
        """Words of the weights as an artifact holds them; by default as `words`."""
        return self.words

    @classmethod
    def stored_shape(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of `stored`."""
        return cls.shape_of(stage)

    @classmethod
    def spread(cls, stage: Stage, stored: np.ndarray) -> np.ndarray:
        """Return `words`, for what an artifact holds."""
        return stored

    @classmethod
    def width_of(cls, stage: Stage, formats: Formats) -> int:
        """Return the bits of a word that leaves."""
        return formats.width

    @classmethod
    def finest(cls, stage: Stage, given: Calibration) -> int:
        """Return the most fraction bits that the values which leave allow."""
        return fraction_bits(peak(given.output), given.formats, cls.width_of(stage, given.formats))

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation with the largest exponents for which its weights fit, in a format with headroom."""
        formats, (fraction,) = given.formats, given.fractions
        weights, bias = cls.floats(stage, given.params)
        exponent = exponents(weights, formats.weight_width)
        # The second limit is that of the least shift; it matters if the calibration images give very small values.
        out = min(cls.finest(stage, given), fraction + int(exponent.min()) - cls.least_shift)
        return cls._rounded(stage, formats, (weights, bias), exponent, fraction, out)

    def renewed(self, params: Params, fractions: tuple[int, ...]) -> Self:
        """Return the operation with the words of other parameters, in the same formats.

        The exponents are those that `quantise` would choose, except where the shift would be less than the least one.
        """
        (weights, bias), (fraction,) = self.floats(self.stage, params), fractions
        exponent = np.maximum(exponents(weights, self.formats.weight_width), SHIFTS[0] + self.fraction - fraction)
        return self._rounded(self.stage, self.formats, (weights, bias), exponent, fraction, self.fraction)

    @classmethod
    def _rounded(cls, stage: Stage, formats: Formats, floats: tuple[np.ndarray, np.ndarray], exponent: np.ndarray,
                 fraction: int, out: int) -> Self:
        """Return the operation with rounded weights and biases, from ``fraction`` to ``out`` fraction bits."""
        weights, bias = floats
        exponent = in_range(_layer_name(stage), exponent, cls.farthest(stage, bias), fraction, out,
                            cls.width_of(stage, formats))
        scaled, offsets = (x * (2.0**exponent).reshape(-1, *[1] * (x.ndim - 1)) for x in (weights, bias))
        words = {"weight": saturate(np.rint(scaled), formats.weight_width), "bias": np.rint(offsets * 2.0**fraction),
                 "shift": fraction + exponent - out}
        plan = cls.planned(stage, formats, words)
        return cls(stage=stage, formats=formats, fraction=out, plan=plan, exponent=exponent)

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``weight``, complex ones with both parts in a last axis, and ``bias``, ``shift``, ``exponent``."""
        words = self.stored
        parts = np.stack([np.real(words), np.imag(words)], -1) if self.complex_weights else words
        return {}, recorded(parts, self.biases, self.plan.shift, self.exponent, self.formats)

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan with the weights of the artifact, and their exponents."""
        held = taken(stage, stored, cls.stored_shape(stage) + (2,) * cls.complex_weights,
                     cls.bias_shape(stage))
        exponent = held.pop("exponent")
        if cls.complex_weights:
            held["weight"] = held["weight"][..., 0] + 1j * held["weight"][..., 1]
        held["weight"] = cls.spread(stage, held["weight"])
        return {"plan": cls.planned(stage, stored.formats, held), "exponent": exponent}


def _layer_name(stage: Stage) -> str:
    """Return the name of a layer in the names of its parameters."""
    if stage.layer is None:
        raise TypeError(f"Stage {stage.name} has no layer")
    return next(iter(stage.layer.tensors(stage, stage.index))).split(".")[0]
