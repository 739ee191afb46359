# amaranth: UnusedElaboratable=no
"""Quadratic activation: words against fractions, fitted words against the function, refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.quadratic import INNER, QuadraticPlan, quadratic_plan
from hadamac.numeric import SQ
from hadamac_hw.layers.quadratic import Quadratic
from support.seeds import refused, rng
from support.stimuli import limits

# Coefficients: even, odd, general, a line, a steep curve, nearly zero, zero.
FUNCTIONS = [(0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.4, 0.5, 0.11), (-1.7, -0.3, 0.0), (0.2, 1.9, -3.3),
             (1e-5, -2e-6, 3e-7), (0.0, 0.0, 0.0)]


def plain(plan: QuadraticPlan, x: int) -> tuple[int, bool]:
    def step(value, shift, width):
        exact = round(Fraction(value, 2**shift))
        low, high = limits(width)
        return max(low, min(high, exact)), not low <= exact <= high

    t, inner = step(plan.c2 * x + plan.c1, plan.shifts[0], 18)
    y, outer = step(t * x + plan.c0, plan.shifts[1], plan.width)
    return y, inner or outer


def random_plan(r, width: int, coefficient_width: int, shifts) -> QuadraticPlan:
    c0, c1, c2 = (int(r.integers(*limits(bits), endpoint=True))
                  for bits in (width + 18, width + coefficient_width, coefficient_width))
    return QuadraticPlan(width=width, c0=c0, c1=c1, c2=c2, shifts=shifts, coefficient_width=coefficient_width)


@pytest.mark.parametrize(("width", "coefficient_width", "shifts"),
                         [(2, 2, (0, 0)), (8, 8, (0, 10)), (8, 16, (6, 25)), (10, 16, (25, 27)), (12, 18, (12, 18))])
def test_every_word_against_fractions(width, coefficient_width, shifts):
    plan = random_plan(rng("quadratic", width), width, coefficient_width, shifts)
    low, high = limits(width)
    words = np.arange(low, high + 1)
    y, overflow = plan.run(words)
    expected = [plain(plan, x) for x in words.tolist()]
    assert y.astype(int).tolist() == [v for v, _ in expected]
    assert overflow.tolist() == [flag for _, flag in expected]
    np.testing.assert_array_equal(Quadratic(plan=plan).model(words), y)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("format", "out_format", "coefficient_width"), [
    (SQ(3, 7), SQ(3, 7), 16), (SQ(3, 7), SQ(6, 4), 16), (SQ(1, 9), SQ(2, 8), 8), (SQ(4, 12), SQ(4, 12), 16),
    (SQ(4, 12), SQ(8, 8), 18)])
def test_fitted_words_against_the_function(function, format, out_format, coefficient_width):
    """All words of 10 bits, and random and edge words of 16, are off by no more than ``error`` says."""
    plan = quadratic_plan(function, in_format=format, out_format=out_format, coefficient_width=coefficient_width)
    low, high = limits(format.width)
    words = np.arange(low, high + 1)
    if format.width > 10:
        words = np.r_[low, -1, 0, 1, high, rng("fitted", function).integers(low, high, 4000, endpoint=True)]
    y, overflow = plan.run(words)
    a0, a1, a2 = function
    x = format.value(words)
    exact = (a0 + a1 * x + a2 * x * x) * 2.0**out_format.f
    bound = plan.error(words)
    inside = (exact > limits(format.width)[0] - 0.5 + bound) & (exact < limits(format.width)[1] + 0.5 - bound)
    assert inside.any() and not overflow[inside].any()
    assert (np.abs(y - exact) <= bound)[inside].all()
    outside = (exact < limits(format.width)[0] - 0.5 - bound) | (exact > limits(format.width)[1] + 0.5 + bound)
    assert overflow[outside].all()


def test_the_error_is_small_where_it_matters():
    """The error of ``0.4 + 0.5 x + 0.11 x**2`` in SQ(4,12) is below 0.9 last bits, and its bound below 1.6."""
    plan = quadratic_plan((0.4, 0.5, 0.11), in_format=SQ(4, 12), out_format=SQ(4, 12))
    words = np.arange(-(2**15), 2**15)
    x = words / 4096
    exact = (0.4 + 0.5 * x + 0.11 * x * x) * 4096
    inside = exact < 2**15 - 1
    assert np.abs(plan.run(words)[0] - exact)[inside].max() < 0.9
    assert plan.error(words).max() < 1.6


def test_t_never_overflows():
    r = rng("fits")
    for _ in range(100):
        plan = quadratic_plan(r.normal(0, 10.0 ** r.uniform(-4, 1, 3)), in_format=SQ(4, 8), out_format=SQ(4, 8))
        for x in (-(2**11), 2**11 - 1):
            t = round(Fraction(plan.c2 * x + plan.c1, 2 ** plan.shifts[0]))
            assert -(2**17) <= t < 2**17
        if plan.shifts[1] < plan.width + INNER - 1:  # words twice as fine would not fit: one of them is large
            large = [abs(c) >= 2 ** (bits - 3) for c, bits in ((plan.c0, plan.width + INNER), (plan.c2, 16))]
            large += [abs(plan.c2 * x + plan.c1) >= 2 ** (16 + plan.shifts[0]) - 2 ** plan.shifts[0]
                      for x in (-(2**11), 2**11 - 1)]
            large += [abs(plan.c1) >= 2 ** (12 + 16 - 3)]
            assert any(large), plan


def test_refusals():
    plan = QuadraticPlan(width=8, c0=0, c1=0, c2=0, shifts=(0, 0), coefficient_width=8)
    cases = [
        ({"width": 1}, "Quadratic width must be an integer from 2 to 18, not 1"),
        ({"width": 19}, "Quadratic width must be an integer from 2 to 18, not 19"),
        ({"coefficient_width": 8.0}, "Quadratic coefficient_width must be an integer from 2 to 18, not 8.0"),
        ({"c0": 2**25}, "Quadratic c0 must fit 26 signed bits, not 33554432"),
        ({"c1": -(2**15) - 1}, "Quadratic c1 must fit 16 signed bits, not -32769"),
        ({"c2": 128}, "Quadratic c2 must fit 8 signed bits, not 128"),
        ({"c2": 0.5}, "Quadratic c2 must fit 8 signed bits, not 0.5"),
        ({"shifts": (16, 0)}, "Quadratic shifts must be from 0 to 15 and 25, not (16, 0)"),
        ({"shifts": (0, 26)}, "Quadratic shifts must be from 0 to 15 and 25, not (0, 26)"),
        ({"shifts": (0,)}, "Quadratic shifts must be from 0 to 15 and 25, not (0,)"),
    ]
    for change, message in cases:
        with refused(message, DescriptionError):
            replace(plan, **change)
    formats = {"in_format": SQ(4, 4), "out_format": SQ(4, 4)}
    with refused("Quadratic coefficients must be three finite numbers, not (1, 2)", DescriptionError):
        quadratic_plan((1, 2), **formats)
    with refused("Quadratic coefficients must be three finite numbers, not (1, 2, inf)", DescriptionError):
        quadratic_plan((1, 2, float("inf")), **formats)
    with refused("Quadratic formats must be equally wide, not SQ(4,4) and SQ(4,5)", DescriptionError):
        quadratic_plan((1, 2, 3), in_format=SQ(4, 4), out_format=SQ(4, 5))
    with refused("Quadratic coefficients must suit SQ(4,4) and SQ(4,4) at 16 bits, not (0, 1000000.0, 0): they exceed "
                 "every shift", DescriptionError):
        quadratic_plan((0, 1e6, 0), **formats)
    with refused("Quadratic plan must be a QuadraticPlan, not 3", DescriptionError):
        Quadratic(plan=3)
