"""Conversion of arrays of numbers to the words of an input format."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from .formats import InputFormat

__all__ = ["as_words"]


def as_words(what: str, x: np.ndarray, format: InputFormat) -> tuple[np.ndarray, str]:
    """Return the words for which the numbers of an array stand, and by which rule.

    Integers of the format's type, or of a type with more bytes, are words; all of them must fit the format.  Narrower
    integers, for example grey pictures for a network of int16, are refused: whether they are words is unknown.

    Floats for a signed format are values: ``word = rint(x * 2**fraction)``, which must be a word of the format.
    Nothing is saturated.

    Floats for uint8 are pixels: if all are from 0 to 1, ``word = rint(255 * x)``, as in most image libraries; if all
    are whole numbers from 0 to 255, they are the words.  Floats that are only 0 and 1 are refused unless all are 0,
    because both rules would apply.  A part of an array is therefore never scaled in another way than the whole.

    Parameters
    ----------
    what : str
        Noun that begins messages, for example "Images".
    x : ndarray
        The numbers, of any shape.
    format : InputFormat
        Format of the words.

    Returns
    -------
    words : ndarray of the type ``format.dtype``
        The words in the shape of ``x``; ``x`` itself if it has this type.
    how : str
        The rule in words for a sentence, or an empty text for uint8 that stays as it is.

    Raises
    ------
    DataError
        If the type is not allowed, or if a number is not finite, does not fit or can be understood in two ways.
    """
    native = x.dtype.newbyteorder("=")
    if x.dtype.kind == "f":
        with np.errstate(over="ignore"):  # A float that is too large becomes infinite, and is refused.
            return _of_floats(what, x.astype(np.float64), format)
    wider = x.dtype.kind in "iu" and x.dtype.itemsize > format.dtype.itemsize
    if native != format.dtype and not wider:
        floats = f"{_real(format, format.least)} to {_real(format, format.greatest)}" if format.signed else "0 to 1"
        raise DataError(f"{what} must be of type {format.dtype} ({format.least} to {format.greatest}), a wider integer "
                        f"type or floats from {floats}, not {native}")
    limits = np.iinfo(native)
    if limits.min < format.least or limits.max > format.greatest:
        _check(what, f"integers from {format.least} to {format.greatest}, the words of {format}", x,
               (x < format.least) | (x > format.greatest))
    how = "" if native == format.dtype and not format.signed else f"taken as words of {format}"
    if x.size and format.greatest > 1 and x.max() == 1 and x.min() == 0:
        how = f"words 0 and 1 alone, of which {format} has {format.least} to {format.greatest}"
    return x.astype(format.dtype, copy=False), how


def _of_floats(what: str, x: np.ndarray, format: InputFormat) -> tuple[np.ndarray, str]:
    """Return the words of floats, which are overwritten."""
    _check(what, "finite", x, ~np.isfinite(x))
    if not format.signed:
        return _of_pixels(what, x)
    words = np.rint(np.ldexp(x, format.fraction))
    _check(what, f"floats from {_real(format, format.least)} to {_real(format, format.greatest)}, the values of "
           f"{format}", x, (words < format.least) | (words > format.greatest))
    return words.astype(format.dtype), f"floats as values of {format}, times 2**{format.fraction} and rounded"


def _of_pixels(what: str, x: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the uint8 words of finite floats, which are overwritten."""
    low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    whole = bool((np.rint(x) == x).all())
    if 0 <= low and high <= 1:
        if whole and high:
            raise DataError(f"{what} of floats must not be only 0 and 1, which may be words or values from 0 to 1: "
                            "give them as uint8, 0 to 255")
        return np.rint(np.multiply(x, 255, out=x)).astype(np.uint8), "floats from 0 to 1, times 255"
    if whole and 0 <= low and high <= 255:
        return x.astype(np.uint8), "whole floats from 0 to 255, taken as words of uint8"
    numbers = "numbers with fractions" if 0 <= low and high <= 255 else "numbers"
    raise DataError(f"{what} of floats must be from 0 to 1, or whole numbers from 0 to 255, not {numbers} from {low} "
                    f"to {high}")


def _real(format: InputFormat, word: int) -> float:
    return float(format.values(word))


def _check(what: str, allowed: str, x: np.ndarray, wrong: np.ndarray) -> None:
    """Raise DataError, with the first number that is wrong and its index, if there is one."""
    if wrong.any():
        index = tuple(int(k) for k in np.unravel_index(int(wrong.argmax()), x.shape))
        raise DataError(f"{what} must be {allowed}, not {x[index].item()} at {list(index)}")
