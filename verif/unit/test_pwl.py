# amaranth: UnusedElaboratable=no
"""Piecewise-linear tables against fractions; fitted tables against the function; refusals."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.pwl.table import Mirror, PwlTable, relu
from hadamac_hw.layers.pwl import Pwl, Relu
from support.seeds import refused, rng
from support.stimuli import limits


def plain(table: PwlTable, x: int) -> tuple[int, bool]:
    mirrored = table.mirror is not None and x < 0
    s = bisect_right(table.breakpoints, ~x if mirrored else x)
    slope, offset = table.slopes[s], table.offsets[s]
    if mirrored and table.mirror.kind == "odd":
        offset = table.mirror.word - offset
    elif mirrored:
        slope = table.mirror.word - slope
    exact = round(Fraction(slope * x + offset) / 2**table.shift)
    low, high = limits(table.width)
    return max(low, min(high, exact)), not low <= exact <= high


def random_table(r, width: int, segments: int, shift: int, slope_width: int = 16) -> PwlTable:
    low, high = limits(width)
    breakpoints = sorted(r.choice(np.arange(low, high + 1), segments - 1, replace=False).tolist())
    slopes = r.integers(*limits(slope_width), segments, endpoint=True)
    offsets = r.integers(*limits(width + slope_width), segments, endpoint=True)
    return PwlTable(width=width, breakpoints=breakpoints, slopes=slopes, offsets=offsets, shift=shift,
                    slope_width=slope_width)


@pytest.mark.parametrize(("width", "segments", "shift", "slope_width"),
                         [(8, 1, 7, 8), (8, 2, 0, 4), (8, 9, 15, 8), (10, 64, 20, 16), (12, 16, 27, 16), (6, 5, 9, 4)])
def test_every_word_against_fractions(width, segments, shift, slope_width):
    table = random_table(rng("pwl", width, segments), width, segments, shift, slope_width)
    low, high = limits(width)
    words = np.arange(low, high + 1)
    y, overflow = table.run(words)
    expected = [plain(table, x) for x in words.tolist()]
    assert y.astype(int).tolist() == [v for v, _ in expected]
    assert overflow.tolist() == [flag for _, flag in expected]
    np.testing.assert_array_equal(Pwl(table).model(words), y)


@pytest.mark.parametrize("kind", ["odd", "even"])
def test_mirrored_tables_against_fractions(kind):
    r = rng("mirror", kind)
    slopes, offsets = r.integers(-60, 60, 6), r.integers(-(2**13), 2**13, 6)
    table = PwlTable(width=8, breakpoints=(1, 7, 30, 64, 127), slopes=slopes, offsets=offsets, shift=5, slope_width=8,
                     mirror=Mirror(kind, 33))
    words = np.arange(-128, 128)
    y, overflow = table.run(words)
    expected = [plain(table, x) for x in words.tolist()]
    assert y.astype(int).tolist() == [v for v, _ in expected] and overflow.tolist() == [flag for _, flag in expected]


def test_flags_are_per_frame():
    double = PwlTable(width=8, breakpoints=(), slopes=(2,), offsets=(1,), shift=0)
    y, overflow = double.run(np.array([[[1, 63]], [[64, 0]], [[-64, -63]], [[-65, 0]]]))
    assert overflow.tolist() == [False, True, False, True]
    assert y.astype(int).tolist() == [[[3, 127]], [[127, 1]], [[-127, -125]], [[-128, 1]]]


def test_a_breakpoint_belongs_to_the_segment_above():
    steps = PwlTable(width=8, breakpoints=(-3, 4), slopes=(0, 0, 0), offsets=(-10, 0, 10), shift=0)
    assert steps.run(np.array([-4, -3, 3, 4]))[0].tolist() == [-10, 0, 0, 10]


def test_relu():
    words = np.arange(-128, 128)
    np.testing.assert_array_equal(relu(words), [max(w, 0) for w in words.tolist()])
    np.testing.assert_array_equal(Relu(width=8).model(words), relu(words))
    table = PwlTable(width=8, breakpoints=(0,), slopes=(0, 1), offsets=(0, 0), shift=0)
    np.testing.assert_array_equal(table.run(words)[0], relu(words))


def table(**options):
    return PwlTable(**{"width": 8, "breakpoints": (0,), "slopes": (0, 1), "offsets": (0, 0), "shift": 0} | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slopes": ()}, "Pwl must have 1 to 64 slopes, as many offsets and one breakpoint fewer, not 0, 2 and 1"),
        ({"offsets": (1,)}, "Pwl must have 1 to 64 slopes, as many offsets and one breakpoint fewer, not 2, 1 and 1"),
        ({"breakpoints": ()}, "Pwl must have 1 to 64 slopes, as many offsets and one breakpoint fewer, not 2, 2 and 0"),
        ({"breakpoints": (5, 5), "slopes": (1,) * 3, "offsets": (0,) * 3}, "Pwl breakpoints must rise strictly, not (5, 5)"),
        ({"breakpoints": (128,)}, "Pwl breakpoints must fit 8 signed bits, not 128"),
        ({"slopes": (0, 1 << 15)}, "Pwl slopes must fit 16 signed bits, not 32768"),
        ({"offsets": (0, -(1 << 23) - 1)}, "Pwl offsets must fit 24 signed bits, not -8388609"),
        ({"mirror": Mirror("even", 0)}, "Pwl breakpoints of a mirrored table must be positive, not (0,)"),
        ({"mirror": Mirror("even", 1 << 15), "breakpoints": (3,)}, "Pwl mirrored slopes must fit 16 signed bits, not 32768"),
        ({"shift": 24}, "Pwl shift must be an integer from 0 to 23, not 24"),
        ({"shift": -1}, "Pwl shift must be an integer from 0 to 23, not -1"),
    ],
)
def test_refusals(options, message):
    with refused(message, DescriptionError):
        table(**options)
