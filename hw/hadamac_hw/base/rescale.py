"""Shifts by a number that the data choose."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.numeric import Rescale

from .numeric import delayed, rounded, saturate

__all__ = ["Rescaler", "shifted"]


def shifted(m: Module, value: Value, shift: Value, *, width: int | None = None) -> tuple[Value, Value]:
    """``(value >> shift, lost)``; lost: any bit that went was 1.

    Timing: ``timing.shifter`` cycles, the shift's two highest bits in the first.

    ``width``: that of the shifted value, if it is known to fit; else ``value``'s.
    """
    lost = Const(0, 1)
    for top in range(len(shift), 0, -2):
        pair, unit = shift[max(top - 2, 0) : top], 1 << max(top - 2, 0)
        bits = len(value) if width is None else min(len(value), width + unit - 1)
        moved, any_lost = Signal(signed(bits), name=f"moved{top}", reset_less=True), Signal(name=f"lost{top}")
        with m.Switch(pair):
            for k in range(1 << len(pair)):
                with m.Case(k):
                    m.d.sync += [moved.eq(value >> k * unit), any_lost.eq(lost | value[: k * unit].any())]
        value, lost, shift = moved, any_lost, delayed(m, shift, 1, f"shift{top}")
    return value, lost


class Rescaler(wiring.Component):
    """``saturate(round_half_even(i, drop + shift), width)``, free-running.

    Members
    -------
    i : In(signed(in_width)), shift : In(range(most + 1)), o : Out(signed(width))
    overflow : Out(1)
        Belongs to ``o`` of the same cycle.

    Timing: ``timing.rescale`` cycles, one result per cycle.
    """

    def __init__(self, rule: Rescale, *, in_width: int):
        self.rule, self.in_width = rule, in_width
        super().__init__({"i": In(signed(in_width)), "shift": In(range(rule.most + 1)), "o": Out(signed(rule.width)),
                          "overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        below = max(self.rule.drop, 1)  # fraction bits, one at least
        value = Cat(Const(0, below - self.rule.drop), self.i).as_signed()
        value, lost = shifted(m, value, self.shift)
        exact = ~(value[: below - 1].any() | lost)
        value = Cat(value, value[-1]).as_signed()
        whole = rounded(m, value >> below, value[below - 1], exact, name="rounded")
        clipped, overflow = saturate(whole, self.rule.width)
        o, over = Signal(signed(self.rule.width), reset_less=True), Signal(reset_less=True)
        m.d.sync += [o.eq(clipped), over.eq(overflow)]
        m.d.comb += [self.o.eq(o), self.overflow.eq(over)]
        return m
