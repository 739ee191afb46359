"""Bit-exact model of wavelet scattering of orders 0 and 1 with two scales.

The convolution of a real map with a complex wavelet gives two real maps.  Let X be the spectrum of the map, and psi
that of the wavelet, which is real.  Then ``Re(x * psi)`` has the spectrum ``X[k] (psi[k] + psi[-k]) / 2``, and
``Im(x * psi)`` has ``X[k] (psi[k] - psi[-k]) / 2j``.  Both are Hermitian.  Every transform is therefore one of real
maps, with half-spectra of N rows and N/2 + 1 columns, including the Nyquist bins (:mod:`hadamac.model.fft.planar`
with ``radius = N/2``).  The wavelets of a scale are one product of one channel with 2 L filters, the real and the
imaginary part of each angle in turn.  The low pass is a product of each channel with one filter.

========  ==================================================================================  =====================
path      stages                                                                              maps, channels
========  ==================================================================================  =====================
order 0   transform, phi, inverse, decimate, decimate                                         1
j = 0     transform, psi, inverse, modulus, transform, phi, inverse, decimate, decimate       1, 2 L, modulus L
j = 1     transform, psi, inverse, decimate, modulus, then at N/2 transform, phi, inverse,    1, 2 L, modulus L
          decimate
========  ==================================================================================  =====================

A pixel becomes the word ``pixel << (width - 9)``, which is pixel / 256 in SQ(1, width - 1).  The number of fraction
bits falls by S in a transform of scale S.  It grows by ``2 log2 N - S`` in an inverse transform, and by
``exponent - shift`` in a product with filters ``rint(W 2**exponent)``.  Decimation and modulus keep the format.  All
maps of a path have the same format.  Every stage rounds half to even.

The stages are operations of :mod:`hadamac.ops`, like those of a network.  The overflow flag of an image is set if any
stage overflows.

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
"""Images per pass; 16 complex maps of each image are in memory at once."""


def pixel_times(size: int) -> np.ndarray:
    """Return the cycles in which beats of row pairs leave, if the pixels arrive from cycle 0, one in each cycle."""
    odd = np.arange(size * size).reshape(size, size)[1::2].reshape(-1)
    return transfers(odd + timing.RAM + timing.FIFO)


def beat_times(stages: Sequence[Operation], times: np.ndarray) -> np.ndarray:
    """Return the cycles in which the beats of a first frame leave the last stage, given their arrival at the first."""
    for stage in stages:
        times = stage.arrivals(times)
    return times


@dataclass(frozen=True, kw_only=True)
class ScatteringPath:
    """Path to the map of order 0 (``scale`` is None) or to the L maps of one scale, as operations in order.

    The first operation takes the image.
    """

    scale: int | None
    stages: tuple[Operation, ...]

    @property
    def fraction(self) -> int:
        """Fraction bits of the words of the result."""
        return self.stages[-1].fraction

    def run(self, words: np.ndarray) -> Words:
        """Return maps (n, 1 or L, N/4, N/4) and overflow flags (n,) for maps of words (n, 1, N, N)."""
        return self.apply(check_words("Scattering", words, self.stages[0].width, real=True))

    def apply(self, words: np.ndarray) -> Words:
        """Do the same as `run` with words that are known to fit."""
        overflow = np.zeros(len(words), dtype=bool)
        for stage in self.stages:
            words, over = stage.apply(words)
            overflow |= over
        return words, overflow


class Scattered(NamedTuple):
    """Result of a scattering: integral ``words`` (n, 1 + 2 L, N/4, N/4), and ``overflow`` flags, bool (n,)."""

    words: np.ndarray
    overflow: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ScatteringPlan:
    """Scattering with number formats, which :func:`hadamac.scattering.plan.scattering_plan` chooses.

    Parameters
    ----------
    size, angles : int
        N, a power of two from 8 to 64, and L, from 2 to 16.
    width, weight_width, twiddle_width : int
        Bits of each part of a word, of a filter and of a twiddle.
    paths : tuple of ScatteringPath
        The paths of order 0, of j = 0 and of j = 1; the first stage of all of them is the same transform.
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
        """Number of places by which a pixel is shifted up to become a word."""
        return self.width - 9

    @property
    def formats(self) -> tuple[SQ, ...]:
        """Formats of the 1 + 2 L output maps."""
        fractions = [path.fraction for path in self.paths for _ in range(1 if path.scale is None else self.angles)]
        return tuple(SQ(self.width - f, f) for f in fractions)

    @property
    def interval(self) -> int:
        """Cycles of an image: the bins of the half-spectra of 2 L maps, one bin in each cycle."""
        return 2 * self.angles * self.size * (self.size // 2 + 1)

    def run(self, images: np.ndarray) -> Scattered:
        """Return the maps of uint8 images (n, N, N), or (n, N-4, N-4), which get a border of zeros."""
        images = as_images(images, self.size)
        parts = [self._chunk(images[k : k + CHUNK]) for k in range(0, max(len(images), 1), CHUNK)]
        return Scattered(*(np.concatenate(part) for part in zip(*parts)))

    def _chunk(self, images: np.ndarray) -> Words:
        """Return the maps and the overflow flags of a few images."""
        x = images[:, None] * 2.0**self.pixel_shift
        maps, flags = zip(*(path.apply(x) for path in self.paths))
        return np.concatenate(maps, axis=1), np.any(flags, axis=0)

    def values(self, words: np.ndarray) -> np.ndarray:
        """Return the values of words (..., 1 + 2 L, N/4, N/4)."""
        return np.asarray(words) * np.array([2.0**-q.f for q in self.formats])[:, None, None]


def check(size: int, angles: int) -> None:
    """Raise DescriptionError if a plan cannot have this size or this number of angles."""
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 64 or size & (size - 1):
        raise DescriptionError(f"Scattering size must be a power of two from 8 to 64, not {size!r}")
    if isinstance(angles, bool) or not isinstance(angles, int) or not 2 <= angles <= 16:
        raise DescriptionError(f"Scattering angles must be an integer from 2 to 16, not {angles!r}")
