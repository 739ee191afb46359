"""Modulus of complex words, exactly rounded: ``|z| = sqrt(re**2 + im**2)``, saturated to the word.

The sum of squares is an integer d, and ``(k + 1/2)**2`` is never an integer: no tie can occur, the nearest integer is
unique, and its error is at most half an LSB.  Floats suffice: at 17 bits ``sqrt(d)`` is at least 2**-20 away from any
k + 1/2, and is itself accurate to 2**-36.

Full scale: ``|z|`` reaches ``sqrt(2) * 2**(width - 1)``, and saturates there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import timing
from ..checks import integer
from ..numeric import Requantise, clip_frames
from .words import check_words

__all__ = ["WIDTHS", "ModulusPlan", "hypotenuse"]

WIDTHS = 4, 17
"""Least and most bits of a part."""


def hypotenuse(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Return ``sqrt(a**2 + b**2)`` of real words, to the nearest integer."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.rint(np.sqrt(a * a + b * b))


@dataclass(frozen=True)
class ModulusPlan:
    """Modulus of complex words, or of the pixels of two maps.

    Parameters
    ----------
    width : int
        Bits of a part, in and out, 4 to 17.
    """

    width: int

    def __post_init__(self) -> None:
        integer("Modulus width", self.width, *WIDTHS)

    @property
    def result(self) -> Requantise:
        """Rounding from twice the root, with a bit 1 appended, to the modulus."""
        return Requantise(2, self.width, True)

    @property
    def pipeline(self) -> int:
        """Cycles from a word to its modulus: square, add, a cycle for each digit of twice the root, requantise."""
        return timing.MULTIPLIER + 1 + self.width + 1 + timing.requantise(self.result)

    @property
    def multipliers(self) -> int:
        """Multipliers of one modulus a cycle: the two squares."""
        return 2

    @property
    def memory_bits(self) -> int:
        """Bits of memory, of which there is none."""
        return 0

    def run(self, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of complex words z (n, ...); overflow is bool (n,).

        The real part of y is the modulus, its imaginary part is 0.
        """
        return self.apply(check_words("Modulus", z, self.width))

    def apply(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        y, overflow = clip_frames(hypotenuse(np.real(z), np.imag(z)), self.width)
        return y + 0j, overflow

    def run_pairs(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)``: moduli of complex maps that come as two real maps each, as a wavelet's band does.

        ``x`` is (n, pairs, 2, beats): the real map, then the imaginary one.  A beat holds two pixels, one in its real
        and one in its imaginary part, that are independent of each other; ``y`` is (n, pairs, beats), with two moduli
        a beat; overflow is bool (n,).
        """
        words = check_words("PairModulus", x, self.width)
        first, second = words[:, :, 0], words[:, :, 1]
        real = hypotenuse(np.real(first), np.real(second))
        imaginary = hypotenuse(np.imag(first), np.imag(second))
        return clip_frames(real + 1j * imaginary, self.width)
