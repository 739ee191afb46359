# amaranth: UnusedElaboratable=no
"""Reciprocal square root: its parts against exact integers, its error over every word of the table, the circuit."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model import rsqrt as model
from hadamac_hw.rsqrt import Rsqrt
from support.seeds import refused, rng


def edges(width: int) -> list[int]:
    """0, 1, and both sides of every power of two."""
    near = {(1 << k) + d for k in range(width + 1) for d in (-1, 0, 1)}
    return sorted(d for d in near | {0, 1} if d < 1 << width)


def spread(r, width: int, count: int) -> np.ndarray:
    """Operands of all magnitudes alike."""
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
    # What is cut off is less than a unit; so these are the two ends of the error over d.
    assert np.abs(mantissa * np.sqrt((n + 1) / 2**15) / 2**16 - 1).max() < 2**-15.2
    assert (np.diff(mantissa) <= 0).all()


def test_powers_of_four_are_exact():
    mantissa, exponent, _ = model.Rsqrt(width=52).run(4.0 ** np.arange(26))
    assert (mantissa == 2**16).all() and exponent.tolist() == list(range(26))


def test_the_table_is_one_newton_step():
    """Against Newton's formula from the interval's centre, in floats: never above it by more than its own error."""
    values, slopes = (np.array(words) for words in model.rsqrt_table())
    assert values.max() < 2**26 and slopes.max() < 2**10 and not values[:128].any() and not slopes[:128].any()
    k = np.arange(128, 512)
    r = np.sqrt(128 / (k + 0.5))
    for offset in (-128, 0, 127):
        n = (k + 0.5) / 128 + offset / 2**15
        step = r * (3 - n * r * r) / 2 * 2**16
        line = (values[k] - 2**9 - slopes[k] * offset) / 2**10
        assert (line - step > -0.07).all() and (line - step < 0.26).all()


@pytest.mark.parametrize("width, floor", [(3, 1), (16, 3), (52, 10), (52, 25)])
def test_operands_below_a_floor_count_as_it(width, floor):
    operands = np.array(edges(width) + spread(rng("floor", width, floor), width, 500).tolist())
    floored, plain = model.Rsqrt(width=width, floor=floor).run(operands), model.Rsqrt(width=width).run(operands)
    low = operands < 4**floor
    assert low.any() and not low.all()
    assert (floored[0][low] == 2**16 - 1).all() and (floored[1][low] == floor).all()
    for a, b in zip(floored, plain):
        np.testing.assert_array_equal(a[~low], b[~low])
    scale = floored[0] * 2.0**-floored[1]
    rise = np.diff(scale[np.argsort(operands, kind="stable")])
    assert (rise <= 2.0**-floor).all(), "of a larger operand the root is no more than a unit larger"


@pytest.mark.parametrize("floor", [-1, 8, 1.0, True])
def test_floor_refusals(floor):
    with refused(f"Rsqrt floor must be an integer from 0 to 7, not {floor!r}", DescriptionError):
        model.Rsqrt(width=16, floor=floor)


@pytest.mark.parametrize("width", [1, 53, 16.0, True, None])
def test_refusals(width):
    with refused(f"Rsqrt width must be an integer from 2 to 52, not {width!r}", DescriptionError):
        model.Rsqrt(width=width)


@pytest.mark.parametrize("width, floor", [(2, 0), (3, 0), (5, 0), (8, 0), (17, 0), (18, 0), (34, 0), (52, 0),
                                          (3, 1), (8, 3), (17, 4), (34, 16), (52, 10)])
def test_circuit(width, floor):
    plan = model.Rsqrt(width=width, floor=floor)
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
    assert block.latency == timing.rsqrt(width) == max((width + 1) // 2 - 1, 0).bit_length() + 6
