"""Fitting of piecewise-linear tables: minimax lines over free breakpoints, then words in the circuit's arithmetic.

Fit
---
Over each segment the line of least greatest error is taken, and the breakpoints lie where all segments together have
the least greatest error (:mod:`hadamac.model.pwl.minimax`).  Lines need not meet at breakpoints.  For smooth functions
the error falls as 1/segments**2 (de Boor, "A practical guide to splines", chapter III).

Words
-----
The fit is done on the words themselves: every x of the format is a sample.  A slope has as many fraction bits as
``slope_width`` leaves.  Of the two slope words beside the fitted slope, each with the offset word in the middle of what
remains, the one is taken whose rounded outputs have the smaller greatest error.

Symmetry
--------
Functions with ``f(-x) = 2 c - f(x)`` (odd about c) or ``f(-x) = f(x) - k x`` (even but for a line) are fitted for
x >= 0 only; the table mirrors itself (:class:`~hadamac.model.pwl.table.Mirror`).

Zero
----
If f(0) = 0, the segment that begins at x = 0 goes through the origin, so that the table's f(0) is 0, too: a black frame
stays black, and the imaginary parts of a real map's self-conjugate bins stay zero.  A table of all x, without a
symmetry, has a breakpoint there for that purpose; only a table of a single segment cannot have one.

Range
-----
The circuit saturates.  Unless a symmetry needs the function itself, the fit is to the function clipped to the output's
format, so that no segment is spent on values outside of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from ...checks import integer
from ...errors import DescriptionError
from ...numeric import SQ
from .minimax import minimax_line, minimax_segments
from .table import Mirror, PwlTable

__all__ = ["FUNCTIONS", "Fit", "FitWords", "Function", "MirrorWords", "fit", "leaky"]


@dataclass(frozen=True)
class Function:
    """A function of arrays of values, and its symmetry.

    Parameters
    ----------
    name : str
    of : callable
        The function itself, from an array of values to an array of the same shape.
    centre : float, optional
        c, if ``f(-x) = 2 c - f(x)``.
    line : float, optional
        k, if ``f(-x) = f(x) - k x``.
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray]
    centre: float | None = None
    line: float | None = None

    @property
    def mirrored(self) -> bool:
        """True if a table for x >= 0 is enough."""
        return self.centre is not None or self.line is not None


NOTHING = 2.0**-20
"""Largest magnitude of f(0), in LSB, that counts as 0: sums of floats may leave that much."""


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


def leaky(slope: float) -> Function:
    """Return the leaky ReLU with a slope below zero."""
    return Function("leaky", lambda x: np.where(x < 0, x * slope, x))


FUNCTIONS = {f.name: f for f in (
    Function("relu", lambda x: np.maximum(x, 0), line=1.0),
    leaky(1 / 64),
    Function("sigmoid", _sigmoid, centre=0.5),
    Function("tanh", np.tanh, centre=0.0),
    Function("gelu", _gelu, line=1.0),
    Function("silu", lambda x: x * _sigmoid(x), line=1.0),
    Function("hard-sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), centre=0.5),
    Function("hard-tanh", lambda x: np.clip(x, -1, 1), centre=0.0),
    Function("hard-swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), line=1.0),
)}
"""Functions by name; the slope of "leaky" below zero is 1/64, of `leaky` any."""


class MirrorWords(TypedDict):
    """A table's mirror, as a file shows it."""

    kind: str
    word: int


class FitWords(TypedDict):
    """A fitted table, as a file shows it: formats and integers."""

    function: str
    format: str
    output: str
    shift: int
    slope_width: int
    breakpoints: tuple[int, ...]
    slopes: tuple[int, ...]
    offsets: tuple[int, ...]
    mirror: MirrorWords | None


@dataclass(frozen=True)
class Fit:
    """A table from words of ``format`` to words of ``output``, and its errors over every word, in values.

    Attributes
    ----------
    line_error : float
        Greatest error of the ideal lines, before their slopes and offsets are rounded to words.
    max_error, mean_error : float
        Greatest and mean error of the table's own arithmetic.
    """

    function: Function
    format: SQ
    output: SQ
    table: PwlTable
    line_error: float
    max_error: float
    mean_error: float

    def lines(self) -> list[tuple[float, float, float]]:
        """Return ``(first x, slope, offset)`` of each segment, in values."""
        t = self.table
        starts = (0 if t.mirror is not None else self.format.low, *t.breakpoints)
        slope, offset = 2.0 ** (self.format.f - self.output.f - t.shift), 2.0 ** (-self.output.f - t.shift)
        return [(a * 2.0**-self.format.f, s * slope, o * offset) for a, s, o in zip(starts, t.slopes, t.offsets)]

    def words(self) -> FitWords:
        """Return what a file needs: the formats and the table's integers."""
        t = self.table
        return {
            "function": self.function.name, "format": str(self.format), "output": str(self.output), "shift": t.shift,
            "slope_width": t.slope_width, "breakpoints": t.breakpoints, "slopes": t.slopes, "offsets": t.offsets,
            "mirror": None if t.mirror is None else {"kind": t.mirror.kind, "word": t.mirror.word},
        }


def fit(function: Function, *, segments: int, format: SQ, output: SQ | None = None, slope_width: int = 16) -> Fit:
    """Return the table of ``segments`` segments of a function for words of ``format``.

    A function with a symmetry has its segments in x >= 0.  ``output`` is the format of y, of the same width; the
    default is ``format``.
    """
    output = format if output is None else output
    if output.width != format.width:
        raise DescriptionError(f"Pwl output format must have the {format.width} bits of the input, not {output}")
    if not 4 <= format.width <= 24:
        raise DescriptionError(f"Pwl format must have 4 to 24 bits, not {format.width} as {format}")
    integer("Pwl segments", segments, 1, 64)
    words = np.arange(0 if function.mirrored else format.low, format.high + 1, dtype=np.float64)
    with np.errstate(all="ignore"):
        wanted = np.asarray(function.of(format.value(words)), dtype=np.float64) * 2.0**output.f
    if not np.isfinite(wanted).all():
        raise DescriptionError(f"Function {function.name} must be finite over {format}")
    if function.centre == 0 or not function.mirrored:
        wanted = np.clip(wanted, output.low, output.high)
    zero = _zero(words, wanted, segments)
    starts = _starts(words, wanted, segments, zero)
    ends = [*starts[1:], len(words)]
    lines = [minimax_line(words[a:b], wanted[a:b], a == zero) for a, b in zip(starts, ends)]
    shift = _shift(function, lines, format, output, slope_width)
    pairs = [_words(words[a:b], wanted[a:b], slope, shift, slope_width, a == zero)
             for (slope, _, _), a, b in zip(lines, starts, ends)]
    table = PwlTable(width=format.width, breakpoints=tuple(int(words[a]) for a in starts[1:]),
                     slopes=tuple(s for s, _ in pairs), offsets=tuple(o for _, o in pairs), shift=shift,
                     slope_width=slope_width, mirror=_mirror(function, format, output, shift))
    every = np.arange(format.low, format.high + 1, dtype=np.float64)
    y = table.run(every)[0]
    want = np.clip(np.asarray(function.of(format.value(every))) * 2.0**output.f, output.low, output.high)
    error = np.abs(output.value(y - want))
    return Fit(function, format, output, table, max(e for _, _, e in lines) * 2.0**-output.f, float(error.max()),
               float(error.mean()))


def _zero(words: np.ndarray, wanted: np.ndarray, segments: int) -> int | None:
    """Return the index of the word 0 if the function is 0 there and a segment can begin there, else None."""
    at = int(np.searchsorted(words, 0))
    return at if abs(wanted[at]) < NOTHING and (at == 0 or segments > 1) else None


def _starts(words: np.ndarray, wanted: np.ndarray, segments: int, zero: int | None) -> list[int]:
    """Return the indices of the words at which segments begin, found on at most 2**16 of the words."""
    sample = np.unique(np.linspace(0, len(words) - 1, min(len(words), 1 << 16)).astype(int))
    if zero is not None:
        sample = np.union1d(sample, [zero])
    at = None if zero is None else int(np.searchsorted(sample, zero))
    return [int(sample[k]) for k in minimax_segments(words[sample], wanted[sample], segments, at)]


def _shift(function: Function, lines: list[tuple[float, float, float]], format: SQ, output: SQ,
           slope_width: int) -> int:
    """Return the fraction bits of slopes: the most with which slopes, offsets and their mirror images fit."""
    steepest = max(max(abs(slope) for slope, _, _ in lines), abs(function.line or 0.0) * 2.0 ** (output.f - format.f))
    shift = int(np.clip(slope_width - 1 - (math.floor(math.log2(max(steepest, 2.0**-30))) + 1), 0, format.width + 13))
    centre = 2 * (function.centre or 0.0) * 2.0**output.f
    farthest = max(max(abs(offset), abs(centre - offset)) for _, offset, _ in lines)
    room = math.log2((2.0 ** (format.width + slope_width - 1) - 2) / (farthest + 1))
    return max(0, min(shift, math.floor(room)))


def _mirror(function: Function, format: SQ, output: SQ, shift: int) -> Mirror | None:
    """Return the rule for x < 0 that follows from a function's symmetry."""
    if function.centre is not None:
        return Mirror("odd", round(2 * function.centre * 2.0 ** (output.f + shift)))
    if function.line is not None:
        return Mirror("even", round(function.line * 2.0 ** (output.f - format.f + shift)))
    return None


def _words(x: np.ndarray, y: np.ndarray, slope: float, shift: int, slope_width: int, origin: bool) -> tuple[int, int]:
    """Return the slope and offset words with the smaller greatest error of rounded outputs; 0 offset for ``origin``."""
    high = 2 ** (slope_width - 1) - 1

    def error_and_words(s: int) -> tuple[float, int, int]:
        rest = y * 2.0**shift - s * x
        o = 0 if origin else int(np.rint(0.5 * (rest.max() + rest.min())))
        return float(np.abs(np.rint((s * x + o) * 2.0**-shift) - y).max()), s, o

    slopes = {min(high, math.floor(slope * 2.0**shift)), min(high, math.ceil(slope * 2.0**shift))}
    _, s, o = min(map(error_and_words, slopes), key=lambda candidate: candidate[0])
    return s, o
