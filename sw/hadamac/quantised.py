"""The quantised network: integer weights, formats and schedules, and its bit-exact prediction.

Word formats along one group (N the map's size, M the pool's, f fraction bits, S a transform's scale;
values are those of :mod:`hadamac.reference`, unnormalised DFTs):

==========  =================================================  =============================
edge        what it holds                                      fraction bits
==========  =================================================  =============================
map in      pixels / 256, or the previous map                  f
spectrum    ``FFT2(map)``, live bins                           f - S_forward
product     ``(M/N)**2 (sum W X + bias N*N [DC])``, live bins  chosen from calibration data
map out     ``ReLU(IFFT2(product))``                           product + 2 log2 M - S_inverse
==========  =================================================  =============================

A weight word is ``W * 2**exponent[o]``; ``shift[o]`` moves the accumulator to the product's format.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .data import as_images
from .errors import DescriptionError
from .model.fft2d import Fft2dPlan
from .model.hadamard import argmax, dense, hadamard
from .model.pwl import relu
from .network import Group, Network
from .numeric import SQ, to_integers

__all__ = ["Formats", "PRESETS", "QuantGroup", "QuantDense", "QuantNetwork", "Prediction"]

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


@dataclass(frozen=True, kw_only=True)
class QuantGroup:
    """One (conv, pool, activation) group in integers.

    ``weights`` complex128 (C_out, C_in, 2r+1, r+1), ``bias`` in accumulator units, ``shift`` and
    ``exponent`` per output channel; ``fractions`` of the edges spectrum, product and map.
    """

    shape: Group
    forward: Fft2dPlan
    inverse: Fft2dPlan
    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    exponent: np.ndarray
    fractions: dict[str, int]

    @property
    def radius(self) -> int:
        return self.forward.radius

    def run(self, maps, width: int):
        """Maps (n, C_in, N, N) to ``(spectrum, product, maps, overflow)``."""
        x, over_x = self.forward.run(maps)
        y, over_y = hadamard(x, self.weights, self.bias, self.shift, width)
        m, over_m = self.inverse.run(y)
        return x, y, relu(m), over_x | over_y | over_m


@dataclass(frozen=True, kw_only=True)
class QuantDense:
    """The dense layer in integers: ``weights`` float64 (K, C, M, M), integral."""

    weights: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    exponent: np.ndarray
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
    groups: tuple[QuantGroup, ...]
    dense: QuantDense

    @property
    def pixel_shift(self) -> int:
        """A pixel's word is ``pixel << pixel_shift``: pixel / 256 in SQ(1, width - 1)."""
        return self.formats.width - 9

    @cached_property
    def edges(self) -> dict[str, SQ]:
        """Format of every edge by its trace name."""
        width = self.formats.width
        out = {"image": SQ(1, width - 1)}
        for k, g in enumerate(self.groups):
            for edge in ("spectrum", "product", "map"):
                f = g.fractions[edge]
                out[f"{edge}{k}"] = SQ(width - f, f)
        out["logits"] = SQ(self.formats.logit_width - self.dense.fraction, self.dense.fraction)
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
        width = self.formats.width
        maps = images[:, None].astype(np.float64) * 2.0**self.pixel_shift
        edges = {"image": to_integers(maps)} if trace else {}
        overflow = np.zeros(len(images), dtype=bool)
        for k, group in enumerate(self.groups):
            x, y, maps, over = group.run(maps, width)
            overflow |= over
            if trace:
                edges |= {f"spectrum{k}": x, f"product{k}": y, f"map{k}": to_integers(maps)}
        d = self.dense
        logits, over = dense(maps, d.weights, d.bias, d.shift, self.formats.logit_width)
        logits = to_integers(logits)
        if trace:
            edges["logits"] = logits
        return logits, overflow | over, edges
