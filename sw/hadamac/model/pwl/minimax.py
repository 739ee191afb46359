"""Minimax lines over samples: the line of least greatest error, and segments that share the least greatest error.

The line of least greatest error touches the deviation from the samples three times with alternating sign (Chebyshev);
an exchange of those points finds it (Remez, 1934).  A tolerance decides how far a segment reaches; segments are laid
greedily from the left, and bisection finds the least tolerance for which a given number of segments suffices.
"""

from __future__ import annotations

import numpy as np

__all__ = ["minimax_line", "minimax_segments"]

EXCHANGES = 60
"""Most exchanges of a search; a handful suffices."""


def minimax_line(x: np.ndarray, y: np.ndarray, origin: bool = False) -> tuple[float, float, float]:
    """Return ``(slope, offset, error)`` of the line with the least greatest error over the samples, ``x`` rising.

    With ``origin`` the line is the best of those through (0, 0); then x begins at 0, and y[0] = 0.
    """
    if origin:
        return _through_origin(x, y)
    if len(x) == 1:
        return 0.0, float(y[0]), 0.0
    if len(x) == 2:
        slope = (y[1] - y[0]) / (x[1] - x[0])
        return float(slope), float(y[0] - slope * x[0]), 0.0
    reference = 0, len(x) // 2, len(x) - 1
    slope, level, deviation = _level(x, y, reference)
    for _ in range(EXCHANGES - 1):
        worst = int(np.argmax(np.abs(deviation)))
        if abs(deviation[worst]) <= abs(deviation[reference[1]]) * (1 + 1e-12) + 1e-15:
            break
        reference = _exchanged(reference, worst, deviation)
        slope, level, deviation = _level(x, y, reference)
    return float(slope), float(level), float(np.abs(deviation).max())


def _level(x: np.ndarray, y: np.ndarray, reference: tuple[int, int, int]) -> tuple[float, float, np.ndarray]:
    """Return slope, offset and deviations of the line with equal and alternating deviations at the three samples."""
    i, j, k = reference
    slope = (y[k] - y[i]) / (x[k] - x[i])
    level = 0.5 * ((y[i] - slope * x[i]) + (y[j] - slope * x[j]))
    return slope, level, y - (slope * x + level)


def _exchanged(reference: tuple[int, int, int], worst: int, deviation: np.ndarray) -> tuple[int, int, int]:
    """Return the three samples with the worst one in place of its neighbour of the same sign: signs still alternate."""
    i, j, k = reference
    sign = np.sign(deviation[worst])
    if worst < i:
        return (worst, j, k) if np.sign(deviation[i]) == sign else (worst, i, j)
    if worst > k:
        return (i, j, worst) if np.sign(deviation[k]) == sign else (j, k, worst)
    if worst < j:
        return (worst, j, k) if np.sign(deviation[i]) == sign else (i, worst, k)
    return (i, worst, k) if np.sign(deviation[j]) == sign else (i, j, worst)


def _through_origin(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return the best line through (0, 0): two samples x > 0 have the greatest deviation, with opposite signs."""
    i, j = len(x) // 2, len(x) - 1
    slope, deviation = 0.0, np.zeros(1)
    for _ in range(EXCHANGES):
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


def minimax_segments(x: np.ndarray, y: np.ndarray, segments: int, origin: int | None = None) -> list[int]:
    """Return the starts (indices into ``x``) of at most ``segments`` segments of least greatest error.

    ``origin`` is the index at which x and y are 0, if there is one: a segment begins there, and its line goes through
    (0, 0).  An index above 0 needs two segments at least.
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


def _lay(x: np.ndarray, y: np.ndarray, tolerance: float, most: int, origin: int | None) -> list[int] | None:
    """Return the starts of segments within ``tolerance``, or None if ``most`` segments do not suffice."""
    starts: list[int] = []
    at = 0
    while at < len(x):
        if len(starts) == most:
            return None
        starts.append(at)
        at = _reach(x, y, at, tolerance, origin)
    return starts


def _reach(x: np.ndarray, y: np.ndarray, start: int, tolerance: float, origin: int | None) -> int:
    """Return the end (exclusive) of the longest segment from ``start`` whose line stays within ``tolerance``."""
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
