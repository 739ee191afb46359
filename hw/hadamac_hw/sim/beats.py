"""Beats of a stream as lists of Python integers of any width, and as arrays that a .npz file can hold.

One beat is a word (unsigned, packed), a `last` bit where the stream has one, and a `user` word where it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Beats", "from_limbs", "save_arrays", "to_limbs", "unsigned"]


def unsigned(values: ArrayLike, width: int) -> list[int]:
    """Return signed or unsigned integers as two's-complement words of `width` bits."""
    words = []
    for value in np.asarray(values, dtype=object).ravel().tolist():
        value = int(value)
        if not -(1 << (width - 1)) <= value < 1 << width:
            raise ValueError(f"Word {value} does not fit in {width} bits")
        words.append(value & ((1 << width) - 1))
    return words


def to_limbs(words: Sequence[int]) -> np.ndarray:
    """Return words as rows of 64-bit limbs, the least significant limb first."""
    limbs = max(1, -(-max((word.bit_length() for word in words), default=1) // 64))
    data = b"".join(word.to_bytes(8 * limbs, "little") for word in words)
    return np.frombuffer(data, dtype="<u8").reshape(len(words), limbs)


def from_limbs(array: np.ndarray) -> list[int]:
    """Return rows of 64-bit limbs as words: the inverse of `to_limbs`."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.ascontiguousarray(array, dtype="<u8")]


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a .npz file, each under its name."""
    write: Callable[..., None] = np.savez  # its keywords are the names of arrays
    write(path, **arrays)


@dataclass(frozen=True)
class Beats:
    """The beats of one stream.

    Attributes
    ----------
    words
        Unsigned words in stream order.
    last
        One flag per beat, or None where the stream has no `last`.
    user
        One word per beat, or None.
    """

    words: list[int]
    last: list[int] | None = None
    user: list[int] | None = None

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of(cls, words: ArrayLike, last: ArrayLike | None = None, user: ArrayLike | None = None, *,
           frame: int | None = None) -> Beats:
        """Check arrays and return them as beats.

        Parameters
        ----------
        words : array_like of int
            Non-negative integers; one axis, or the two axes (frames, beats of a frame), which set `last`.
        last : array_like of bool or None
            One flag per beat.
        user : array_like of int or None
            One word per beat.
        frame
            Beats of a frame; sets `last` where it is not given.
        """
        array = np.asarray(words, dtype=object)  # with another type, words beyond 63 bits would become floats
        if array.ndim == 2 and frame is None and last is None:
            frame = array.shape[1]
        values = [int(word) for word in array.ravel().tolist()]
        if any(word < 0 for word in values):
            raise ValueError(f"Stream words must be non-negative, not {min(values)}; pack them with beats.unsigned")
        if frame is not None and last is None:
            if frame < 1 or len(values) % frame:
                raise ValueError(f"{len(values)} beats do not make whole frames of {frame}")
            last = [int(index % frame == frame - 1) for index in range(len(values))]
        columns: list[list[int] | None] = []
        for name, given in (("last", last), ("user", user)):
            column = None
            if given is not None:
                column = [int(value) for value in np.asarray(given, dtype=object).ravel().tolist()]
                if len(column) != len(values):
                    raise ValueError(f"{len(values)} beats but {len(column)} values of {name}")
            columns.append(column)
        return cls(values, *columns)

    def save(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the beats as arrays named ``{prefix}``, ``{prefix}_last`` and ``{prefix}_user``."""
        arrays = {prefix: to_limbs(self.words)}
        if self.last is not None:
            arrays[f"{prefix}_last"] = np.asarray(self.last, dtype=np.uint8)
        if self.user is not None:
            arrays[f"{prefix}_user"] = to_limbs(self.user)
        return arrays

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], prefix: str) -> Beats:
        """Return the beats that `save` gave as arrays."""
        last = arrays[f"{prefix}_last"].tolist() if f"{prefix}_last" in arrays else None
        user = from_limbs(arrays[f"{prefix}_user"]) if f"{prefix}_user" in arrays else None
        return cls(from_limbs(arrays[prefix]), last, user)
