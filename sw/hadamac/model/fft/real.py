"""Transforms of real frames through half as many complex ones: two frames at once, or one of twice the points.

Two frames a, b of N points: ``Z = DFT(a + j b)``, and for k = 0 .. N/2 (indices modulo N)::

    A[k] = (Z[k] + conj Z[-k]) / 2      B[k] = (Z[k] - conj Z[-k]) / 2j

One frame x of 2 M points: with a = its even samples, b = its odd ones, N = M, ::

    X[k] = A[k] + exp(-2 pi j k / 2M) B[k]

(Sorensen, Jones, Heideman and Burrus, "Real-valued fast Fourier transform algorithms", IEEE Trans. ASSP 35,
1987, section III.)

Half-spectra are *packed*: bin 0 and the Nyquist bin are real, and share the first place, the Nyquist bin
in its imaginary part; bins 1 .. size/2 - 1 of a real frame of ``size`` points follow.  So a frame has as many words out
as in.

Numbers
-------
Scale 1/size.  The complex transform's output (:mod:`hadamac.model.fft.plan`) has all the bits that its
components need, and with two frames one fraction bit; sums are exact; the result is rounded (half to even)
once more, to ``width`` bits, and saturates only where the exact result, give or take the complex transform's error,
does not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ... import timing
from ...checks import integer
from ...errors import DescriptionError
from ...numeric import Requantise, requantise
from ..words import check_words
from .plan import FftPlan
from .steps import twiddles

__all__ = ["RealFftPlan", "separate"]


def separate(plus: np.ndarray, minus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(2 A, 2 B)`` from ``Z[k]`` and ``Z[-k]``."""
    minus = np.conj(minus)
    return plus + minus, -1j * (plus - minus)


@dataclass(frozen=True, kw_only=True)
class RealFftPlan:
    """Parameters of one transform of real frames and everything that follows from them: words and cycles.

    Parameters
    ----------
    size : int
        Points of a real frame, a power of two: 4 to 4096 for two frames, 8 to 8192 for one.
    width : int
        Bits of a sample and of each output part; 4 to 22 for two frames, 4 to 16 for one.
    twiddle_width : int
        The same as of :class:`~hadamac.model.fft.plan.FftPlan`.
    frames : 2 or 1
        Real frames per complex transform.
    """

    size: int
    width: int
    twiddle_width: int = 16
    frames: int = 2

    def __post_init__(self) -> None:
        if isinstance(self.frames, bool) or not isinstance(self.frames, int) or self.frames not in (1, 2):
            raise DescriptionError(f"RealFft frames must be 1 or 2, not {self.frames!r}")
        n, (low, high) = self.size, (4, 4096) if self.frames == 2 else (8, 8192)
        if isinstance(n, bool) or not isinstance(n, int) or not low <= n <= high or n & (n - 1):
            raise DescriptionError(f"RealFft size must be a power of two from {low} to {high}, not {n!r}")
        integer("RealFft width", self.width, 4, 22 if self.frames == 2 else 16)
        _ = self.inner  # refuses parameters that it cannot have

    @property
    def points(self) -> int:
        """Points N of the complex transform: words of a frame, in and out."""
        return self.size * self.frames // 2

    @cached_property
    def inner(self) -> FftPlan:
        """Plan of the complex transform, at scale 1/N; with two frames at twice that, for the fraction bit."""
        stages = self.points.bit_length() - 1
        return FftPlan(size=self.points, width=self.width, out_width=self.width + self.frames,
                       twiddle_width=self.twiddle_width, schedule=(1,) * (stages - 1) + (2 - self.frames,))

    @property
    def result(self) -> Requantise:
        """Rule from ``2 A`` with its fraction bit, or from ``2 X`` after the product, to the output."""
        return Requantise(2 if self.frames == 2 else self.twiddle_width, self.width, True)

    @cached_property
    def twiddles(self) -> np.ndarray:
        """Twiddles ``exp(-2 pi j k / size)``, k = 0 .. N - 1, except the first.

        The first is 1 - j, which packs DC and the Nyquist bin into one word: A + B, A - B.
        """
        w = twiddles(tuple(range(self.points)), self.size, self.twiddle_width).copy()
        w[0] = 2.0 ** (self.twiddle_width - 2) * (1 - 1j)
        return w

    @property
    def multipliers(self) -> int:
        """Real multipliers: those of the complex transform, and with one frame those of ``w B``."""
        return self.inner.multipliers + (4 if self.frames == 1 else 0)

    @property
    def pipeline(self) -> int:
        """Cycles from a read of the buffer to its FIFO: read, select, add, requantise; with one frame, between
        addition and requantisation, also multiply and add twice."""
        return timing.RAM + 2 + (timing.MULTIPLIER + 2 if self.frames == 1 else 0) + timing.requantise(self.result)

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out of a frame without gaps: the complex transform, until
        its frame is whole in the buffer, which is then read and combined."""
        return self.inner.latency("bit-reversed") + self.points + timing.fifo(self.pipeline) + self.pipeline

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)``: packed half-spectra of real frames.

        Parameters
        ----------
        x : complex (..., N), integral
            Two frames: a + j b.  One frame: x[2n] + j x[2n + 1].

        Returns
        -------
        y : complex128 (..., N)
            Two frames: A, then B, N/2 words each.  One frame: X.
        overflow : bool (...)
        """
        x = np.asarray(check_words("RealFft", x, self.width), dtype=np.complex128)
        n, lead = self.points, x.shape[:-1]
        z, over, _ = self.inner.apply(x)
        z = z.reshape(-1, n)
        k = np.arange(n)
        a, b = separate(z, z[:, -k % n])
        if self.frames == 2:
            half = n // 2
            y = np.concatenate([a[:, :half], b[:, :half]], axis=1)
            y[:, 0], y[:, half] = (np.real(s[:, 0]) + 1j * np.real(s[:, half]) for s in (a, b))
        else:
            a[:, 0] = np.real(a[:, 0]) * (1 + 1j)
            y = a * 2.0 ** (self.twiddle_width - 2) + b * self.twiddles
        y, flag = requantise(y, self.result)
        return y.reshape(*lead, n), (over.reshape(-1) | flag).reshape(lead)
