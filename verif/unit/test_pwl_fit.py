"""Fitted tables: least greatest error, its fall with the number of segments, the words' arithmetic, symmetry, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.pwl.fitting import FUNCTIONS, Function, fit
from hadamac.model.pwl.minimax import minimax_line, minimax_segments
from hadamac.numeric import SQ
from support.seeds import refused, rng

FORMAT = SQ(4, 12)


def plan_sigmoid(x):
    """Return PLAN, the classic table (Amin, Curtis, Hayes-Gill 1997): four segments of x >= 0 with powers of two as slopes."""
    a = np.abs(x)
    y = np.select([a >= 5, a >= 2.375, a >= 1], [1 + 0 * a, a / 32 + 0.84375, a / 8 + 0.625], a / 4 + 0.5)
    return np.where(x < 0, 1 - y, y)


def test_a_line_of_least_greatest_error():
    """The deviation has three alternating extremes, which proves that no line is better."""
    r = rng("line")
    for _ in range(50):
        x = np.sort(r.choice(1000, int(r.integers(3, 200)), replace=False)).astype(float)
        y = r.normal(0, 1, len(x)).cumsum()
        slope, offset, error = minimax_line(x, y)
        deviation = y - slope * x - offset
        assert np.abs(deviation).max() == pytest.approx(error)
        extremes = np.flatnonzero(np.abs(deviation) > error * (1 - 1e-9))
        signs = np.sign(deviation[extremes])
        assert (np.diff(signs) != 0).sum() >= 2, "fewer than three alternations"
    assert minimax_line(np.array([1.0, 2.0]), np.array([3.0, 5.0])) == (2.0, 1.0, 0.0)


def test_segments_of_equal_error():
    """Segments share the least error, which is de Boor's estimate ``(integral of sqrt|f''|)**2 / (16 n**2)``."""
    x = np.linspace(0, 8, 20001)
    y = np.exp(-x)
    for n in (3, 6, 12):
        starts = minimax_segments(x, y, n)
        assert len(starts) == n and starts[0] == 0
        errors = [minimax_line(x[a:b], y[a:b])[2] for a, b in zip(starts, [*starts[1:], len(x)])]
        estimate = (2 * (1 - np.exp(-4.0))) ** 2 / (16 * n**2)
        assert max(errors) == pytest.approx(estimate, rel=0.15) and min(errors[:-1]) > 0.9 * max(errors)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "gelu", "silu"])
def test_error_falls_as_the_square_of_the_segments(name):
    errors = [fit(FUNCTIONS[name], segments=n, format=FORMAT).line_error for n in (4, 8, 16)]
    assert 3.0 < errors[0] / errors[1] < 5.0 and 3.5 < errors[1] / errors[2] < 4.6


def test_sigmoid_beats_the_classic_table():
    """Four segments of x >= 0 beat PLAN's four; eight of x >= 0 are as good as sixteen of all x."""
    x = FORMAT.value(np.arange(FORMAT.low, FORMAT.high + 1))
    classic = np.abs(plan_sigmoid(x) - FUNCTIONS["sigmoid"].of(x)).max()
    assert classic == pytest.approx(0.0189, abs=1e-4)
    assert fit(FUNCTIONS["sigmoid"], segments=4, format=FORMAT).max_error < classic / 3
    eight = fit(FUNCTIONS["sigmoid"], segments=8, format=FORMAT)
    assert eight.line_error < 1.4e-3 and eight.max_error < 1.4e-3 + 2.0**-13
    whole = fit(replace(FUNCTIONS["sigmoid"], centre=None), segments=16, format=FORMAT)
    assert whole.line_error < 1.4e-3 and len(whole.table.slopes) == 16 and whole.table.mirror is None


@pytest.mark.parametrize("name", list(FUNCTIONS))
@pytest.mark.parametrize("format", [SQ(4, 12), SQ(3, 5), SQ(2, 10)], ids=str)
def test_words_add_little_to_the_lines(name, format):
    """The words add half an LSB of rounding and a little more; the mean error is below the greatest; symmetry is exact."""
    f = fit(FUNCTIONS[name], segments=8, format=format)
    assert f.max_error <= f.line_error + 1.25 * 2.0**-format.f and f.mean_error <= f.max_error
    x = np.arange(1, format.high + 1)
    (up, _), (down, _) = f.table.run(x), f.table.run(-x)
    if f.function.centre is not None:
        twice = 2 * f.function.centre * 2.0**format.f
        clear = (np.abs(up) < format.high) & (np.abs(down) < format.high)
        assert np.abs(up + down - twice)[clear].max() <= 1 + 2 * f.max_error * 2.0**format.f


@pytest.mark.parametrize("segments", [2, 5, 16])
def test_odd_functions_are_zero_at_zero(segments):
    """Odd functions keep 0, so that the imaginary part of a real map's DC bin stays 0."""
    f = fit(FUNCTIONS["tanh"], segments=segments, format=FORMAT)
    np.testing.assert_array_equal(f.table.run(np.array([0.0]))[0], 0)
    assert f.max_error < 1.3 * fit(replace(FUNCTIONS["tanh"], centre=None), segments=2 * segments, format=FORMAT).max_error + 1e-3


NOTHING_AT_ZERO = [name for name, f in FUNCTIONS.items() if f.of(np.zeros(1))[0] == 0]


@pytest.mark.parametrize("name", NOTHING_AT_ZERO)
def test_functions_that_are_zero_at_zero_stay_so(name):
    """In every format 0 stays 0, for hardly a larger error: a black frame stays black."""
    assert len(NOTHING_AT_ZERO) == len(FUNCTIONS) - 2, "all but the sigmoids"
    for format, output in ((SQ(4, 8), SQ(3, 9)), (SQ(3, 7), SQ(1, 9)), (SQ(4, 5), SQ(5, 4))):
        for segments in (2, 5, 16):
            f = fit(FUNCTIONS[name], segments=segments, format=format, output=output)
            assert f.table.run(np.zeros(1))[0] == 0 and len(f.table.slopes) <= segments
    assert fit(FUNCTIONS[name], segments=16, format=FORMAT).max_error < 4.1 * 2.0**-12


def test_a_function_without_symmetry_is_zero_at_zero():
    """A table of two or more segments has a breakpoint at zero; one of a single segment cannot."""
    wave = Function("wave", lambda x: np.sin(x) + x * x / 20 + 1e-17)
    for segments in (2, 3, 16):
        f = fit(wave, segments=segments, format=SQ(4, 8))
        assert f.table.mirror is None and 0 in f.table.breakpoints and len(f.table.slopes) <= segments
        assert f.table.run(np.zeros(1))[0] == 0
    assert f.max_error < 1.5 * fit(Function("raised", lambda x: wave.of(x) + 0.01), segments=16, format=SQ(4, 8)).max_error
    assert len(fit(wave, segments=1, format=SQ(4, 8)).table.slopes) == 1


def test_a_line_through_the_origin():
    """The line through the origin has the least greatest error: no slope near it is better."""
    x = np.arange(200.0)
    for y in (np.sin(x / 60), x**2 / 90 - x, np.abs(x - 40) - 40):
        slope, offset, error = minimax_line(x, y, origin=True)
        around = slope + np.linspace(-0.5, 0.5, 4001)
        assert offset == 0 and error <= np.abs(y - around[:, None] * x).max(1).min() + 1e-9


def test_no_segment_follows_a_function_beyond_its_format():
    """The circuit saturates, so no segment is spent on the part of exp that leaves the format."""
    f = fit(Function("exp", np.exp), segments=16, format=SQ(4, 12))
    assert f.max_error < 0.02
    clipped = fit(Function("exp", lambda x: np.minimum(np.exp(x), SQ(4, 12).value(SQ(4, 12).high))), segments=16, format=SQ(4, 12))
    assert f.table == clipped.table


def test_output_format_of_its_own():
    f = fit(FUNCTIONS["sigmoid"], segments=8, format=SQ(4, 8), output=SQ(2, 10))
    words = np.arange(-2048, 2048)
    y, overflow = f.table.run(words)
    assert np.abs(y / 1024 - FUNCTIONS["sigmoid"].of(words / 256)).max() == pytest.approx(f.max_error)
    assert not overflow.any() and f.max_error < 0.002


def test_refusals():
    with refused("Pwl segments must be an integer from 1 to 64, not 0", DescriptionError):
        fit(FUNCTIONS["tanh"], segments=0, format=FORMAT)
    with refused("Pwl output format must have the 16 bits of the input, not SQ(4,8)", DescriptionError):
        fit(FUNCTIONS["tanh"], segments=4, format=FORMAT, output=SQ(4, 8))
    with refused("Pwl format must have 4 to 24 bits, not 32 as SQ(4,28)", DescriptionError):
        fit(FUNCTIONS["tanh"], segments=4, format=SQ(4, 28))
    with np.errstate(divide="ignore"), refused("Function inverse must be finite over SQ(4,12)", DescriptionError):
        fit(Function("inverse", lambda x: 1 / x), segments=4, format=FORMAT)


@pytest.mark.parametrize("name", ["sigmoid", "hard-sigmoid", "tanh", "gelu"])
@pytest.mark.parametrize("fraction", [15, 16, 19])
def test_functions_of_small_words_fit(name, fraction):
    """With all x near zero a sigmoid is nearly flat, and its offset must still fit its word."""
    f = fit(FUNCTIONS[name], segments=8, format=SQ(16 - fraction, fraction), output=SQ(2, 14))
    assert f.max_error <= 1e-3
