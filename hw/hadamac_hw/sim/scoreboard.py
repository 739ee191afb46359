"""Exact comparison of streams, with a message that says where they differ and how."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from .beats import Beats

__all__ = ["compare", "frame_lengths"]

SHOWN = 5
"""Largest number of differences that a message lists."""


def frame_lengths(beats: Beats) -> list[int]:
    """Return the number of beats of each frame by `last`; a stream without `last` is one frame."""
    if beats.last is None:
        return [len(beats)] if len(beats) else []
    ends = [index + 1 for index, last in enumerate(beats.last) if last]
    if not ends or ends[-1] != len(beats):
        ends.append(len(beats))
    return [end - start for start, end in zip([0, *ends], ends, strict=False) if end > start]


def _number(word: int, width: int, lanes: int) -> str:
    """Return a word in hexadecimal and as signed decimal fields, the lowest field first."""
    lane = width // lanes
    fields = [(word >> (lane * index)) & ((1 << lane) - 1) for index in range(lanes)]
    signed = [field - (1 << lane) if lane > 1 and field >> (lane - 1) else field for field in fields]
    decimal = f"({', '.join(map(str, signed))})" if lanes > 1 else str(signed[0])
    return f"0x{word:0{-(-width // 4)}x} = {decimal}"


def _slip(expected: list[int], got: list[int], at: int) -> str:
    """Return a hint if everything from the index `at` on is only shifted by one beat, or an empty text."""
    rest = slice(at, min(len(expected), len(got)) - 1)
    if rest.stop - rest.start < 3:
        return ""
    if got[rest] == expected[at + 1 : rest.stop + 1]:
        return "\n  it looks as if this beat was dropped"
    if got[at + 1 : rest.stop + 1] == expected[rest]:
        return "\n  it looks as if this beat was inserted"
    return ""


def compare(block: str, expected: Beats, got: Beats, *, width: int, lanes: int = 1, context: str = "") -> None:
    """Raise an error unless `got` equals `expected`, bit for bit.

    Parameters
    ----------
    block
        Name with which the message begins.
    expected, got
        The streams; `last` and `user` are compared where `expected` has them.
    width
        Bits of a word.
    lanes
        Number of equal signed fields of a word, which matters only for printing decimals: 2 for a complex number.
    context
        Circumstances to be named in the message, for instance the stall pattern.

    Raises
    ------
    AssertionError
        The streams differ.  The message names the block and, for the first few differences, frame, index, and the
        expected and the received word in hexadecimal and decimal.
    """
    lanes = lanes if width % lanes == 0 else 1
    starts = [0, *accumulate(frame_lengths(expected))]
    lines, differing = [], 0
    columns = [("payload", expected.words, got.words, width, lanes)]
    if expected.last is not None:
        columns.append(("last", expected.last, got.last or [], 1, 1))
    if expected.user is not None:
        columns.append(("user", expected.user, got.user or [], max(w.bit_length() for w in [1, *expected.user]), 1))
    hint = ""
    for name, want, have, bits, fields in columns:
        if want == have:
            continue
        wrong = [index for index in range(min(len(want), len(have))) if want[index] != have[index]]
        differing += len(wrong)
        if name == "payload" and wrong:
            hint = _slip(want, have, wrong[0])
        for index in wrong[:SHOWN]:
            frame = bisect_right(starts, index) - 1
            lines.append(
                f"  frame {frame}, index {index - starts[frame]}, {name}: "
                f"expected {_number(want[index], bits, fields)}, got {_number(have[index], bits, fields)}"
            )
    if len(expected) != len(got):
        lines.append(f"  {len(expected)} beats expected, {len(got)} received")
    if lines:
        where = f"{block} [{context}]" if context else block
        raise AssertionError("\n".join([f"{where}: {differing} values differ", *lines]) + hint)
