"""Shifts to the right by a number of bits that the data choose at run time."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.numeric import Rescale

from .numeric import delayed, rounded, saturated
from .targets import Target

__all__ = ["Rescaler", "shifted"]


def shifted(m: Module, value: Value, shift: Value, *, width: int | None = None) -> tuple[Value, Value]:
    """Shift a signed value to the right in stages, and tell whether any bit that was shifted out was 1.

    Parameters
    ----------
    m
        The module that gets the registers.
    value
        The signed value.
    shift
        The number of bits, unsigned.
    width
        Bits of the shifted value where it is known to fit them; by default those of ``value``.

    Returns
    -------
    (Value, Value)
        ``value >> shift``, and the bit that tells of a lost 1.

    Timing
    ------
    ``timing.shifter`` cycles; each settles two bits of the shift, the first cycle the two highest.
    """
    lost: Value = Const(0, 1)
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
    """Free-running pipeline of ``o = saturate(round_half_even(i / 2**(drop + shift)), width)``.

    Parameters
    ----------
    rule : Rescale
        ``drop``, the largest ``shift`` (``most``), and ``width``.
    in_width : int
        Bits of ``i``.

    Members
    -------
    i : In(signed(in_width))
    shift : In(range(most + 1))
    o : Out(signed(width))
    overflow : Out(1)
        The word that ``o`` shows in the same cycle was clipped.

    Timing
    ------
    ``timing.rescale`` cycles, one result a cycle.
    """

    def __init__(self, rule: Rescale, *, in_width: int):
        self.rule = rule
        self.in_width = in_width
        super().__init__({"i": In(signed(in_width)), "shift": In(range(rule.most + 1)), "o": Out(signed(rule.width)),
                          "overflow": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        below = max(self.rule.drop, 1)  # fraction bits of the shifted value; at least one, so that there is a half
        value = Cat(Const(0, below - self.rule.drop), self.i).as_signed()
        value, lost = shifted(m, value, self.shift)
        exact = ~(value[: below - 1].any() | lost)
        value = Cat(value, value[-1]).as_signed()
        whole = rounded(m, value >> below, value[below - 1], exact, name="rounded")
        o, over = saturated(m, whole, self.rule.width)
        m.d.comb += [
            self.o.eq(o),
            self.overflow.eq(over),
        ]
        return m
