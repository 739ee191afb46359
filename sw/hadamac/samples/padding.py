"""Padding of frames to powers of two, for the transforms."""

from __future__ import annotations

import numpy as np

from ..shapes import Pair

__all__ = ["RULES", "border", "padded", "places"]

RULES = ("zero", "mirror", "end")
"""Rules of a border.

``zero``
    Pixels of zero on all sides.
``mirror``
    The image mirrored at its first and last pixel, which is not repeated.
``end``
    Pixels of zero after the last row and column only, so that the image begins at the first pixel.
"""


def border(given: int, wanted: int, rule: str) -> Pair:
    """Return the pixels before and after ``given`` ones that make ``wanted`` of them; an odd one comes after."""
    before = 0 if rule == "end" else (wanted - given) // 2
    return before, wanted - given - before


def places(given: int, wanted: int, rule: str) -> np.ndarray:
    """Return for each of ``wanted`` pixels of an axis the number of the pixel that it repeats, or -1 for a zero."""
    before, after = border(given, wanted, rule)
    if rule == "mirror":
        return np.pad(np.arange(given), (before, after), "reflect")
    return np.pad(np.arange(given), (before, after), constant_values=-1)


def padded(frames: np.ndarray, size: Pair, rule: str) -> np.ndarray:
    """Return frames (..., rows, columns) with a border that makes them ``size``; ``frames`` itself if they are so."""
    if frames.shape[-2:] == size:
        return frames
    widths = [border(given, wanted, rule) for given, wanted in zip(frames.shape[-2:], size)]
    widths = [(0, 0)] * (frames.ndim - 2) + widths
    return np.pad(frames, widths, mode="reflect" if rule == "mirror" else "constant")
