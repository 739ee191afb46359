"""Fixed-point numbers: formats, rounding, saturation, the complex word.

Integers live in ``float64`` arrays (complex ones in ``complex128``, both parts integral).  Every
word of every model is below 2**53, so this arithmetic is exact, and it is several times faster in
NumPy than ``int64``: ``np.rint`` *is* round-half-to-even.  :func:`to_integers` makes ``int64``.

Scaling is explicit: a word ``w`` in format ``SQ(i, f)`` stands for ``w * 2**-f``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import DataError

__all__ = [
    "SQ", "round_half_even", "saturate", "clip_frames", "to_integers", "integral", "pack", "unpack", "swap",
]  # fmt: skip


@dataclass(frozen=True)
class SQ:
    """Signed fixed point: ``i`` integer bits *including the sign*, ``f`` fraction bits.

    ``f`` may be negative (the word counts multiples of ``2**-f``) and may exceed the width (a value
    far below one); only the width ``i + f`` is bounded, to 1 .. 53 bits.
    """

    i: int
    f: int

    def __post_init__(self):
        if not all(isinstance(v, (int, np.integer)) for v in (self.i, self.f)):
            raise DataError(f"SQ must have integer i and f, not SQ({self.i!r}, {self.f!r})")
        if not -200 <= self.f <= 200:
            raise DataError(f"SQ fraction bits must be from -200 to 200, not {self.f}")
        if not 1 <= self.width <= 53:
            raise DataError(f"SQ width i + f must be from 1 to 53, not {self.width} of {self}")

    @property
    def width(self) -> int:
        return self.i + self.f

    @property
    def low(self) -> int:
        return -(1 << (self.width - 1))

    @property
    def high(self) -> int:
        return (1 << (self.width - 1)) - 1

    def __str__(self) -> str:
        return f"SQ({self.i},{self.f})"

    def quantise(self, x) -> np.ndarray:
        """Real values to words: ``saturate(round_half_even(x * 2**f))``."""
        return saturate(np.rint(np.asarray(x) * 2.0**self.f), self.width)

    def value(self, words) -> np.ndarray:
        """Words to real values."""
        return np.asarray(words) * 2.0**-self.f


def round_half_even(x, drop: int):
    """Words ``x / 2**drop`` rounded to the nearest integer, ties to even (real and imaginary part apart).

    ``drop`` may be negative: then it is a shift to the left, which is exact.
    """
    if drop == 0:
        return x
    y = np.asarray(x * 2.0**-drop)
    return np.rint(y, out=y) if drop > 0 else y


def _words(x) -> np.ndarray:
    """An array of ``float64`` or ``complex128``, contiguous, as `_parts` wants it."""
    return np.ascontiguousarray(x, dtype=np.complex128 if np.iscomplexobj(x) else np.float64)


def _parts(x: np.ndarray) -> np.ndarray:
    return x.view(np.float64) if np.iscomplexobj(x) else x


def saturate(x, width: int):
    """Clip to the range of ``width`` signed bits (real and imaginary part apart)."""
    limit = 2.0 ** (width - 1)
    words = _words(x)
    return np.clip(_parts(words), -limit, limit - 1).view(words.dtype).reshape(np.shape(x))


def clip_frames(x, width: int):
    """``(saturate(x, width), overflow)``: overflow tells for every index of the first axis whether
    anything there was clipped."""
    limit = 2.0 ** (width - 1)
    parts = _parts(_words(x))
    if x.size == 0 or (parts.min() >= -limit and parts.max() < limit):  # the usual case, and much faster
        return x, np.zeros(len(x), dtype=bool)
    clipped = saturate(x, width)
    return clipped, (clipped != x).reshape(len(x), -1).any(-1)


def swap(z):
    """Exchange real and imaginary part: ``IDFT(z) = swap(DFT(swap(z)))``."""
    return z.imag + 1j * z.real


def to_integers(x) -> np.ndarray:
    """Words as ``int64``."""
    return np.rint(x).astype(np.int64)


def integral(what: str, values, shape: tuple) -> np.ndarray:
    """Check words that come from outside: numbers of that shape (None: any length), without fractions."""
    values = np.asarray(values)
    if values.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, values.shape)):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise DataError(f"{what} must have the shape ({wanted}), not {values.shape}")
    if values.dtype.kind not in "iufc":
        raise DataError(f"{what} must be numbers, not {values.dtype}")
    bad = values[np.rint(values) != values]  # a NaN differs from itself
    if bad.size:
        raise DataError(f"{what} must be integers, not {bad[0]}")
    return values


def pack(z, width: int) -> np.ndarray:
    """Complex words to unsigned ``2 * width``-bit words, real part in the low half (width <= 31)."""
    mask = (1 << width) - 1
    return (to_integers(z.real) & mask) | ((to_integers(z.imag) & mask) << width)


def unpack(words, width: int) -> np.ndarray:
    """Inverse of :func:`pack`: ``complex128`` from unsigned words."""
    words = np.asarray(words).astype(np.int64)
    sign = 1 << (width - 1)

    def part(v):
        return ((v & ((1 << width) - 1)) ^ sign) - sign

    return part(words) + 1j * part(words >> width)


@dataclass(frozen=True)
class Requantise:
    """Drop ``drop`` fraction bits by round_half_even, then saturate to ``width`` if ``saturates``."""

    drop: int
    width: int
    saturates: bool


@dataclass(frozen=True)
class Rescale:
    """Drop ``drop`` bits and each frame's own ``0 .. most`` besides by round_half_even, saturate to ``width``."""

    drop: int
    most: int
    width: int


def requantise(z: np.ndarray, rule: Requantise) -> tuple[np.ndarray, np.ndarray]:
    """``(words, overflow)`` of frames (n, N); overflow bool (n,)."""
    z = round_half_even(z, rule.drop)
    return clip_frames(z, rule.width) if rule.saturates else (z, np.zeros(len(z), dtype=bool))


def rescale(z: np.ndarray, rule: Rescale, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``(words, overflow)`` of frames (n, N), each with its own shift (n,)."""
    return clip_frames(np.rint(z * 2.0 ** -(rule.drop + shift[:, None])), rule.width)
