"""Wavelet scattering of orders 0 and 1, two scales, in exact words: the paths of :mod:`hadamac.scattering`.

The convolution of a real map with a complex wavelet is two real maps.  With ``psi`` the wavelet's spectrum, which is
real, and X the map's,

``Re(x * psi)`` has the spectrum ``X[k] (psi[k] + psi[-k]) / 2``, ``Im(x * psi)`` has ``X[k] (psi[k] - psi[-k]) / 2j``,

both of them Hermitian: every transform is one of real maps, on half-spectra of N rows and N/2 + 1 columns, Nyquist bins
and all (:mod:`hadamac.model.fft.planar` with ``radius = N/2``).  The wavelets of a scale are one product of one
channel with 2 L filters, ``(Re, Im)`` of each angle in turn; the low pass is a product of each channel with one.

========  ==================================================================================  =====================
path      stages                                                                              maps, channels
========  ==================================================================================  =====================
order 0   transform, phi, inverse, decimate, decimate                                         1
j = 0     transform, psi, inverse, modulus, transform, phi, inverse, decimate, decimate       1, 2 L, modulus L
j = 1     transform, psi, inverse, decimate, modulus, then at N/2 transform, phi, inverse,    1, 2 L, modulus L
          decimate
========  ==================================================================================  =====================

Numbers: a pixel is the word ``pixel << (width - 9)``, pixel / 256 in SQ(1, width - 1).  A transform of scale S takes S
fraction bits away, an inverse gives ``2 log2 N - S``, a product with filters ``rint(W 2**exponent)`` gives
``exponent - shift``; decimation and modulus keep the format.  All maps of a path have one format.  Rounding is that of
each stage, half to even.

Overflow: every stage's, per image.

Source: Bruna, Mallat, "Invariant scattering convolution networks", IEEE Trans. PAMI 35, 2013, sections 2.1 and 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import DescriptionError
from ..images import as_images
from ..model.fft.planar import Fft2dPlan
from ..model.hadamard import hadamard
from ..model.modulus import hypotenuse
from ..model.tile import decimate
from ..model.words import check_words
from ..numeric import SQ, clip_frames

__all__ = ["Decimation", "Filters", "Moduli", "Scattered", "ScatteringPath", "ScatteringPlan", "ScatteringStage"]

CHUNK = 20
"""Images per pass: 16 complex maps of each are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Product of every channel, by itself, with the same filters.

    Parameters
    ----------
    weights : complex128 (F, 1, N, N/2 + 1), integral
        ``rint(W * 2**exponent)``.
    exponent, shift : int
        Of all filters.
    width : int
        Bits of a part of a word.
    """

    weights: np.ndarray
    exponent: int
    shift: int
    width: int

    @property
    def real(self) -> bool:
        """Whether no filter has an imaginary part."""
        return not self.weights.imag.any()

    def run(self, x):
        """Bins (n, C, N, N/2 + 1) to (n, C F, N, N/2 + 1), order (channel, filter)."""
        return self.apply(check_words("Filters", x, self.width))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        n, channels, *bins = x.shape
        filters = len(self.weights)
        y, overflow = hadamard(x.reshape(-1, 1, *bins), self.weights, np.zeros(filters), np.full(filters, self.shift),
                               self.width)
        return y.reshape(n, channels * filters, *bins), overflow.reshape(n, channels).any(1)


@dataclass(frozen=True)
class Decimation:
    """Every second pixel of every second row."""

    def run(self, x):
        """Any words, of any width."""
        return self.apply(x)

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        return decimate(x), np.zeros(len(x), dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Moduli:
    """Of complex maps, each a real map followed by an imaginary one: the words of :class:`PairModulus`."""

    width: int

    def run(self, x):
        """Maps (n, 2 L, M, M) to (n, L, M, M)."""
        return self.apply(check_words("Moduli", x, self.width, real=True))

    def apply(self, x):
        """As `run`, of words that a stage before made: unchecked."""
        return clip_frames(hypotenuse(x[:, 0::2], x[:, 1::2]), self.width)


@dataclass(frozen=True, kw_only=True)
class ScatteringStage:
    """``op.run(words)`` takes ``channels`` maps of ``size`` x ``size`` pixels, or their half-spectra, and gives words
    of ``fraction`` fraction bits and overflow flags (n,)."""

    name: str
    op: Fft2dPlan | Filters | Decimation | Moduli
    size: int
    channels: int
    fraction: int


@dataclass(frozen=True, kw_only=True)
class ScatteringPath:
    """Order 0 (``scale`` None), or the L maps of scale 0 or 1: stages, the first of which takes the image's words."""

    scale: int | None
    stages: tuple[ScatteringStage, ...]

    @property
    def fraction(self) -> int:
        """Fraction bits of the result."""
        return self.stages[-1].fraction

    def run(self, words) -> tuple[np.ndarray, np.ndarray]:
        """Maps (n, 1, N, N) to ``(y, overflow)``: maps (n, 1 or L, N/4, N/4), bool (n,)."""
        return self.apply(check_words("Scattering", words, self.stages[0].op.width, real=True))

    def apply(self, words):
        """As `run`, of words that a stage before made: unchecked."""
        overflow = np.zeros(len(words), dtype=bool)
        for stage in self.stages:
            words, over = stage.op.apply(words)
            overflow |= over
        return words, overflow


class Scattered(NamedTuple):
    """``words`` (n, 1 + 2 L, N/4, N/4), integral; ``overflow`` bool (n,)."""

    words: np.ndarray
    overflow: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ScatteringPlan:
    """Scattering in words; :func:`hadamac.scattering.plan.scattering_plan` makes one from calibration images.

    Parameters
    ----------
    size, angles : int
        N, a power of two from 8 to 64; L, from 2 to 16.
    width, weight_width, twiddle_width : int
        Bits of a part of a word, of a filter, of a twiddle.
    paths : tuple of ScatteringPath
        Order 0, j = 0, j = 1; their first stages are the same transform.
    """

    size: int
    angles: int
    width: int
    weight_width: int
    twiddle_width: int
    paths: tuple[ScatteringPath, ...]

    def __post_init__(self):
        check(self.size, self.angles)

    @property
    def pixel_shift(self) -> int:
        """A pixel's word is ``pixel << pixel_shift``."""
        return self.width - 9

    @property
    def formats(self) -> tuple[SQ, ...]:
        """Of each of the 1 + 2 L maps."""
        fractions = [path.fraction for path in self.paths for _ in range(1 if path.scale is None else self.angles)]
        return tuple(SQ(self.width - f, f) for f in fractions)

    def run(self, images) -> Scattered:
        """Images uint8 (n, N, N), or of four pixels less each way, on black."""
        images = as_images(images, self.size)
        parts = [self._chunk(images[k : k + CHUNK]) for k in range(0, max(len(images), 1), CHUNK)]
        return Scattered(*(np.concatenate(part) for part in zip(*parts)))

    def _chunk(self, images):
        x = images[:, None] * 2.0**self.pixel_shift
        maps, flags = zip(*(path.apply(x) for path in self.paths))
        return np.concatenate(maps, axis=1), np.any(flags, axis=0)

    def values(self, words) -> np.ndarray:
        """Words (..., 1 + 2 L, N/4, N/4) to the numbers that they stand for."""
        return np.asarray(words) * np.array([2.0**-q.f for q in self.formats])[:, None, None]


def check(size, angles) -> None:
    """Refuse sizes and angles that no plan can have."""
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 64 or size & (size - 1):
        raise DescriptionError(f"Scattering size must be a power of two from 8 to 64, not {size!r}")
    if isinstance(angles, bool) or not isinstance(angles, int) or not 2 <= angles <= 16:
        raise DescriptionError(f"Scattering angles must be an integer from 2 to 16, not {angles!r}")
