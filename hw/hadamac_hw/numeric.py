"""The circuit side of :mod:`hadamac.numeric`: rounding and saturation, combinational and pipelined."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import Requantise

__all__ = ["round_up", "round_half_even", "saturate", "Requantiser", "add_and_round", "add_with_carry"]


def round_up(value: Value, drop: int) -> Value:
    """1 where round_half_even adds one to ``value >> drop``: above half, or at half and odd."""
    if drop == 0:
        return Const(0, 1)
    low = value[: drop - 1]
    return value[drop - 1] & (low.any() | value[drop]) if drop > 1 else value[0] & value[1]


def _extended(value: Value, drop: int) -> Value:
    """One sign bit more, or as many as make ``value[drop]`` exist."""
    return Cat(value, value[-1].replicate(max(1, drop + 1 - len(value)))).as_signed()


def round_half_even(value: Value, drop: int) -> Value:
    """``value / 2**drop`` to the nearest integer, ties to even; one bit wider than the shift."""
    if drop == 0:
        return value
    wide = _extended(value, drop)
    return (wide >> drop) + Cat(round_up(wide, drop), 0).as_signed()


def saturate(value: Value, width: int) -> tuple[Value, Value]:
    """``(clipped, overflow)``: ``value`` clipped to ``width`` signed bits."""
    if len(value) <= width:
        return value, Const(0, 1)
    top = value[width - 1 :]
    overflow = ~(top.all() | ~top.any())
    limit = Cat((~value[-1]).replicate(width - 1), value[-1])
    return Mux(overflow, limit, value[:width]).as_signed(), overflow


def add_with_carry(a: Value, b: Value, carry: Value) -> Value:
    """``a + b + carry`` (signed) in one adder: the carry enters below the last bit."""
    return (Cat(1, a).as_signed() + Cat(carry, b).as_signed()) >> 1


def add_and_round(m: Module, a: Value, b: Value, drop: int, *, subtract: bool = False, name: str) -> Value:
    """``round_half_even((a + b) / 2**drop)``, or of ``a - b``, all signed, ``a`` and ``b`` of equal width.

    First the dropped bits, or half the word, then the others with their carry: no carry chain spans the word.
    Timing: 2 cycles, and one to round where ``drop`` is not 0.
    """
    cut = drop or len(a) // 2
    low = Signal(cut + 1, name=f"{name}_low", reset_less=True)
    a_high, b_high = (Signal(signed(len(a) - cut), name=f"{name}_{n}", reset_less=True) for n in "ab")
    high = Signal(signed(len(a) + 1 - cut), name=f"{name}_high", reset_less=True)
    m.d.sync += [
        # The last bit is the carry; of a difference it is the 1 above a that no borrow took.
        low.eq(Cat(a[:cut], 1) - b[:cut] if subtract else a[:cut] + b[:cut]),
        a_high.eq(a[cut:]), b_high.eq(~b[cut:] if subtract else b[cut:]),
        high.eq(add_with_carry(a_high, b_high, low[cut])),
    ]
    if not drop:
        rest = Signal(cut, name=f"{name}_rest", reset_less=True)
        m.d.sync += rest.eq(low[:cut])
        return Cat(rest, high).as_signed()
    half, tie = Signal(name=f"{name}_half", reset_less=True), Signal(name=f"{name}_tie", reset_less=True)
    m.d.sync += [half.eq(low[cut - 1]), tie.eq(low[cut - 1] & ~low[: cut - 1].any())]
    return _rounded(m, high, half, tie, name=f"{name}_rounded")


def _rounded(m: Module, value: Value, half: Value, tie: Value, *, name: str) -> Value:
    """Register of ``value`` plus one where ``half``; where that half is a ``tie``, to even.

    Half up in the adder's carry; a tie then has its last bit cleared, which keeps the sticky bits off the
    carry chain.
    """
    up = (value + Cat(half, 0).as_signed())[: len(value)]
    rounded = Signal(signed(len(value)), name=name, reset_less=True)
    m.d.sync += rounded.eq(Cat(up[0] & ~tie, up[1:]))
    return rounded


class Requantiser(wiring.Component):
    """``saturate(round_half_even(i, drop), width)``, free-running.

    Timing: ``timing.requantise`` cycles (one to round, one to saturate), one result per cycle.
    ``overflow`` belongs to ``o`` of the same cycle.
    """

    def __init__(self, rule: Requantise, *, in_width: int):
        self.rule = rule
        self.in_width = in_width
        self.latency = timing.requantise(rule)
        super().__init__({"i": In(signed(in_width)), "o": Out(signed(rule.width)), "overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        value = self.i
        drop, width = self.rule.drop, self.rule.width
        if drop:
            wide = _extended(value, drop)
            half = wide[drop - 1]
            value = _rounded(m, wide >> drop, half, half & ~wide[: drop - 1].any() if drop > 1 else half, name="rounded")
        if self.rule.saturates:
            clipped, overflow = saturate(value, width)
            m.d.sync += [self.o.eq(clipped), self.overflow.eq(overflow)]
        else:
            m.d.comb += self.o.eq(value)
        return m
