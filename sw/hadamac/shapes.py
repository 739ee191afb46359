"""Shapes of maps: pairs of rows and columns, and the pairing of maps in the beats of a stream.

A map has H rows and W columns.  A signal of one dimension is a map of one row, and its half-spectrum has the row u = 0
alone.  A beat of maps carries two reals: the two pixels of a column of a row pair, or, if maps have one row only, the
samples of two channels.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Pair", "as_pair", "least", "most", "pair_beats", "power_of_two", "text"]

Pair = tuple[int, int]
"""Numbers for the two axes of maps, rows before columns."""


def as_pair(value: int | Sequence[int]) -> Pair:
    """Return a pair; an integer n stands for (n, n)."""
    if isinstance(value, int):
        return value, value
    rows, columns = value
    return rows, columns


def least(a: Pair, b: Pair) -> Pair:
    """Return the lesser number of each axis."""
    return min(a[0], b[0]), min(a[1], b[1])


def most(a: Pair, b: Pair) -> Pair:
    """Return the greater number of each axis."""
    return max(a[0], b[0]), max(a[1], b[1])


def text(size: Pair, cross: str = "x") -> str:
    """Return a size in words: ``16x64``, or ``128`` for a signal of 128 samples."""
    return f"{size[1]}" if size[0] == 1 else f"{size[0]}{cross}{size[1]}"


def power_of_two(n: int) -> int:
    """Return the smallest power of two that is at least ``n``."""
    return 1 << (n - 1).bit_length()


def pair_beats(channels: int, size: Pair) -> int:
    """Return the beats of a frame of maps: row pairs of every channel, or pairs of channels if maps have one row."""
    rows, columns = size
    return (channels + 1) // 2 * columns if rows == 1 else channels * (rows // 2) * columns
