"""What every model with the core's bits asks of its input: words that the core's port can carry."""

from __future__ import annotations

import numpy as np

from ..errors import DataError

__all__ = ["check_words"]


def check_words(name: str, x, width: int, *, signed: bool = True, real: bool = False) -> np.ndarray:
    """Return ``x`` as an array, if all its words are integers of ``width`` bits; of complex ones both parts.

    ``real``: complex words are refused.  Raises DataError, which names the first bad value.
    """
    try:
        x = np.asarray(x)
    except ValueError:  # lists of different lengths
        raise DataError(f"{name} words must be an array of numbers, not lists of different lengths") from None
    if x.dtype.kind not in ("iuf" if real else "iufc"):
        raise DataError(f"{name} words must be {'real numbers' if real else 'numbers'}, not {x.dtype}")
    for part in (x.real, x.imag) if x.dtype.kind == "c" else (x,):
        low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
        if part.size and not (low <= part.min() and part.max() <= high and _whole(part)):  # a NaN is in no range
            with np.errstate(invalid="ignore"):
                bad = part[~((part >= low) & (part <= high) & (np.rint(part) == part))]
            raise DataError(f"{name} words must be integers from {low} to {high}, not {bad.flat[0]:.17g}")
    return x


def _whole(part: np.ndarray) -> bool:
    return part.dtype.kind in "iu" or np.array_equal(np.rint(part), part)
