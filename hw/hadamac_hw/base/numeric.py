"""Rounding and saturation as circuits, combinational and pipelined: the counterparts of :mod:`hadamac.numeric`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.numeric import Requantise

from .targets import Target

__all__ = ["Requantiser", "add_and_round", "add_with_carry", "delayed", "reached", "round_half_even", "round_up",
           "rounded", "saturate", "saturated"]


def round_up(value: Value, drop: int) -> Value:
    """Return the bit that round_half_even adds to ``value >> drop``: 1 above a half, and at a half of an odd number."""
    if drop == 0:
        return Const(0, 1)
    low = value[: drop - 1]
    return value[drop - 1] & (low.any() | value[drop]) if drop > 1 else value[0] & value[1]


def _extended(value: Value, drop: int) -> Value:
    """Extend a value by copies of its sign bit: by one bit, or by as many as ``value[drop]`` needs to exist."""
    return Cat(value, value[-1].replicate(max(1, drop + 1 - len(value)))).as_signed()


def round_half_even(value: Value, drop: int) -> Value:
    """Round ``value / 2**drop`` to the nearest integer, ties to even; the result is one bit wider than the shift."""
    if drop == 0:
        return value
    wide = _extended(value, drop)
    return (wide >> drop) + Cat(round_up(wide, drop), 0).as_signed()


def saturate(value: Value, width: int) -> tuple[Value, Value]:
    """Return ``value`` clipped to ``width`` signed bits, and a bit that tells whether it was clipped."""
    if len(value) <= width:
        return value, Const(0, 1)
    top = value[width - 1 :]
    overflow = ~(top.all() | ~top.any())
    limit = Cat((~value[-1]).replicate(width - 1), value[-1])
    return Mux(overflow, limit, value[:width]).as_signed(), overflow


def saturated(m: Module, value: Value, width: int) -> tuple[Signal, Signal]:
    """Return two cycles later what `saturate` returns, the clipped value and the flag.

    The first cycle keeps one bit more than ``width``, in which a value that does not fit has two different highest
    bits; so only these decide in the second one.
    """
    kept = Signal(signed(width + 1), name="kept", reset_less=True)
    if len(value) > len(kept):
        value = Cat(value[: width - 1], value[-1] ^ saturate(value, width)[1], value[-1])
    m.d.sync += kept.eq(value)
    clipped, overflow = saturate(kept, width)
    o, over = Signal(signed(width), reset_less=True), Signal(reset_less=True)
    m.d.sync += [o.eq(clipped), over.eq(overflow)]
    return o, over


def add_with_carry(a: Value, b: Value, carry: Value) -> Value:
    """Return the signed sum ``a + b + carry`` of a single adder, which the carry enters below the lowest bit."""
    return (Cat(1, a).as_signed() + Cat(carry, b).as_signed()) >> 1


def reached(m: Module, counter: Value, target: int) -> Value:
    """Return ``counter == target`` for a counter that in each cycle keeps its value, counts up by 1 or falls to 0.

    The high bits are compared a cycle early, which shortens the path.  This is right because the comparison is split
    where the low part of ``target`` is not 0, so that the count before ``target`` has the same high part, and 0 has
    another low part.  Inside an ``If``, the high bits are those of the last cycle in which the condition held.
    """
    bits = next((k for k in range(2, len(counter)) if target % (1 << k)), None)
    if bits is None or len(counter) <= bits + 1:
        return counter == target
    near = Signal(name="near")
    m.d.sync += near.eq(counter[bits:] == target >> bits)
    return near & (counter[:bits] == target % (1 << bits))


def add_and_round(m: Module, a: Value, b: Value, drop: int, *, subtract: bool = False, name: str) -> Value:
    """Return the registered sum ``round_half_even((a + b) / 2**drop)``, or the difference likewise.

    All words are signed; ``a`` and ``b`` have the same width.  The dropped bits (without a ``drop`` the lower half of
    the word) and the other bits are summed separately; a second adder then adds the carry and the rounding half in
    one step, so no carry chain spans the whole word.

    Timing
    ------
    ``timing.SUM`` cycles.
    """
    cut = drop or len(a) // 2
    if subtract:
        b = Cat(b[:cut], ~b[cut:])
    low = Signal(cut + 1, name=f"{name}_low", reset_less=True)
    high = Signal(signed(len(a) + 2 - cut), name=f"{name}_high", reset_less=True)
    # The highest bit of low is the carry into high.  For a difference, high = a + ~b lacks 1; the 1 that is put above
    # a's low bits makes up for it, and is taken away where the low bits borrow.
    m.d.sync += [
        low.eq(Cat(a[:cut], 1) - b[:cut] if subtract else a[:cut] + b[:cut]),
        high.eq(a[cut:].as_signed() + b[cut:].as_signed()),
    ]
    if drop:
        # Whether the lowest bits of the sum are all 0 is found without its carry chain: if all lower sum bits are zero,
        # the carry is the OR of the operands' bits.
        parity = a[: cut - 1] ^ b[: cut - 1]
        differ = parity if subtract else parity ^ Cat(0, a[: cut - 1] | b[: cut - 1])[: cut - 1]
        zeros = Signal(-(-len(differ) // 2), name=f"{name}_zeros", reset_less=True)
        m.d.sync += [zero.eq(~differ[2 * k : 2 * k + 2].any()) for k, zero in enumerate(zeros)]
        # The tie has many terms, so it gets a register of its own, and is settled after the rounding register.
        tie = Signal(name=f"{name}_tie", reset_less=True)
        m.d.sync += tie.eq(low[cut - 1] & zeros.all())
        total = rounded(m, high, low[cut - 1], Const(0, 1), carry=low[cut], name=f"{name}_rounded")
        return Cat(total[0] & ~tie, total[1:]).as_signed()
    total = Signal(signed(len(a) + 1), name=f"{name}_total", reset_less=True)
    m.d.sync += total.eq(Cat(low[:cut], add_with_carry(high, Const(0, 1), low[cut])))
    return total


def rounded(m: Module, value: Value, half: Value, exact: Value, *, carry: Value | None = None, name: str) -> Value:
    """Return a register of ``value + carry``, rounded by the bit ``half`` below it: up, or to even if it is ``exact``.

    The adder always rounds a half up; an exact half then has its lowest bit cleared.  So the many bits that decide
    whether a half is exact stay out of the carry chain.
    """
    carry = Const(0, 1) if carry is None else carry
    up = add_with_carry(value, Cat(half, 0), carry)[: len(value)]
    total = Signal(signed(len(value)), name=name, reset_less=True)
    # The lowest bit is computed a second time, so that it need not wait for the carry chain.
    m.d.sync += total.eq(Cat((value[0] ^ carry ^ half) & ~(half & exact), up[1:]))
    return total


def delayed(m: Module, value: Value, cycles: int, name: str = "delayed") -> Value:
    """Return ``value`` after ``cycles`` registers; only single bits (valid, step, start) have a reset."""
    for k in range(cycles):
        shape = value.shape()
        reg = Signal(shape, name=f"{name}_{k + 1}", reset_less=Shape.cast(shape).width > 1)
        m.d.sync += reg.eq(value)
        value = reg
    return value


class Requantiser(wiring.Component):
    """Free-running pipeline of ``o = saturate(round_half_even(i / 2**drop), width)``.

    Parameters
    ----------
    rule : Requantise
        ``drop``, ``width``, and whether the result ``saturates``.
    in_width : int
        Bits of ``i``.

    Members
    -------
    i : In(signed(in_width))
    o : Out(signed(width))
    overflow : Out(1)
        The word that ``o`` shows in the same cycle was clipped.

    Timing
    ------
    ``latency = timing.requantise(rule)`` cycles (one to round, two to saturate), one result a cycle.
    """

    def __init__(self, rule: Requantise, *, in_width: int):
        self.rule = rule
        self.in_width = in_width
        self.latency = timing.requantise(rule)
        super().__init__({"i": In(signed(in_width)), "o": Out(signed(rule.width)), "overflow": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        value: Value = self.i
        drop = self.rule.drop
        width = self.rule.width
        if drop:
            wide = _extended(value, drop)
            half = wide[drop - 1]
            exact = ~wide[: drop - 1].any() if drop > 1 else Const(1)
            value = rounded(m, wide >> drop, half, exact, name="rounded")
        if self.rule.saturates:
            o, over = saturated(m, value, width)
            m.d.comb += [
                self.o.eq(o),
                self.overflow.eq(over),
            ]
        else:
            m.d.comb += self.o.eq(value)
        return m
