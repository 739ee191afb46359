"""Spectral pooling and padding of half-spectra of real maps or signals, in exact words.

Both work in one or two dimensions, for even and odd sizes, and with three Nyquist rules.

The half-spectrum of an N x N map has the rows u = 0 .. N-1 in the order of ``numpy.fft`` and the columns
v = 0 .. N//2; that of a signal of N samples has the bins v = 0 .. N//2.  Pooling N -> M keeps ``|u|, v < M/2``, and
padding M -> N puts them back among zeros.  For odd M that is all.  For even M the words at M/2 follow the rule.
Pooling, N > M:

``zero``
    ``Y[M/2, v] = Y[u, M/2] = 0``.
``average``
    ``Y[M/2, v] = (X[M/2, v] + X[-M/2, v]) / 2``, ``Y[u, M/2] = (X[u, M/2] + conj X[-u, M/2]) / 2``, and in the corner
    ``Re(X[M/2, M/2] + X[-M/2, M/2]) / 2``: the Hermitian mean of four words, of which two are the others' conjugates.
    Column M/2 is then exactly Hermitian, unless its imaginary part saturates.
``naive``
    ``Y[M/2, v] = X[-M/2, v]``, ``Y[u, M/2] = X[u, M/2]``: rows -M/2 .. M/2-1 and columns 0 .. M/2 of what a real
    transform gave, as they are.

Padding, N > M:

``zero``
    Row and column M/2 are dropped.
``average``
    ``Y[+-M/2, v] = X[M/2, v] / 2``, ``Y[u, M/2] = X[u, M/2] / 2``, in the corner a quarter.
``naive``
    ``Y[-M/2, v] = X[M/2, v]``, ``Y[u, M/2] = X[u, M/2]``.

With N = M nothing moves, and only ``zero`` changes anything.  A signal's bin M/2 follows the rule of the column, as if
there were no rows: its average is ``Re X[M/2]``, and its padding halves it.

These are the rules of :mod:`hadamac.model.pool`, restricted to the half with v >= 0.  For ``zero`` and ``average``
they agree in all of it, so that a real inverse transform gives that module's maps.  For ``naive`` they agree only in
the columns v < M/2: the words that the other module puts at the column -M/2 this one puts at +M/2, which is the
conjugate of the mirror image.  The other module's output is complex.  A real inverse transform of this one takes the
other half of the spectrum to be the mirror image of this half, and drops the imaginary parts that columns 0 and M/2
would leave in the map.  So pooled column M/2 acts as its average except for the corner, and row M/2 acts as
``X[-M/2, v]`` alone; padded column M/2 acts with twice the weight of ``average``, and the row is at -M/2 alone.

Formats: words in and out have ``width`` bits a part and the same binary point; no factor is applied.  With the
unscaled transform on both sides a pooled word stands for ``(N/M)**dimensions`` times the pooled bin, a padded one for
``(M/N)**dimensions`` times the padded bin.  Quotients are rounded half to even, once; an average's imaginary part,
half a difference, may exceed the range by one and saturates.

Streams: column by column, order (channel, v, u), as in :func:`hadamac.model.crop.to_beats`.

Source: Rippel, Snoek, Adams, "Spectral representations for convolutional neural networks", NIPS 2015, section 4.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import timing
from ..errors import DescriptionError
from ..numeric import Requantise, clip_frames, integral, round_half_even
from .crop import kept_rows
from .pool import RULES
from .words import check_words

__all__ = ["PadPlan", "PoolPlan"]

MOST = 64
"""Largest size of a map or signal."""


def _check(what: str, plan: _Plan, second: str, low: int, high: int) -> None:
    """Raise DescriptionError for an impossible size, width or rule; ``second`` must be from ``low`` to ``high``."""
    for name, least, most in (("size", 1, MOST), (second, low, high), ("width", 2, 48), ("dimensions", 1, 2)):
        value = getattr(plan, name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise DescriptionError(f"{what} {name} must be an integer from {least} to {most}, not {value!r}")
    if plan.nyquist not in RULES:
        allowed = f"{', '.join(RULES[:-1])} or {RULES[-1]}"
        raise DescriptionError(f"{what} Nyquist rule must be {allowed}, not {plan.nyquist!r}")


@dataclass(frozen=True, kw_only=True)
class _Plan(ABC):
    """Sizes and rules that pooling and padding share."""

    size: int
    width: int
    nyquist: str = "zero"
    dimensions: int = 2

    @property
    @abstractmethod
    def ends(self) -> tuple[int, int]:
        """Sizes in and out; the smaller one is M."""

    def _has_rule(self, nyquist: str) -> bool:
        """Return whether there are Nyquist bins and this rule is theirs."""
        return min(self.ends) % 2 == 0 and self.nyquist == nyquist

    @property
    def zeroes(self) -> bool:
        """True if Nyquist bins are set to zero."""
        return self._has_rule("zero")

    @property
    def averages(self) -> bool:
        """True if Nyquist bins are averaged, or halved between two places."""
        return self._has_rule("average") and len(set(self.ends)) == 2

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of a channel's bins, in and out."""
        return tuple((n, n // 2 + 1)[2 - self.dimensions :] for n in self.ends)


@dataclass(frozen=True, kw_only=True)
class PoolPlan(_Plan):
    """Pooling of half-spectra.

    Parameters
    ----------
    size, keep : int
        N and M, 1 <= M <= N <= 64.
    nyquist : str
        zero, average or naive; it does not matter for odd M.
    width : int
        Bits of a part.
    dimensions : 1 or 2
        Signals or maps.
    """

    keep: int

    def __post_init__(self) -> None:
        _check("SpectralPool", self, "keep", 1, self.size if isinstance(self.size, int) else MOST)

    @property
    def ends(self) -> tuple[int, int]:
        """N and M."""
        return self.size, self.keep

    @property
    def buffered(self) -> bool:
        """True if bin u must wait for bin -u in a buffer, because two dimensions are averaged."""
        return self.averages and self.dimensions == 2

    @property
    def result(self) -> Requantise:
        """Rounding from a sum of two words to their mean."""
        return Requantise(1, self.width, True)

    @property
    def pipeline(self) -> int:
        """Cycles from a buffered column's read to its mean: address, read, select, add, halve; 0 without a buffer."""
        return timing.FAR + 2 + timing.requantise(self.result) if self.buffered else 0

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out: a column, its pipeline, the FIFO; 0 without a buffer."""
        return self.size + self.pipeline + timing.fifo(self.pipeline) if self.buffered else 0

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of bins (n, C, N, N//2+1), or (n, C, N//2+1) in one dimension.

        The bins of y are (n, C, M, M//2+1), or (n, C, M//2+1); overflow is bool (n,).
        """
        bins = integral("SpectralPool bins", x, (None, None, *self.shapes[0])).astype(np.complex128)
        return self.apply(check_words("SpectralPool", bins, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        half, rows = self.keep // 2, kept_rows(self.size, self.keep)
        y = x[..., : half + 1].copy() if self.dimensions == 1 else x[..., rows, : half + 1]
        if self.zeroes:
            y[..., half] = 0
            if self.dimensions == 2:
                y[..., half, :] = 0
        if self.averages and self.dimensions == 1:
            y[..., half] = np.real(y[..., half])
        elif self.averages:
            y *= 2
            y[..., half, :] = x[..., half, : half + 1] + x[..., -half, : half + 1]
            edge = x[..., half]
            y[..., half] = (edge + edge[..., -np.arange(self.size)].conj())[..., rows]
            y[..., half, half] = np.real(edge[..., half] + edge[..., -half])
            return clip_frames(round_half_even(y, 1), self.width)
        return y, np.zeros(len(x), dtype=bool)


@dataclass(frozen=True, kw_only=True)
class PadPlan(_Plan):
    """Padding of half-spectra: the bins that pooling kept, among zeros.

    Parameters
    ----------
    size, to : int
        M and N, 1 <= M <= N <= 64.
    nyquist : str
        zero, average or naive; it does not matter for odd M.
    width : int
        Bits of a part.
    dimensions : 1 or 2
        Signals or maps.
    """

    to: int

    def __post_init__(self) -> None:
        _check("SpectralPad", self, "to", self.size if isinstance(self.size, int) else 1, MOST)

    @property
    def ends(self) -> tuple[int, int]:
        """M and N."""
        return self.size, self.to

    @property
    def result(self) -> Requantise:
        """Rounding from a word with two more fraction bits, a quarter at most, to a word."""
        return Requantise(2, self.width, False)

    @property
    def pipeline(self) -> int:
        """Cycles from word to half a word: hold, align, round; 0 where nothing is halved."""
        return 2 + timing.requantise(self.result) if self.averages else 0

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out: pipeline and FIFO; 0 where nothing is halved."""
        return self.pipeline + timing.fifo(self.pipeline) if self.averages else 0

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of bins (n, C, M, M//2+1), or (n, C, M//2+1) in one dimension.

        The bins of y are (n, C, N, N//2+1), or (n, C, N//2+1); overflow is bool (n,), and nothing overflows.
        """
        bins = integral("SpectralPad bins", x, (None, None, *self.shapes[0])).astype(np.complex128)
        return self.apply(check_words("SpectralPad", bins, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        half = self.size // 2
        y = np.zeros((*x.shape[:2], *self.shapes[1]), dtype=np.complex128)
        halvings = np.zeros(self.shapes[1], dtype=int)  # how often each word is halved
        if self.dimensions == 1:
            y[..., : half + 1] = x
        else:
            y[..., kept_rows(self.to, self.size), : half + 1] = x
        if self.zeroes:
            y[..., half] = 0
            if self.dimensions == 2:
                y[..., -half, :] = 0
        if self.averages:
            halvings[..., half] += 1
            if self.dimensions == 2:
                y[..., half, : half + 1] = x[..., half, :]
                halvings[[half, -half]] += 1
        return np.rint(y * 0.5**halvings), np.zeros(len(x), dtype=bool)
