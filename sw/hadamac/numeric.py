"""Fixed-point numbers: formats, rounding, saturation, the packing of complex words.

Integers are kept in ``float64`` arrays, complex ones in ``complex128`` arrays whose parts are both integers.  Every
word of every model is below 2**53 in magnitude, so this arithmetic is exact.  It is several times faster in NumPy
than ``int64``, because ``np.rint`` rounds half to even.  :func:`to_integers` converts to ``int64``.

Scaling is explicit: a word ``w`` in the format ``SQ(i, f)`` stands for the value ``w * 2**-f``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import DataError

__all__ = ["Requantise", "Rescale", "SQ", "clip_frames", "integral", "pack", "requantise", "rescale",
           "round_half_even", "saturate", "swap", "to_integers", "unpack"]


@dataclass(frozen=True)
class SQ:
    """Format of signed fixed-point words: ``i`` integer bits *including the sign*, ``f`` fraction bits.

    ``f`` may be negative (the word then counts multiples of ``2**-f``) and may exceed the width (the values are then
    far below one).  Both are bounded: the width ``i + f`` to 1 .. 53 bits, ``f`` to -200 .. 200.
    """

    i: int
    f: int

    def __post_init__(self) -> None:
        if not all(isinstance(v, (int, np.integer)) for v in (self.i, self.f)):
            raise DataError(f"SQ must have integer i and f, not SQ({self.i!r}, {self.f!r})")
        if not -200 <= self.f <= 200:
            raise DataError(f"SQ fraction bits must be from -200 to 200, not {self.f}")
        if not 1 <= self.width <= 53:
            raise DataError(f"SQ width i + f must be from 1 to 53, not {self.width} of {self}")

    @property
    def width(self) -> int:
        """The number of bits of a word."""
        return self.i + self.f

    @property
    def low(self) -> int:
        """The smallest word."""
        return -(1 << (self.width - 1))

    @property
    def high(self) -> int:
        """The largest word."""
        return (1 << (self.width - 1)) - 1

    def __str__(self) -> str:
        return f"SQ({self.i},{self.f})"

    def quantise(self, x: ArrayLike) -> np.ndarray:
        """Return values as words: ``saturate(round_half_even(x * 2**f))``, of both parts of a complex value."""
        return saturate(np.rint(np.asarray(x) * 2.0**self.f), self.width)

    def value(self, words: ArrayLike) -> np.ndarray:
        """Return words as values: ``words * 2**-f``."""
        return np.asarray(words) * 2.0**-self.f


def round_half_even(x: np.ndarray, drop: int) -> np.ndarray:
    """Round ``x / 2**drop`` to the nearest integer, ties to even; real and imaginary parts are rounded separately.

    A negative ``drop`` is a shift to the left, which is exact.
    """
    if drop == 0:
        return x
    y = np.asarray(x * 2.0**-drop)
    return np.rint(y, out=y) if drop > 0 else y


def _words(x: ArrayLike) -> np.ndarray:
    """Return a contiguous array of ``float64`` or ``complex128``, as `_parts` needs it."""
    return np.ascontiguousarray(x, dtype=np.complex128 if np.iscomplexobj(x) else np.float64)


def _parts(x: np.ndarray) -> np.ndarray:
    """Return a view of a contiguous array in which real and imaginary parts are numbers side by side."""
    return x.view(np.float64) if np.iscomplexobj(x) else x


def saturate(x: ArrayLike, width: int) -> np.ndarray:
    """Clip words to the range of ``width`` signed bits; real and imaginary parts are clipped separately."""
    limit = 2.0 ** (width - 1)
    words = _words(x)
    return np.clip(_parts(words), -limit, limit - 1).view(words.dtype).reshape(np.shape(x))


def clip_frames(x: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``saturate(x, width)`` and an overflow flag for every index of the first axis.

    The flag says whether any word at that index was clipped.
    """
    limit = 2.0 ** (width - 1)
    parts = _parts(_words(x))
    if x.size == 0 or (parts.min() >= -limit and parts.max() < limit):  # the usual case, and much faster
        return x, np.zeros(len(x), dtype=bool)
    clipped = saturate(x, width)
    return clipped, (clipped != x).reshape(len(x), -1).any(-1)


def swap(z: NDArray[np.complex128]) -> np.ndarray:
    """Exchange real and imaginary parts, which turns a DFT into an inverse: ``N IDFT(z) = swap(DFT(swap(z)))``."""
    return z.imag + 1j * z.real


def to_integers(x: ArrayLike) -> np.ndarray:
    """Return real words as ``int64``."""
    return np.rint(x).astype(np.int64)


def integral(what: str, values: ArrayLike, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return words from outside as an array after checking that they are integers in an array of a given shape.

    Parameters
    ----------
    what : str
        The words' name in messages.
    values : array_like
        Integers of any numeric type, complex ones with integral parts.
    shape : tuple of int or None
        The length of each axis; None allows any.

    Raises
    ------
    DataError
        The shape is another one, the values are no numbers, or one of them has a fraction.
    """
    array = np.asarray(values)
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape)):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise DataError(f"{what} must have the shape ({wanted}), not {array.shape}")
    if array.dtype.kind not in "iufc":
        raise DataError(f"{what} must be numbers, not {array.dtype}")
    bad = array[np.rint(array) != array]  # a NaN is found too: it differs from itself
    if bad.size:
        raise DataError(f"{what} must be integers, not {bad[0]}")
    return array


def pack(z: NDArray[np.complex128], width: int) -> np.ndarray:
    """Return complex words as unsigned words of ``2 * width`` bits, the real part in the low half (width <= 31)."""
    mask = (1 << width) - 1
    return (to_integers(z.real) & mask) | ((to_integers(z.imag) & mask) << width)


def unpack(words: ArrayLike, width: int) -> np.ndarray:
    """Return unsigned words of ``2 * width`` bits as ``complex128``: the inverse of :func:`pack`."""
    integers = np.asarray(words).astype(np.int64)
    sign = 1 << (width - 1)

    def part(v: np.ndarray) -> np.ndarray:
        return ((v & ((1 << width) - 1)) ^ sign) - sign

    return part(integers) + 1j * part(integers >> width)


@dataclass(frozen=True)
class Requantise:
    """Rule by which a word loses ``drop`` bits (round half to even), then saturates to ``width`` if ``saturates``.

    Attributes
    ----------
    drop : int
        Bits that are dropped; not negative.
    width : int
        Bits of the result.
    saturates : bool
        Whether the result may need clipping; without it, the caller knows that it fits.
    """

    drop: int
    width: int
    saturates: bool


@dataclass(frozen=True)
class Rescale:
    """Rule by which a word loses a number of bits that its frame chooses, then saturates.

    Attributes
    ----------
    drop : int
        Bits that every frame drops (round half to even).
    most : int
        Largest number of bits that a frame may drop in addition.
    width : int
        Bits of the result, to which it saturates.
    """

    drop: int
    most: int
    width: int


def requantise(z: np.ndarray, rule: Requantise) -> tuple[np.ndarray, np.ndarray]:
    """Return frames (n, N) requantised by a rule, and an overflow flag for each frame (n,)."""
    z = round_half_even(z, rule.drop)
    return clip_frames(z, rule.width) if rule.saturates else (z, np.zeros(len(z), dtype=bool))


def rescale(z: np.ndarray, rule: Rescale, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return frames (n, N) rescaled by a rule, each by its own shift (n,), and an overflow flag for each frame."""
    return clip_frames(np.rint(z * 2.0 ** -(rule.drop + shift[:, None])), rule.width)
