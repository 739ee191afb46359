"""Tests of fixed-point words: NumPy's functions against fractions, and their circuits against NumPy, exhaustively."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

from hadamac import numeric, timing
from hadamac.errors import DataError
from hadamac.numeric import SQ, Requantise, clip_frames, pack, round_half_even, saturate, swap, to_integers, unpack
from hadamac_hw.base import numeric as circuit
from support.seeds import refused, rng

LAST = 2**52
"""Magnitude from which on a careless use of floats would lose bits."""


def exact(word: int, drop: int) -> int:
    """Return word / 2**drop rounded to the nearest integer, ties to even, in exact arithmetic."""
    return round(Fraction(word) / Fraction(2) ** drop)


def clipped(word: int, width: int) -> int:
    return max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, word))


@pytest.mark.parametrize("drop", [0, 1, 2, 3, 7, 20, 51, 52, 60])
def test_round_half_even_is_exact(drop):
    r = rng("round", drop)
    near = [k * 2**drop // 2 + d for k in range(-9, 10) for d in (-1, 0, 1)]
    words = [w for w in near if abs(w) <= 2 * LAST] + r.integers(-2 * LAST, 2 * LAST, 500).tolist() + [2 * LAST - 1, -2 * LAST]
    got = to_integers(round_half_even(np.array(words, dtype=float), drop)).tolist()
    assert got == [exact(w, drop) for w in words]


@pytest.mark.parametrize("drop", [-1, -5, -20])
def test_negative_drop_shifts_left(drop):
    words = rng("left", drop).integers(-(2**30), 2**30, 100)
    np.testing.assert_array_equal(round_half_even(words.astype(float), drop), words * 2**-drop)


def test_rounding_acts_on_both_parts_and_leaves_its_operand():
    z = np.array([3 + 5j, -3 - 1j, 2 + 6j, 1 - 7j])
    before = z.copy()
    np.testing.assert_array_equal(round_half_even(z, 1), [2 + 2j, -2 + 0j, 1 + 3j, 0 - 4j])
    np.testing.assert_array_equal(z, before)
    np.testing.assert_array_equal(saturate(z, 3), [3 + 3j, -3 - 1j, 2 + 3j, 1 - 4j])
    np.testing.assert_array_equal(z, before)
    np.testing.assert_array_equal(swap(z), before.imag + 1j * before.real)


@pytest.mark.parametrize("width", [1, 2, 8, 24, 53])
def test_saturate(width):
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    words = [low - 1, low, low + 1, -1, 0, high - 1, high, high + 1, 4 * low, 4 * high + 3]
    words = [w for w in words if abs(w) <= 2**53]
    expected = [clipped(w, width) for w in words]
    for dtype in (np.float64, np.int64):
        got = saturate(np.array(words, dtype=dtype), width)
        assert to_integers(got).tolist() == expected
    square = np.array(words[:8], dtype=float).reshape(2, 4)
    np.testing.assert_array_equal(saturate(square.T, width), np.array(expected[:8]).reshape(2, 4).T)
    z = square - 1j * square
    np.testing.assert_array_equal(saturate(z, width).imag, saturate(-square, width))


def test_clip_frames_tells_which_frame():
    x = np.zeros((4, 2, 3))
    x[1, 1, 2], x[2, 0, 0], x[3] = 8, -8, 7
    y, overflow = clip_frames(x, 4)
    assert overflow.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(y, np.clip(x, -8, 7))
    z = x - 1j * x
    y, overflow = clip_frames(z, 4)
    assert overflow.tolist() == [False, True, True, False]  # -(-8) = 8
    np.testing.assert_array_equal(y.imag, np.clip(-x, -8, 7))
    y, overflow = clip_frames(x.astype(np.int64), 4)
    assert to_integers(y).tolist() == np.clip(x, -8, 7).tolist() and overflow.tolist() == [False, True, False, False]
    y, overflow = clip_frames(x[:0], 4)
    assert y.shape == (0, 2, 3) and overflow.shape == (0,)
    assert clip_frames(np.array([9.0, 1.0]), 4)[1].tolist() == [True, False]


@pytest.mark.parametrize("width", [1, 2, 7, 16, 31])
def test_pack_and_unpack(width):
    r = rng("pack", width)
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    parts = [low, high, 0, -1 if width > 1 else 0, *r.integers(low, high, 50, endpoint=True).tolist()]
    re, im = np.array(parts), np.array(parts[::-1])
    words = pack(re + 1j * im, width)
    assert [int(w) for w in words] == [int(a) % (1 << width) + (int(b) % (1 << width) << width) for a, b in zip(re, im)]
    np.testing.assert_array_equal(unpack(words, width), re + 1j * im)


def test_format():
    q = SQ(3, 5)
    assert (q.width, q.low, q.high, str(q)) == (8, -128, 127, "SQ(3,5)")
    x = [0.0, 0.046875, 0.078125, -0.046875, 3.96, 3.99, 4.0, -4.0, -4.1, 1e9]
    assert to_integers(q.quantise(x)).tolist() == [clipped(round(Fraction(v) * 32), 8) for v in x]
    np.testing.assert_array_equal(q.value(q.quantise(x))[:3], [0, 0.0625, 0.0625])  # ties to even words
    z = q.quantise(np.array([0.3 - 9j]))
    np.testing.assert_array_equal(z, [10 - 128j])


@pytest.mark.parametrize("q", [SQ(8, 0), SQ(10, -2), SQ(-3, 11), SQ(1, 0), SQ(20, 33)], ids=str)
def test_quantise_gives_words_of_every_format(q):
    r = rng("quantise", str(q))
    scale = 2.0 ** (q.i - 1)
    x = np.concatenate([r.uniform(-1.2, 1.2, 200) * scale, [0.5, 1.5, -2.5, 3.0]])
    got = to_integers(q.quantise(x))
    assert got.tolist() == [clipped(round(Fraction(float(v)) * Fraction(2) ** q.f), q.width) for v in x]
    np.testing.assert_array_equal(q.quantise(x), got)  # integral as they come
    whole = np.array([-3, 0, 5])
    np.testing.assert_array_equal(q.quantise(whole), q.quantise(whole.astype(float)))
    assert float(q.quantise(0.3)) == float(q.quantise([0.3])[0])


def test_format_refusals():
    for i, f, message in (
        (0, 0, "SQ width i + f must be from 1 to 53, not 0 of SQ(0,0)"),
        (54, 0, "SQ width i + f must be from 1 to 53, not 54 of SQ(54,0)"),
        (1.0, 3, "SQ must have integer i and f, not SQ(1.0, 3)"),
        (1, "3", "SQ must have integer i and f, not SQ(1, '3')"),
        (None, 3, "SQ must have integer i and f, not SQ(None, 3)"),
    ):
        with refused(message, DataError):
            SQ(i, f)


def simulate(m: Module, testbench) -> None:
    m.d.sync += Signal().eq(1)  # a clock even where nothing else needs one
    sim = Simulator(m)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


def test_combinational_twins_exhaustively():
    """Compare all values of up to 6 bits, with all drops to beyond the width and all output widths."""
    m = Module()
    sources = {width: Signal(signed(width), name=f"x{width}") for width in range(1, 7)}
    rounds, clips = {}, {}
    for width, x in sources.items():
        for drop in range(width + 3):
            out = circuit.round_half_even(x, drop)
            rounds[width, drop] = y = Signal(out.shape(), name=f"round{width}_{drop}")
            m.d.comb += y.eq(out)
        for kept in range(1, 8):
            out, over = circuit.saturate(x, kept)
            assert len(out) <= kept
            clips[width, kept] = y, flag = Signal(out.shape(), name=f"clip{width}_{kept}"), Signal()
            m.d.comb += [y.eq(out), flag.eq(over)]
    wrong = []

    async def bench(ctx):
        for k in range(64):
            values = {width: (k % (1 << width)) - (1 << (width - 1)) for width in sources}
            for width, x in sources.items():
                ctx.set(x, values[width])
            for (width, drop), y in rounds.items():
                expected = float(round_half_even(np.array([values[width]], dtype=float), drop)[0])
                if ctx.get(y) != expected:
                    wrong.append(("round", width, drop, values[width], expected, ctx.get(y)))
            for (width, kept), (y, flag) in clips.items():
                expected = clipped(values[width], kept)
                if (ctx.get(y), ctx.get(flag)) != (expected, expected != values[width]):
                    wrong.append(("clip", width, kept, values[width], expected, ctx.get(y), ctx.get(flag)))

    simulate(m, bench)
    assert not wrong


def test_requantiser_exhaustively():
    """Compare result, flag and latency of every rule for every value of 6 bits, one a cycle."""
    m = Module()
    x = Signal(signed(6))
    cases = []
    for drop in range(9):
        for saturates in (False, True):
            for width in (1, 2, 3, 5, 7) if saturates else (max(1, 7 - drop),):
                rule = Requantise(drop, width, saturates)
                block = circuit.Requantiser(rule, in_width=6)
                m.submodules[f"block{len(cases)}"] = block
                m.d.comb += block.i.eq(x)
                assert block.latency == timing.requantise(rule) == (drop > 0) + 2 * saturates
                cases.append((rule, block))
    values = [k - 32 for k in range(64)]
    wrong = []

    async def bench(ctx):
        for cycle in range(len(values) + 4):
            ctx.set(x, values[cycle % 64])
            for rule, block in cases:
                at = cycle - block.latency
                if 0 <= at < 64:
                    y = numeric.round_half_even(np.array([values[at]], dtype=float), rule.drop)
                    expected, over = clip_frames(y, rule.width) if rule.saturates else (y, [False])
                    got = ctx.get(block.o), ctx.get(block.overflow)
                    if got != (expected[0], over[0]):
                        wrong.append((rule, values[at], expected[0], over[0], *got))
            await ctx.tick()

    simulate(m, bench)
    assert not wrong


def test_adders_exhaustively():
    """Compare an adder with a carry, and sums and differences rounded by every drop, for all pairs of 2 to 5 bits."""
    m = Module()
    words = {width: (Signal(signed(width), name=f"a{width}"), Signal(signed(width), name=f"b{width}")) for width in range(2, 6)}
    carry = Signal()
    outputs = {}
    for width, (a, b) in words.items():
        for kind, drop in [("carry", 0), *((k, d) for k in ("sum", "difference") for d in range(width))]:
            if kind == "carry":
                value = circuit.add_with_carry(a, b, carry)
            else:
                value = circuit.add_and_round(m, a, b, drop, subtract=kind == "difference", name=f"{kind}{width}_{drop}")
            outputs[width, kind, drop] = y = Signal(value.shape(), name=f"y{width}_{kind}_{drop}")
            m.d.comb += y.eq(value)
    wrong = []

    async def bench(ctx):
        sent = []
        for k in range(2 * 1024 + timing.SUM):
            numbers = {w: ((k % (1 << w)) - (1 << (w - 1)), (k >> 5) % (1 << w) - (1 << (w - 1))) for w in words}
            for width, pair in words.items():
                for signal, value in zip(pair, numbers[width]):
                    ctx.set(signal, value)
            ctx.set(carry, (k >> 10) & 1)
            sent.append(numbers)
            for (width, kind, drop), y in outputs.items():
                a, b = numbers[width]
                if kind == "carry":
                    expected = a + b + ((k >> 10) & 1)
                elif k < timing.SUM:
                    continue
                else:
                    a, b = sent[k - timing.SUM][width]
                    expected = round(Fraction(a + b if kind == "sum" else a - b, 1 << drop))  # half to even
                if ctx.get(y) != expected:
                    wrong.append((width, kind, drop, a, b, expected, ctx.get(y)))
            await ctx.tick()

    simulate(m, bench)
    assert not wrong, wrong[:5]
