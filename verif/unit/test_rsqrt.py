# amaranth: UnusedElaboratable=no
"""Reciprocal square root: its parts against exact integers, its error over every word of the table, the circuit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadamac.errors import DescriptionError
from hadamac.model import rsqrt as model
from hadamac_hw.layers.rsqrt import Rsqrt
from support.seeds import refused, rng


def edges(width: int) -> list[int]:
    """Return 0, 1, and the neighbours of every power of two."""
    near = {(1 << k) + d for k in range(width + 1) for d in (-1, 0, 1)}
    return sorted(d for d in near | {0, 1} if d < 1 << width)


def spread(r, width: int, count: int) -> np.ndarray:
    """Return random operands, of every magnitude equally many."""
    return np.floor(2.0 ** r.uniform(0, width, count))


@pytest.mark.parametrize("width", [2, 3, 16, 33, 52])
def test_exponent_and_normalised_against_integers(width):
    operands = edges(width) + spread(rng("rsqrt", width), width, 2000).astype(int).tolist()
    mantissa, exponent, normalised = model.Rsqrt(width=width).run(np.array(operands))
    for d, r, e, n in zip(operands, mantissa.tolist(), exponent.tolist(), normalised.tolist()):
        if d == 0:
            assert (r, e, n) == (0, 0, 0)
            continue
        assert e == (d.bit_length() - 1) // 2 and n == (d << 15) >> 2 * int(e)
        assert 2**15 <= n < 2**17 and 2**15 <= r <= 2**16


def test_error_over_every_normalised_operand():
    n = np.arange(2**15, 2**17)
    mantissa, exponent, normalised = model.Rsqrt(width=32).run(n * 2**15)  # nothing is cut off
    np.testing.assert_array_equal(normalised, n)
    assert (exponent == 15).all()
    assert np.abs(mantissa * np.sqrt(n / 2**15) / 2**16 - 1).max() < 2**-15.8
    # The bits that are cut off make less than a unit, so these are the two ends of the error over d.
    assert np.abs(mantissa * np.sqrt((n + 1) / 2**15) / 2**16 - 1).max() < 2**-15.2
    assert (np.diff(mantissa) <= 0).all()


@pytest.mark.parametrize("square", [Fraction(1, 4), Fraction(1, 2), Fraction(8, 9), Fraction(1023, 1024)])
def test_error_with_a_gain(square):
    """The error in last bits is that for a gain of 1, and no word of the table exceeds the word for a gain of 1."""
    n, gain = np.arange(2**15, 2**17), float(square) ** 0.5
    mantissa, _, _ = model.Rsqrt(width=32, square=square).run(n * 2**15)
    assert np.abs(mantissa * np.sqrt(n / 2**15) / 2**16 / gain - 1).max() < 2**-15.8 / gain
    assert np.abs(mantissa * np.sqrt((n + 1) / 2**15) / 2**16 / gain - 1).max() < 2**-15.2 / gain
    assert (np.diff(mantissa) <= 0).all()
    for words, most in zip(model.rsqrt_table(square), model.rsqrt_table()):
        assert min(words) == 0 and all(a <= b for a, b in zip(words, most))


def test_powers_of_four_are_exact():
    mantissa, exponent, _ = model.Rsqrt(width=52).run(4.0 ** np.arange(26))
    assert (mantissa == 2**16).all() and exponent.tolist() == list(range(26))


def test_the_table_is_one_newton_step():
    """The table's line never exceeds Newton's formula from the interval's centre by more than that formula's error."""
    values, slopes = (np.array(words) for words in model.rsqrt_table())
    assert values.max() < 2**26 and slopes.max() < 2**10 and not values[:128].any() and not slopes[:128].any()
    k = np.arange(128, 512)
    r = np.sqrt(128 / (k + 0.5))
    for offset in (-128, 0, 127):
        n = (k + 0.5) / 128 + offset / 2**15
        step = r * (3 - n * r * r) / 2 * 2**16
        line = (values[k] - 2**9 - slopes[k] * offset) / 2**10
        assert (line - step > -0.07).all() and (line - step < 0.26).all()


@pytest.mark.parametrize("width, square, floor", [
    (3, Fraction(1), 1), (16, Fraction(1), 3), (52, Fraction(1), 10), (52, Fraction(1), 25), (16, Fraction(1, 4), 3),
    (16, Fraction(1, 2), 3), (38, Fraction(8, 9), 2), (38, Fraction(1023, 1024), 9), (52, Fraction(2**17 - 2, 2**17 - 1), 15)])
def test_operands_below_a_floor_count_as_it(width, square, floor):
    operands = np.array(edges(width) + spread(rng("floor", width, floor), width, 500).tolist())
    floored, plain = (model.Rsqrt(width=width, square=square, floor=k).run(operands) for k in (floor, 0))
    low = operands < 4**floor
    assert low.any() and not low.all()
    mantissa = min(round(float(square) ** 0.5 * 2**16), 2**16 - 1)
    assert (floored[0][low] == mantissa).all() and (floored[1][low] == floor).all()
    assert abs(mantissa - floored[0][operands == 4**floor][0]) <= 1
    for a, b in zip(floored, plain):
        np.testing.assert_array_equal(a[~low], b[~low])
    scale = floored[0] * 2.0**-floored[1]
    rise = np.diff(scale[np.argsort(operands, kind="stable")])
    assert (rise <= 2.0**-floor).all(), "the reciprocal root of a larger operand is at most a unit larger"


@pytest.mark.parametrize("square", [Fraction(1), Fraction(1, 4), Fraction(1, 2), Fraction(131070, 131071)])
def test_a_floor_widens_no_word(square):
    """A floor changes only the words at addresses below 128, and they fit the table's 26 and 10 bits."""
    values, slopes = (np.array(words) for words in model.rsqrt_table(square, floored=True))
    plain = [np.array(words) for words in model.rsqrt_table(square)]
    assert values.max() < 2**26 and not slopes[:128].any() and len(set(values[:128])) == 1
    np.testing.assert_array_equal(values[128:], plain[0][128:])
    np.testing.assert_array_equal(slopes, plain[1])


@pytest.mark.parametrize("floor", [-1, 8, 1.0, True])
def test_floor_refusals(floor):
    with refused(f"Rsqrt floor must be an integer from 0 to 7, not {floor!r}", DescriptionError):
        model.Rsqrt(width=16, floor=floor)


@pytest.mark.parametrize("width", [1, 53, 16.0, True, None])
def test_refusals(width):
    with refused(f"Rsqrt width must be an integer from 2 to 52, not {width!r}", DescriptionError):
        model.Rsqrt(width=width)


@pytest.mark.parametrize("square", [1, 0.5, Fraction(1, 5), Fraction(9, 8), None])
def test_refusals_of_a_gain(square):
    with refused(f"Rsqrt square must be a Fraction from 1/4 to 1, not {square!r}", DescriptionError):
        model.Rsqrt(width=8, square=square)


@pytest.mark.parametrize("width, square, floor", [
    *((w, Fraction(1), 0) for w in (2, 3, 5, 8, 17, 18, 34, 52)), (8, Fraction(1, 2), 0), (38, Fraction(8, 9), 0),
    (3, Fraction(1), 1), (8, Fraction(1), 3), (17, Fraction(1), 4), (34, Fraction(1), 16), (52, Fraction(1), 10),
    (8, Fraction(1, 2), 1), (38, Fraction(8, 9), 2)])
def test_circuit(width, square, floor):
    plan = model.Rsqrt(width=width, square=square, floor=floor)
    block = Rsqrt(plan)
    every = list(range(1 << width)) if width <= 8 else []
    sent = every + edges(width) + spread(rng("circuit", width), width, 500).astype(int).tolist()
    seen = []

    async def bench(ctx):
        for k in range(len(sent) + block.latency):
            ctx.set(block.i, sent[k % len(sent)])
            if k >= block.latency:
                seen.append([ctx.get(block.mantissa), ctx.get(block.exponent), ctx.get(block.normalised)])
            await ctx.tick()

    sim = Simulator(block)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    np.testing.assert_array_equal(seen, np.transpose(plan.run(np.array(sent))))
    assert block.latency == plan.pipeline == max((width + 1) // 2 - 1, 0).bit_length() + 10
