"""Number formats of the words that enter a network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from ..checks import choice, integer, shown
from ..errors import DescriptionError

__all__ = ["BITS", "InputFormat"]

BITS = (2, 17)
"""Smallest and largest number of bits of a signed format."""
_FRACTION = (-200, 200)
"""Smallest and largest number of fraction bits, as in `hadamac.numeric.SQ`."""
_NAMED = {"uint8": (8, False, 8), "int8": (8, True, 7), "int16": (16, True, 15)}
_SQ = re.compile(r"SQ\( ?(0|-?[1-9][0-9]{0,2}) ?, ?(0|-?[1-9][0-9]{0,2}) ?\)")


@dataclass(frozen=True, kw_only=True)
class InputFormat:
    """Format of the words of a network's input: a word ``p`` stands for the value ``p * 2**-fraction``.

    ========== ======= ======== ==================================================
    name       bits    fraction values
    ========== ======= ======== ==================================================
    uint8      8       8        0 to 255/256, in steps of 1/256
    int8       8       7        -1 to 127/128, in steps of 1/128
    int16      16      15       -1 to 32767/32768, in steps of 1/32768
    SQ(i,f)    i + f   f        -2**(i-1) to 2**(i-1) - 2**-f, in steps of 2**-f
    ========== ======= ======== ==================================================

    All formats but uint8 are signed.  As in `hadamac.numeric.SQ`, the ``i`` integer bits include the sign, and ``f``
    may be negative or exceed the width.  SQ(1,7) and int8 are the same format: they compare equal, although each is
    printed as it was written.

    Parameters
    ----------
    bits : int
        Number of bits of a word: 2 to 17 if it is signed, otherwise 8.
    signed : bool
        Whether the words are signed, in two's complement.
    fraction : int
        Number of fraction bits: -200 to 200 if the words are signed, otherwise 8.

    Attributes
    ----------
    name : str
        Text from which `of` makes this format.

    Raises
    ------
    DescriptionError
        If a parameter is out of range.
    """

    bits: int
    signed: bool
    fraction: int
    name: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        choice("Input format signed", self.signed, (True, False))
        integer("Input format bits", self.bits, *BITS)
        integer("Input format fraction bits", self.fraction, *_FRACTION)
        if not self.signed and (self.bits, self.fraction) != (8, 8):
            raise DescriptionError(f"Input format without a sign must have 8 bits, 8 of them fraction bits, not "
                                   f"{self.bits}, {self.fraction} of them")
        facts = (self.bits, self.signed, self.fraction)
        names = [name for name, other in _NAMED.items() if other == facts]
        object.__setattr__(self, "name", names[0] if names else f"SQ({self.bits - self.fraction},{self.fraction})")

    @classmethod
    def of(cls, text: object) -> InputFormat:
        """Return the format that a description names: ``uint8``, ``int8``, ``int16`` or ``SQ(i,f)``.

        Raises
        ------
        DescriptionError
            If ``text`` is something else, the width i + f is not from 2 to 17, or f is not from -200 to 200.
        """
        found = _SQ.fullmatch(text) if isinstance(text, str) else None
        if found:
            i, f = int(found[1]), int(found[2])
            if not BITS[0] <= i + f <= BITS[1]:
                raise DescriptionError(f"Input format SQ(i,f) must have i + f from {BITS[0]} to {BITS[1]}, not "
                                       f"{i + f} as in {text}")
            made = cls(bits=i + f, signed=True, fraction=f)
        elif isinstance(text, str) and text in _NAMED:
            bits, signed, fraction = _NAMED[text]
            made = cls(bits=bits, signed=signed, fraction=fraction)
        else:
            raise DescriptionError(f"Input format must be {', '.join(_NAMED)} or SQ(i,f), not {shown(text)}")
        object.__setattr__(made, "name", str(text).replace(" ", ""))
        return made

    def __str__(self) -> str:
        return self.name

    @property
    def least(self) -> int:
        """The smallest word."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def greatest(self) -> int:
        """The largest word."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def dtype(self) -> np.dtype:
        """The smallest NumPy type that has all words."""
        return np.dtype("uint8") if not self.signed else np.min_scalar_type(self.least)

    def values(self, words: ArrayLike) -> np.ndarray:
        """Return the values for which words stand, as float64: ``words * 2**-fraction``."""
        return np.asarray(words, dtype=np.float64) * 2.0**-self.fraction
