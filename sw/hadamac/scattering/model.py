"""Wavelet scattering of orders 0 and 1, two scales, in exact words.

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

The stages are operations of :mod:`hadamac.ops`, as those of a network are.  Overflow: every stage's, per image.

Source: Bruna, Mallat, "Invariant scattering convolution networks", IEEE Trans. PAMI 35, 2013, sections 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..errors import DescriptionError
from ..images import as_images
from ..model.words import check_words
from ..numeric import SQ
from ..ops.base import Operation, Words

__all__ = ["Scattered", "ScatteringPath", "ScatteringPlan", "beat_times", "pixel_times"]

CHUNK = 20
"""Images per pass: 16 complex maps of each are in memory at once."""


def pixel_times(size: int) -> np.ndarray:
    """Return the cycles in which row pairs leave, for an image whose pixels come from cycle 0, one a cycle."""
    odd = np.arange(size * size).reshape(size, size)[1::2].reshape(-1)
    return transfers(odd + timing.RAM + timing.FIFO)


def beat_times(stages: Sequence[Operation], times: np.ndarray) -> np.ndarray:
    """Return the cycles in which a first frame's beats leave the last of ``stages``, for those into the first."""
    for stage in stages:
        times = stage.arrivals(times)
    return times


@dataclass(frozen=True, kw_only=True)
class ScatteringPath:
    """Order 0 (``scale`` None), or the L maps of scale 0 or 1: operations, the first of which takes the image."""

    scale: int | None
    stages: tuple[Operation, ...]

    @property
    def fraction(self) -> int:
        """Fraction bits of the result."""
        return self.stages[-1].fraction

    def run(self, words: np.ndarray) -> Words:
        """Return maps (n, 1 or L, N/4, N/4) and overflow flags (n,) for maps (n, 1, N, N)."""
        return self.apply(check_words("Scattering", words, self.stages[0].width, real=True))

    def apply(self, words: np.ndarray) -> Words:
        """Do the same as `run` with words that are known to fit."""
        overflow = np.zeros(len(words), dtype=bool)
        for stage in self.stages:
            words, over = stage.apply(words)
            overflow |= over
        return words, overflow


class Scattered(NamedTuple):
    """Result of a scattering: ``words`` (n, 1 + 2 L, N/4, N/4), integral; ``overflow`` bool (n,)."""

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

    def __post_init__(self) -> None:
        check(self.size, self.angles)

    @property
    def pixel_shift(self) -> int:
        """The places by which a pixel moves up to its word."""
        return self.width - 9

    @property
    def formats(self) -> tuple[SQ, ...]:
        """Formats of the 1 + 2 L maps."""
        fractions = [path.fraction for path in self.paths for _ in range(1 if path.scale is None else self.angles)]
        return tuple(SQ(self.width - f, f) for f in fractions)

    @property
    def interval(self) -> int:
        """Cycles an image of a wavelet's scale: the half-spectra of 2 L maps, one bin a cycle."""
        return 2 * self.angles * self.size * (self.size // 2 + 1)

    def run(self, images: np.ndarray) -> Scattered:
        """Return the maps of images uint8 (n, N, N), or of four pixels less each way, put on black."""
        images = as_images(images, self.size)
        parts = [self._chunk(images[k : k + CHUNK]) for k in range(0, max(len(images), 1), CHUNK)]
        return Scattered(*(np.concatenate(part) for part in zip(*parts)))

    def _chunk(self, images: np.ndarray) -> Words:
        x = images[:, None] * 2.0**self.pixel_shift
        maps, flags = zip(*(path.apply(x) for path in self.paths))
        return np.concatenate(maps, axis=1), np.any(flags, axis=0)

    def values(self, words: np.ndarray) -> np.ndarray:
        """Return the numbers that words (..., 1 + 2 L, N/4, N/4) stand for."""
        return np.asarray(words) * np.array([2.0**-q.f for q in self.formats])[:, None, None]


def check(size: int, angles: int) -> None:
    """Raise DescriptionError for sizes and angles that no plan can have."""
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 64 or size & (size - 1):
        raise DescriptionError(f"Scattering size must be a power of two from 8 to 64, not {size!r}")
    if isinstance(angles, bool) or not isinstance(angles, int) or not 2 <= angles <= 16:
        raise DescriptionError(f"Scattering angles must be an integer from 2 to 16, not {angles!r}")
