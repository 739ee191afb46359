"""The circuit side of :mod:`hadamac.numeric`: rounding and saturation, combinational and pipelined."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.numeric import Requantise

__all__ = ["round_up", "round_half_even", "saturate", "Requantiser", "add_and_round", "add_with_carry",
           "delayed", "reached", "rounded"]


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


def reached(m: Module, counter: Value, target: int) -> Value:
    """``counter == target``, for a counter that counts up by 1, or falls to 0, at most once a cycle.

    All but its last bits are compared a cycle early, or, within an If, with the count before.
    """
    bits = next((k for k in range(2, len(counter)) if target % (1 << k)), None)
    if bits is None or len(counter) <= bits + 1:
        return counter == target
    near = Signal(name="near")
    m.d.sync += near.eq(counter[bits:] == target >> bits)
    return near & (counter[:bits] == target % (1 << bits))


def add_and_round(m: Module, a: Value, b: Value, drop: int, *, subtract: bool = False, name: str) -> Value:
    """``round_half_even((a + b) / 2**drop)``, or of ``a - b``, all signed, ``a`` and ``b`` of equal width.

    The dropped bits (or half the word) and the others are summed apart; then one adder takes the carry
    and the half in one, so no carry chain spans the word.
    Timing: ``timing.SUM`` cycles, the first to bring operands near.
    """
    cut = drop or len(a) // 2
    if subtract:
        b = Cat(b[:cut], ~b[cut:])
    a, b = (delayed(m, v, 1, f"{name}_{n}") for v, n in ((a, "a"), (b, "b")))
    low = Signal(cut + 1, name=f"{name}_low", reset_less=True)
    high = Signal(signed(len(a) + 2 - cut), name=f"{name}_high", reset_less=True)
    # The last bit of low is the carry; of a difference it is the 1 above a that no borrow took: a + ~b lacks 1.
    m.d.sync += [
        low.eq(Cat(a[:cut], 1) - b[:cut] if subtract else a[:cut] + b[:cut]),
        high.eq(a[cut:].as_signed() + b[cut:].as_signed()),
    ]
    if drop:
        # Whether the sum's last bits are all 0 is seen without its carries: below a bit that is, a carry is an or.
        parity = a[: cut - 1] ^ b[: cut - 1]
        differ = parity if subtract else parity ^ Cat(0, a[: cut - 1] | b[: cut - 1])[: cut - 1]
        zeros = Signal(-(-len(differ) // 2), name=f"{name}_zeros", reset_less=True)
        m.d.sync += [zero.eq(~differ[2 * k : 2 * k + 2].any()) for k, zero in enumerate(zeros)]
        # The tie is settled behind the register: it has many terms.
        tie = Signal(name=f"{name}_tie", reset_less=True)
        m.d.sync += tie.eq(low[cut - 1] & zeros.all())
        total = rounded(m, high, low[cut - 1], 0, carry=low[cut], name=f"{name}_rounded")
        return Cat(total[0] & ~tie, total[1:]).as_signed()
    total = Signal(signed(len(a) + 1), name=f"{name}_total", reset_less=True)
    m.d.sync += total.eq(Cat(low[:cut], add_with_carry(high, 0, low[cut])))
    return total


def rounded(m: Module, value: Value, half: Value, exact: Value, *, carry: Value | None = None, name: str) -> Value:
    """Register of ``value + carry`` and one more where ``half``; where that half is ``exact``, to even.

    Half up in the adder; an exact half then has its last bit cleared, which keeps the sticky bits off the
    carry chain.
    """
    carry = Const(0, 1) if carry is None else carry
    up = add_with_carry(value, Cat(half, 0), carry)[: len(value)]
    total = Signal(signed(len(value)), name=name, reset_less=True)
    # The last bit once more, lest it wait for the carry chain.
    m.d.sync += total.eq(Cat((value[0] ^ carry ^ half) & ~(half & exact), up[1:]))
    return total


def delayed(m: Module, value, cycles: int, name: str = "delayed"):
    """``value`` after ``cycles`` registers; only single bits (valid, step, start) are reset."""
    for k in range(cycles):
        shape = value.shape()
        reg = Signal(shape, name=f"{name}_{k + 1}", reset_less=Shape.cast(shape).width > 1)
        m.d.sync += reg.eq(value)
        value = reg
    return value


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
            exact = ~wide[: drop - 1].any() if drop > 1 else Const(1)
            value = rounded(m, wide >> drop, half, exact, name="rounded")
        if self.rule.saturates:
            clipped, overflow = saturate(value, width)
            o, over = Signal(signed(width), reset_less=True), Signal(reset_less=True)
            m.d.sync += [o.eq(clipped), over.eq(overflow)]
            m.d.comb += [self.o.eq(o), self.overflow.eq(over)]
        else:
            m.d.comb += self.o.eq(value)
        return m
