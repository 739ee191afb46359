"""The quantised network: integer weights, formats and schedules, and its bit-exact prediction.

Every stage (:mod:`hadamac.network.stages`) has an *operation* on words and a number of fraction bits of what leaves it;
values are those of :mod:`hadamac.quantised.reference`.  S is a transform's scale, N its size:

===========  ==============================================================  ==================================
stage        operation                                                       fraction bits behind it
===========  ==============================================================  ==================================
transform    :class:`~hadamac.model.fft.planar.Fft2dPlan`                         before it, less S
multiply     :class:`Product`: weights ``W * 2**exponent[o]``, ``shift[o]``  chosen from calibration data
inverse      :class:`~hadamac.model.fft.planar.Fft2dPlan`                         before it, and 2 log2 N - S
point        :class:`Relu`, :class:`Table`, Quadratic                        of a ReLU as before it, else chosen
bin          :class:`Table` on both parts, ModRelu, :class:`Modulus`         of ModRelu, Modulus as before it
normalise    :class:`Normalised`                                             chosen
crop, tile   :class:`Crop`, :class:`Tile`                                    as before it
linear       :class:`QuantDense`                                             chosen
===========  ==============================================================  ==================================

A pool's scale of a power of two that a stage takes over moves the binary point behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..errors import DescriptionError
from ..images import as_images
from ..model.crop import crop
from ..model.hadamard import argmax, dense, hadamard
from ..model.modulus import ModulusPlan
from ..model.normalise import NormalisePlan, live_multiplicity
from ..model.pwl.table import PwlTable, relu
from ..model.tile import max_pool
from ..model.words import check_words
from ..network.network import Network
from ..network.stages import Stage
from ..numeric import SQ, to_integers

__all__ = ["Crop", "Formats", "Modulus", "Normalised", "PRESETS", "Prediction", "Product", "QuantDense", "QuantNetwork",
           "QuantStage", "Relu", "Table", "Tile", "normalise_facts"]

CHUNK = 50
"""Images per pass: the working set of one pass stays in the cache."""


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Widths and calibration rule.

    Parameters
    ----------
    width, twiddle_width, weight_width, logit_width : int
        Bits of a data part, a twiddle part, a weight part, a logit.
    calibrated : bool
        FFT shifts chosen per stage from calibration images; otherwise one half per stage.
    headroom : float
        Factor left between the largest calibration value and full scale.
    """

    width: int = 16
    twiddle_width: int = 16
    weight_width: int = 8
    logit_width: int = 24
    calibrated: bool = False
    headroom: float = 2.0

    def __post_init__(self):
        ranges = {"width": (10, 17), "twiddle_width": (6, 18), "weight_width": (2, 16), "logit_width": (8, 32)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise DescriptionError(f"Formats {name} must be an integer from {low} to {high}, not {value!r}")
        number = isinstance(self.headroom, (int, float)) and not isinstance(self.headroom, bool)
        if not number or not 1 <= self.headroom < 1e6:
            raise DescriptionError(f"Formats headroom must be a number from 1 to 1e6, not {self.headroom!r}")


PRESETS = {
    "default": Formats(calibrated=True),
    "halving": Formats(),
    "compact": Formats(width=10, twiddle_width=12, calibrated=True, headroom=1.25),
}


def _no_overflow(x) -> np.ndarray:
    return np.zeros(len(x), dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Product:
    """Hadamard product: ``weights`` complex128 (C_out, C_in, rows, radius + 1), ``bias`` in accumulator units,
    ``shift`` and ``exponent`` per output channel."""

    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    exponent: np.ndarray
    width: int

    def run(self, x):
        """DataError for words that ``width`` bits cannot hold."""
        return self.apply(check_words("Hadamard", x, self.width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        return hadamard(x, self.weights, self.bias, self.shift, self.width)


@dataclass(frozen=True, kw_only=True)
class Relu:
    """``max(x, 0)`` of maps, of any width."""

    def run(self, x):
        return self.apply(x)

    def apply(self, x):
        """The same."""
        return relu(x), _no_overflow(x)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A piecewise-linear table on maps, or on both parts of bins."""

    table: PwlTable

    def run(self, x):
        """DataError for words that the table's bits cannot hold."""
        return self.apply(check_words("Pwl", x, self.table.width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        if not np.iscomplexobj(x):
            return self.table.apply(x)
        (re, over_re), (im, over_im) = self.table.apply(x.real), self.table.apply(x.imag)
        return re + 1j * im, over_re | over_im


def normalise_facts(stage: Stage) -> dict:
    """What a stage says of its NormalisePlan: multiplicities in stream order, the count, over what, the correction."""
    over = stage.layer.over
    return {"multiplicity": live_multiplicity(stage.radius_in, stage.size), "over": over,
            "count": stage.size**2 if over == "map" else None, "correction": stage.layer.correction}


@dataclass(frozen=True, kw_only=True)
class Normalised:
    """Each channel's bins by their mean and deviation; the plan takes them in stream order."""

    plan: NormalisePlan

    def run(self, x):
        """DataError for words that the plan's bits cannot hold."""
        return self.apply(check_words("Normalise", x, self.plan.width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        n, channels, rows, columns = x.shape
        y, overflow = self.plan.apply(np.swapaxes(x, -1, -2).reshape(n, channels, -1))
        return np.ascontiguousarray(np.swapaxes(y.reshape(n, channels, columns, rows), -1, -2)), overflow


@dataclass(frozen=True, kw_only=True)
class Modulus:
    """``|z|`` of bins."""

    width: int

    def run(self, x):
        """DataError for words that ``width`` bits cannot hold."""
        return self.apply(check_words("Modulus", x, self.width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        return ModulusPlan(self.width).apply(x)


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Bins up to ``radius`` of those that come, of any width."""

    radius: int

    def run(self, x):
        return self.apply(x)

    def apply(self, x):
        """The same."""
        return np.ascontiguousarray(crop(x, self.radius)), _no_overflow(x)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Maximum of 2 x 2 pixels, of any width."""

    def run(self, x):
        return self.apply(x)

    def apply(self, x):
        """The same."""
        return max_pool(x), _no_overflow(x)


@dataclass(frozen=True, kw_only=True)
class QuantDense:
    """The dense layer in integers: ``weights`` float64 (K, C, M, M) of maps or (K, C, rows, radius + 1, 2) of bins.

    ``in_width``: bits of what comes; ``width``: of a logit."""

    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    exponent: np.ndarray
    fraction: int
    width: int
    in_width: int = 17

    def run(self, x):
        """DataError for words that ``in_width`` bits cannot hold."""
        return self.apply(check_words("Dense", x, self.in_width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        if np.iscomplexobj(x):
            x = np.stack([x.real, x.imag], -1)
        return dense(x, self.weights, self.bias, self.shift, self.width)


@dataclass(frozen=True, kw_only=True)
class QuantStage:
    """A stage in integers: ``op.run(words)`` gives words of ``fraction`` fraction bits and overflow flags (n,)."""

    stage: Stage
    op: object = field(repr=False)
    fraction: int


@dataclass(frozen=True)
class Prediction:
    """Integer logits (n, K), classes (n,), overflow flags (n,), words of every edge if traced."""

    logits: np.ndarray
    classes: np.ndarray
    overflow: np.ndarray
    trace: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class QuantNetwork:
    """A network in integers: what is predicted, emitted and simulated."""

    network: Network
    formats: Formats
    stages: tuple[QuantStage, ...]

    def __getitem__(self, name: str):
        """The operation of a stage by its name."""
        return next(s.op for s in self.stages if s.stage.name == name)

    def of_kind(self, kind: str) -> list[QuantStage]:
        """Its stages of a kind, in order."""
        return [s for s in self.stages if s.stage.kind == kind]

    @property
    def dense(self) -> QuantDense:
        return self.stages[-1].op

    @property
    def pixel_shift(self) -> int:
        """A pixel's word is ``pixel << pixel_shift``: pixel / 256 in SQ(1, width - 1)."""
        return self.formats.width - 9

    @cached_property
    def edges(self) -> dict[str, SQ]:
        """Format of every named edge."""
        width = self.formats.width
        out = {"image": SQ(1, width - 1)}
        for s in self.stages:
            if s.stage.edge:
                bits = self.formats.logit_width if s.stage.kind == "linear" else width
                out[s.stage.edge] = SQ(bits - s.fraction, s.fraction)
        return out

    def predict(self, images, *, trace: bool = False) -> Prediction:
        """Bit-exact prediction of what the circuit answers.

        Parameters
        ----------
        images : uint8 (n, 28, 28) or (n, 32, 32)
            For a network of input size 32; in general (n, size, size) or four pixels less.
        trace : bool
            Keep the words of every edge (int64; spectra complex128 with integral parts).
        """
        images = as_images(images, self.network.size)
        parts = [self._chunk(images[k : k + CHUNK], trace) for k in range(0, max(len(images), 1), CHUNK)]
        logits, overflow = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
        edges = {name: np.concatenate([p[2][name] for p in parts]) for name in parts[0][2]}
        return Prediction(logits, argmax(logits), overflow, edges)

    def _chunk(self, images, trace):
        x = images[:, None].astype(np.float64) * 2.0**self.pixel_shift
        edges = {"image": to_integers(x)} if trace else {}
        overflow = _no_overflow(images)
        for s in self.stages:
            x, over = s.op.apply(x)
            overflow |= over
            if trace and s.stage.edge:
                edges[s.stage.edge] = x if np.iscomplexobj(x) else to_integers(x)
        return to_integers(x), overflow, edges
