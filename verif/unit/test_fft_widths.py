"""Widths of the FFT: every word between the steps fits, by proof for any parameters and with adversarial frames."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.fft.plan import SCALINGS, FftPlan
from hadamac.model.fft.steps import Butterfly, Twiddle
from hadamac.numeric import Requantise, Rescale, swap
from support.seeds import rng
from support.stimuli import corners, limits, maximising, nasty

PLANS = [
    FftPlan(size=4, width=10),
    FftPlan(size=8, width=10, schedule=(0, 0, 0)),
    FftPlan(size=8, width=4, twiddle_width=6, guard=0),
    FftPlan(size=16, width=16, schedule=(1, 0, 0, 1), out_width=18),
    FftPlan(size=32, width=12, schedule=(0, 1, 0, 1, 0), twiddle_width=12),
    FftPlan(size=32, width=18),
    FftPlan(size=64, width=16),
    FftPlan(size=64, width=17, schedule=(0,) * 6, out_width=24),
    FftPlan(size=64, width=16, operand_width=12, guard=0),
    FftPlan(size=128, width=10, twiddle_width=8, schedule=(1, 1, 0, 0, 1, 1, 0)),
    FftPlan(size=64, width=16, scaling="full"),
    FftPlan(size=128, width=10, operand_width=10, scaling="full", guard=0),
    FftPlan(size=64, width=12, operand_width=13, out_width=10, scaling="block"),
    FftPlan(size=32, width=12, operand_width=12, twiddle_width=8, scaling="run-time"),
    FftPlan(size=64, width=24, scaling="full"),
]


def name(plan: FftPlan) -> str:
    scale = "".join(map(str, plan.schedule)) if plan.scaling == "schedule" else plan.scaling
    return f"{plan.size}-{plan.width}-{plan.out_width}-{scale}"


def integers(plan: FftPlan, x, inverse: bool = False, ones: int = 0):
    """Yield (step, re, im), the words between the steps in int64 arithmetic, and lastly the output in natural order.

    Independent of the model: index by index, as the signal flow graph draws it.
    """
    re, im = np.rint(x.real).astype(np.int64), np.rint(x.imag).astype(np.int64)
    if inverse:
        re, im = im, re

    def rounded(v, drop):
        half, kept = (1 << drop) >> 1, v >> drop
        rest = v - (kept << drop)
        return kept + (((rest > half) | ((rest == half) & (kept % 2 == 1))) & (drop > 0))

    def requantise(v, rule):
        v = rounded(v, rule.drop)
        return np.clip(v, *limits(rule.width)) if rule.saturates else v

    def fits(re, im, width):
        low, high = limits(width)
        return (re >= low) & (re <= high) & (im >= low) & (im <= high)

    for step in (*plan.steps, plan.output):
        if isinstance(step, Butterfly):
            n = np.arange(plan.size)
            late = (n // step.delay) % 2 == 1
            first, second = n - step.delay * late, n + step.delay * ~late
            ar, ai, br, bi = re[..., first], im[..., first], re[..., second], im[..., second]
            turn = (n // (2 * step.delay)) % 2 == 1 if step.rotate else np.zeros(plan.size, dtype=bool)
            br, bi = np.where(turn, bi, br), np.where(turn, -br, bi)
            sign = np.where(late, -1, 1)
            re, im = ar + sign * br, ai + sign * bi
            yield step, re, im
        elif isinstance(step, Twiddle):
            up = np.zeros(re.shape, dtype=np.int64)
            for shift in range(step.most):
                up[~fits(re >> shift, im >> shift, step.operand.width - 1)] = shift + 1
            re, im = rounded(re, up), rounded(im, up)
            re, im = requantise(re, step.operand), requantise(im, step.operand)
            yield step.operand, re, im
            angle = 2 * np.pi * np.array(step.exponents) / step.block
            one = 1 << (plan.twiddle_width - 2)
            c, s = np.rint(np.cos(angle) * one).astype(np.int64), np.rint(-np.sin(angle) * one).astype(np.int64)
            c, s = np.tile(c, plan.size // step.block), np.tile(s, plan.size // step.block)
            re, im = requantise(re * c - im * s, step.product), requantise(re * s + im * c, step.product)
            yield step.product, re, im
            re, im = re << up, im << up
            yield step, re, im
        elif isinstance(step, Requantise):
            re, im = requantise(re, step), requantise(im, step)
            yield step, re, im
        else:
            drop = np.full((len(re), 1), step.drop + ones)
            if plan.scaling == "block":
                while (bad := ~fits(re >> drop, im >> drop, step.width).all(-1)).any():
                    drop[bad] += 1
            re, im = (np.clip(rounded(v, drop), *limits(step.width)) for v in (re, im))
            yield step, re, im
    order = [int(f"{k:0{plan.stages}b}"[::-1], 2) for k in range(plan.size)]
    re, im = re[..., order], im[..., order]
    yield None, *((im, re) if inverse else (re, im))


@pytest.mark.parametrize("plan", PLANS, ids=name)
@pytest.mark.parametrize("inverse", (False, True), ids=("forward", "inverse"))
def test_every_word_of_adversarial_frames_fits_its_width(plan, inverse):
    """Frames drive every position to its extremes, at every step; and the model gives the same bits as int64."""
    r = rng("adversarial", name(plan))
    worst = [maximising(plan.width, plan.size, k, inverse, turn) for k in range(plan.size)
             for turn in (0, 0.125, 0.25, 0.375, 0.5, 0.75)]
    x = np.concatenate([nasty(r, plan.width, plan.size), corners(r, plan.width, 50, plan.size), worst])
    x[:20] = swap(x[:20]) if inverse else x[:20]
    ones = 2 if plan.scaling == "run-time" else 0
    for step, re, im in integers(plan, x, inverse, ones):
        if step is not None:
            width = step.out_width if isinstance(step, (Butterfly, Twiddle)) else step.width
            low, high = limits(width)
            assert low <= min(re.min(), im.min()) and max(re.max(), im.max()) <= high, step
    y = plan.run(x, inverse, ones or None).y
    np.testing.assert_array_equal(y, re + 1j * im)


def test_widths_hold_by_proof_for_any_parameters():
    """Bounds on modulus and component are carried through the steps, with every rounding: no word leaves its width."""
    r = rng("proof")
    refusals = 0
    for _ in range(800):
        size = 2 ** int(r.integers(2, 12))
        options = {key: int(r.integers(low, high + 1)) for key, low, high in (
            ("width", 4, 24), ("out_width", 4, 32), ("twiddle_width", 6, 18), ("guard", 0, 8), ("operand_width", 8, 18))}
        if r.random() < 0.5:
            options["schedule"] = tuple(r.integers(0, 2, size.bit_length() - 1).tolist())
        options["scaling"] = "schedule" if "schedule" in options else SCALINGS[r.integers(4)]
        if r.random() < 0.5:
            options |= {"out_width": options["width"], "guard": 2, "operand_width": 18}
        try:
            plan = FftPlan(size=size, **options)
        except DescriptionError as error:
            assert str(error).startswith(("FFT operand_width ", "FFT out_width with a block exponent "))
            refusals += 1
            continue
        prove(plan)
    assert refusals < 400


def prove(plan: FftPlan) -> None:
    modulus = math.sqrt(2) * 2.0 ** (plan.width - 1)
    width = plan.width

    def requantised(rule: Requantise) -> None:
        nonlocal modulus, width
        modulus = modulus / 2**rule.drop + (math.sqrt(0.5) if rule.drop else 0)
        if rule.saturates:
            modulus = min(modulus, math.sqrt(2) * 2.0 ** (rule.width - 1))
        else:
            # The word before is an integer of `width` bits, and after a butterfly at most 2**(width - 1) - 2.
            component = min(modulus, (2.0 ** (width - 1) - 2) / 2**rule.drop)
            assert math.floor(component + (0.5 if rule.drop > 1 else 0)) < 2 ** (rule.width - 1), (plan, rule)
        width = rule.width

    for step in (*plan.steps, plan.output):
        if isinstance(step, Butterfly):
            assert step.in_width == width, (plan, step)
            modulus, width = 2 * modulus, step.out_width
        elif isinstance(step, Twiddle):
            assert step.in_width == width and step.operand.drop >= 0 and step.product.drop >= 0, (plan, step)
            assert step.operand.width - step.low <= plan.operand_width > step.low
            assert not step.low or step.block == plan.size and not step.most
            turned = 2.0 ** (plan.twiddle_width - 2) + math.sqrt(0.5)
            if not step.most:
                requantised(step.operand)
                modulus, width = modulus * turned, 64  # the product's sum is exact
                requantised(step.product)
                assert width == step.out_width
                continue
            # Whatever the shift, what it keeps has one bit less than the operand; and the largest is enough.
            high = step.most
            assert width - high == step.operand.width - 1
            part = 2.0 ** (step.operand.width - 2) * math.sqrt(2) * turned / 2**step.product.drop + 0.5
            assert part < 2 ** (step.product.width - 1)
            modulus = (modulus + math.sqrt(0.5) * 2**high) * turned / 2**step.product.drop + math.sqrt(0.5) * 2**high
            assert modulus < 2 ** (step.out_width - 1)
            width = step.out_width
        elif isinstance(step, Rescale):
            assert step.most <= plan.stages or plan.scaling == "block"
            assert step.most >= width - step.drop - step.width or plan.scaling == "run-time"
        else:
            requantised(step)
            assert width == plan.out_width
