"""Fitting piecewise-linear tables: minimax lines over free breakpoints, then words chosen in the circuit's arithmetic.

Fit
---
Over each segment the line of least greatest error touches the function's deviation three times with
alternating sign (Chebyshev), which an exchange of those points finds (Remez, 1934).  A tolerance
decides how far a segment reaches; segments are laid greedily from the left, and the least tolerance for which
``segments`` suffice is found by bisection.  Lines need not meet at breakpoints.  For smooth functions the error
falls as 1/segments**2 (de Boor, "A practical guide to splines", chapter III).

Words
-----
The fit is done on the words themselves: every x of the format is a sample.  A slope has as many fraction
bits as ``slope_width`` leaves; of the two slope words beside the fitted slope, each with the offset word in the
middle of what remains, the one is taken whose rounded outputs have the smaller greatest error.

Symmetry
--------
Functions with ``f(-x) = 2 c - f(x)`` (odd) or ``f(-x) = f(x) - k x`` (even but for a line) are fitted for
x >= 0 only; the table mirrors itself (:class:`~hadamac.model.pwl.table.Mirror`).

Zero
----
Where f(0) = 0 the segment that begins at x = 0 goes through the origin, so that the table's f(0) is 0, too: nothing
stays nothing, and the imaginary parts of a real map's self-conjugate bins stay zero.  A table of all x, without a
symmetry, has a breakpoint there for that; only a table of a single segment can't.

Range
-----
The circuit saturates.  Where no symmetry needs the function itself, what is fitted is the function clipped to the
output's format, so that no segment follows it beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import DescriptionError
from ...numeric import SQ
from .table import Mirror, PwlTable

__all__ = ["FUNCTIONS", "Fit", "Function", "fit", "minimax_line", "minimax_segments"]


@dataclass(frozen=True)
class Function:
    """A function of arrays of values, and its symmetry.

    ``centre``: c with ``f(-x) = 2 c - f(x)``, or None; ``line``: k with ``f(-x) = f(x) - k x``, or None.
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray]
    centre: float | None = None
    line: float | None = None


NOTHING = 2.0**-20
"""What f(0) may be off zero by, in LSB, as sums of floats are."""


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def _gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


FUNCTIONS = {f.name: f for f in (
    Function("relu", lambda x: np.maximum(x, 0), line=1.0),
    Function("leaky", lambda x: np.where(x < 0, x / 64, x)),
    Function("sigmoid", _sigmoid, centre=0.5),
    Function("tanh", np.tanh, centre=0.0),
    Function("gelu", _gelu, line=1.0),
    Function("silu", lambda x: x * _sigmoid(x), line=1.0),
    Function("hard-sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), centre=0.5),
    Function("hard-tanh", lambda x: np.clip(x, -1, 1), centre=0.0),
    Function("hard-swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), line=1.0),
)}
"""By name; leaky's slope below zero is 1/64."""


@dataclass(frozen=True)
class Fit:
    """A table from words of ``format`` to words of ``output``, and its errors over every word, in values: of the
    ideal lines, of the words' arithmetic, and of that the mean."""

    function: Function
    format: SQ
    output: SQ
    table: PwlTable
    line_error: float
    max_error: float
    mean_error: float

    def lines(self) -> list[tuple[float, float, float]]:
        """``(first x, slope, offset)`` of each segment, in values."""
        t = self.table
        starts = (0 if t.mirror is not None else self.format.low, *t.breakpoints)
        slope, offset = 2.0 ** (self.format.f - self.output.f - t.shift), 2.0 ** (-self.output.f - t.shift)
        return [(self.format.value(a), s * slope, o * offset) for a, s, o in zip(starts, t.slopes, t.offsets)]

    def words(self) -> dict:
        """What a file needs: formats and the table's integers."""
        t = self.table
        return {
            "function": self.function.name, "format": str(self.format), "output": str(self.output), "shift": t.shift,
            "slope_width": t.slope_width, "breakpoints": t.breakpoints, "slopes": t.slopes, "offsets": t.offsets,
            "mirror": None if t.mirror is None else {"kind": t.mirror.kind, "word": t.mirror.word},
        }


def _through_origin(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Two samples x > 0 have the greatest deviation, with opposite signs; they are exchanged like those below."""
    i, j, deviation = len(x) // 2, len(x) - 1, np.zeros(1)
    for _ in range(60):
        slope = (y[i] + y[j]) / max(x[i] + x[j], 1)
        deviation = y - slope * x
        worst = int(np.argmax(np.abs(deviation)))
        if abs(deviation[worst]) <= abs(deviation[j]) * (1 + 1e-12) + 1e-15:
            break
        if np.sign(deviation[worst]) == np.sign(deviation[i]):
            i = worst
        else:
            j = worst
    return float(slope), 0.0, float(np.abs(deviation).max())


def minimax_line(x: np.ndarray, y: np.ndarray, origin: bool = False) -> tuple[float, float, float]:
    """``(slope, offset, error)`` of the line with the least greatest error over the samples; ``x`` rising.

    ``origin``: of the lines through (0, 0), for x from 0 on and y[0] = 0.
    """
    if origin:
        return _through_origin(x, y)
    if len(x) == 1:
        return 0.0, float(y[0]), 0.0
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    left, right = 0, len(x) - 1
    if len(x) == 2:
        return float(slope), float(y[0] - slope * x[0]), 0.0
    reference = [left, len(x) // 2, right]
    for _ in range(60):
        i, j, k = reference
        slope = (y[k] - y[i]) / (x[k] - x[i])
        level = 0.5 * ((y[i] - slope * x[i]) + (y[j] - slope * x[j]))
        deviation = y - (slope * x + level)
        height = abs(deviation[j])
        worst = int(np.argmax(np.abs(deviation)))
        if abs(deviation[worst]) <= height * (1 + 1e-12) + 1e-15:
            break
        # The worst sample replaces its neighbour of the same sign, so that signs go on alternating.
        sign = np.sign(deviation[worst])
        if worst < i:
            reference = [worst, j, k] if np.sign(deviation[i]) == sign else [worst, i, j]
        elif worst > k:
            reference = [i, j, worst] if np.sign(deviation[k]) == sign else [j, k, worst]
        elif worst < j:
            reference = [worst, j, k] if np.sign(deviation[i]) == sign else [i, worst, k]
        else:
            reference = [i, worst, k] if np.sign(deviation[j]) == sign else [i, j, worst]
    return float(slope), float(level), float(np.abs(deviation).max())


def _reach(x, y, start: int, tolerance: float, origin: int | None) -> int:
    """End (exclusive) of the longest segment from ``start`` whose line stays within ``tolerance``."""
    def fits(end: int) -> bool:
        return minimax_line(x[start:end], y[start:end], start == origin)[2] <= tolerance

    low, high, step = start + 1, len(x) if origin is None or start >= origin else origin, 2
    while start + step < high and fits(start + step):
        low, step = start + step, 2 * step
    high = min(high, start + step)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _lay(x, y, tolerance: float, most: int, origin: int | None) -> list[int] | None:
    """Starts of segments within ``tolerance``, or None if ``most`` do not suffice."""
    starts, at = [], 0
    while at < len(x):
        if len(starts) == most:
            return None
        starts.append(at)
        at = _reach(x, y, at, tolerance, origin)
    return starts


def minimax_segments(x: np.ndarray, y: np.ndarray, segments: int, origin: int | None = None) -> list[int]:
    """Starts (indices into ``x``) of at most ``segments`` segments of least greatest error.

    ``origin``: the index at which x and y are 0; a segment begins there, and its line goes through them.  With an index
    above 0 that takes two segments at least.
    """
    best = [0, origin] if origin else [0]
    ends = [*best[1:], len(x)]
    low, high = 0.0, max(minimax_line(x[a:b], y[a:b], a == origin)[2] for a, b in zip(best, ends))
    while high - low > 1e-3 * high + 1e-12:
        middle = 0.5 * (low + high)
        starts = _lay(x, y, middle, segments, origin)
        if starts is None:
            low = middle
        else:
            best, high = starts, middle
    return best


def fit(function: Function, *, segments: int, format: SQ, output: SQ | None = None, slope_width: int = 16) -> Fit:
    """The table of ``segments`` segments (of x >= 0 where the function has a symmetry) for words of ``format``.

    ``output``: format of y, of the same width; that of x unless told.
    """
    output = format if output is None else output
    if output.width != format.width:
        raise DescriptionError(f"Pwl output format must have the {format.width} bits of the input, not {output}")
    if not 4 <= format.width <= 24:
        raise DescriptionError(f"Pwl format must have 4 to 24 bits, not {format.width} as {format}")
    if isinstance(segments, bool) or not isinstance(segments, int) or not 1 <= segments <= 64:
        raise DescriptionError(f"Pwl segments must be an integer from 1 to 64, not {segments!r}")
    mirrored = function.centre is not None or function.line is not None
    words = np.arange(0 if mirrored else format.low, format.high + 1, dtype=np.float64)
    with np.errstate(all="ignore"):
        wanted = np.asarray(function.of(format.value(words)), dtype=np.float64) * 2.0**output.f
    if not np.isfinite(wanted).all():
        raise DescriptionError(f"Function {function.name} must be finite over {format}")
    if function.centre == 0 or not mirrored:
        wanted = np.clip(wanted, output.low, output.high)
    sample = np.unique(np.linspace(0, len(words) - 1, min(len(words), 1 << 16)).astype(int))
    zero = _zero(words, wanted, segments)
    if zero is not None:
        sample = np.union1d(sample, [zero])
    at = None if zero is None else int(np.searchsorted(sample, zero))
    starts = [int(sample[k]) for k in minimax_segments(words[sample], wanted[sample], segments, at)]
    ends = [*starts[1:], len(words)]
    lines = [minimax_line(words[a:b], wanted[a:b], a == zero) for a, b in zip(starts, ends)]
    steepest = max(max(abs(slope) for slope, _, _ in lines), abs(function.line or 0.0) * 2.0 ** (output.f - format.f))
    shift = int(np.clip(slope_width - 1 - (math.floor(math.log2(max(steepest, 2.0**-30))) + 1), 0, format.width + 13))
    # Offsets, and what mirroring makes of them, must fit their words too.
    centre = 2 * (function.centre or 0.0) * 2.0**output.f
    farthest = max(max(abs(offset), abs(centre - offset)) for _, offset, _ in lines)
    room = math.log2((2.0 ** (format.width + slope_width - 1) - 2) / (farthest + 1))
    shift = max(0, min(shift, math.floor(room)))
    slopes, offsets = [], []
    for (slope, _, _), a, b in zip(lines, starts, ends):
        s, o = _words(words[a:b], wanted[a:b], slope, shift, slope_width, a == zero)
        slopes.append(s)
        offsets.append(o)
    mirror = None
    if function.centre is not None:
        mirror = Mirror("odd", round(2 * function.centre * 2.0 ** (output.f + shift)))
    elif function.line is not None:
        mirror = Mirror("even", round(function.line * 2.0 ** (output.f - format.f + shift)))
    table = PwlTable(width=format.width, breakpoints=tuple(int(words[a]) for a in starts[1:]), slopes=tuple(slopes),
                     offsets=tuple(offsets), shift=shift, slope_width=slope_width, mirror=mirror)
    every = np.arange(format.low, format.high + 1, dtype=np.float64)
    y = table.run(every)[0]
    want = np.clip(np.asarray(function.of(format.value(every))) * 2.0**output.f, output.low, output.high)
    error = np.abs(output.value(y - want))
    return Fit(function, format, output, table, max(e for _, _, e in lines) * 2.0**-output.f, float(error.max()),
               float(error.mean()))


def _zero(words: np.ndarray, wanted: np.ndarray, segments: int) -> int | None:
    """Index of the word 0 where the function is 0 there, and a segment can begin there; else None."""
    at = int(np.searchsorted(words, 0))
    return at if abs(wanted[at]) < NOTHING and (at == 0 or segments > 1) else None


def _words(x, y, slope: float, shift: int, slope_width: int, origin: bool) -> tuple[int, int]:
    """Slope and offset words with the smaller greatest error of rounded outputs; the offset 0 for ``origin``."""
    best = None
    high = 2 ** (slope_width - 1) - 1
    for s in {min(high, math.floor(slope * 2.0**shift)), min(high, math.ceil(slope * 2.0**shift))}:
        rest = y * 2.0**shift - s * x
        o = 0 if origin else int(np.rint(0.5 * (rest.max() + rest.min())))
        error = np.abs(np.rint((s * x + o) * 2.0**-shift) - y).max()
        if best is None or error < best[0]:
            best = error, s, o
    return best[1], best[2]
