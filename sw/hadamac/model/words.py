"""Check of the input of every bit-exact model: words that the circuit's port can carry."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError

__all__ = ["check_words"]


def check_words(name: str, x: ArrayLike, width: int, *, signed: bool = True, real: bool = False) -> np.ndarray:
    """Return ``x`` as an array, if all its words are integers of ``width`` bits; raise DataError otherwise.

    Both parts of complex words are checked; with ``real``, complex words are refused.  The message begins with
    ``name`` and shows the first bad value.
    """
    try:
        array = np.asarray(x)
    except ValueError:  # lists of different lengths
        raise DataError(f"{name} words must be an array of numbers, not lists of different lengths") from None
    if array.dtype.kind not in ("iuf" if real else "iufc"):
        raise DataError(f"{name} words must be {'real numbers' if real else 'numbers'}, not {array.dtype}")
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    for part in (np.real(array), np.imag(array)) if array.dtype.kind == "c" else (array,):
        if part.size and not (low <= part.min() and part.max() <= high and _whole(part)):  # a NaN is in no range
            with np.errstate(invalid="ignore"):
                bad = part[~((part >= low) & (part <= high) & (np.rint(part) == part))]
            raise DataError(f"{name} words must be integers from {low} to {high}, not {bad.flat[0]:.17g}")
    return array


def _whole(part: np.ndarray) -> bool:
    """Return whether no word has a fraction."""
    return part.dtype.kind in "iu" or np.array_equal(np.rint(part), part)
