"""Modulus of complex words, exactly rounded: ``|z| = sqrt(re**2 + im**2)``, saturated to the word.

The sum of squares is an integer d, and ``(k + 1/2)**2`` never is one: no tie can occur, the nearest integer is
unique, and its error is at most half an LSB.  (In floats, too: at 17 bits ``sqrt(d)`` comes no nearer than 2**-20 to
k + 1/2, and is itself accurate to 2**-36.)

Full scale: ``|z|`` reaches ``sqrt(2) * 2**(width - 1)``, and saturates there.
"""

from __future__ import annotations

import numpy as np

from ..numeric import clip_frames
from .words import check_words

__all__ = ["hypotenuse", "modulus", "pair_modulus", "unchecked_modulus"]


def hypotenuse(a, b) -> np.ndarray:
    """``sqrt(a**2 + b**2)`` of real words to the nearest integer."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.rint(np.sqrt(a * a + b * b))


def modulus(z, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Complex words (n, ...) to complex words whose real part is the modulus and whose imaginary part is 0;
    ``(y, overflow)``, overflow bool (n,)."""
    return unchecked_modulus(check_words("Modulus", z, width), width)


def unchecked_modulus(z, width: int) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`modulus`, of words that a stage before made."""
    y, overflow = clip_frames(hypotenuse(np.real(z), np.imag(z)), width)
    return y + 0j, overflow


def pair_modulus(x, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Moduli of complex maps that come as two real ones each, as a wavelet's band does: ``(y, overflow)``.

    ``x`` is (n, pairs, 2, beats): the real map, then the imaginary one.  A beat holds two pixels, in its real and its
    imaginary part, that have nothing to do with each other; ``y`` is (n, pairs, beats), with two moduli a beat.
    """
    x = check_words("PairModulus", x, width)
    real, imaginary = x[:, :, 0], x[:, :, 1]
    return clip_frames(hypotenuse(real.real, imaginary.real) + 1j * hypotenuse(real.imag, imaginary.imag), width)
