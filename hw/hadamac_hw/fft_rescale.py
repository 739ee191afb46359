"""Shifts that data choose: a sample's mantissa, a frame's scale.  Arithmetic: :mod:`hadamac.model.fft_steps`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft_steps import Rescale, Twiddle

from .numeric import delayed, rounded, saturate
from .stream import Complex

__all__ = ["BlockExponent", "Mantissa", "Rescaler", "shifted"]


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


class Mantissa(wiring.Component):
    """A sample as an operand whose parts share the least of the shifts 0 to ``rule.most`` that will do.

    Members
    -------
    i : In(Complex(in_width)), o : Out(Complex(operand.width))
    up : Out(range(most + 1))
        The shift that ``o`` has undergone.

    Timing: ``timing.narrow`` cycles: compare, choose, shift, round.
    """

    def __init__(self, rule: Twiddle):
        self.rule = rule
        super().__init__({
            "i": In(Complex(rule.in_width)), "o": Out(Complex(rule.operand.width)), "up": Out(range(rule.most + 1)),
        })

    def elaborate(self, platform):
        m = Module()
        most, width = self.rule.most, self.rule.operand.width - 1
        # A shift of k is too little if any bit from width - 1 + k up is not the sign: the highest one decides.
        differ, up = Signal(most), Signal.like(self.up)
        bits = [part[width - 1 : -1] ^ part[-1].replicate(most) for part in (self.i.re, self.i.im)]
        m.d.sync += [differ.eq(bits[0] | bits[1]), up.eq(0)]
        for k in range(most):
            with m.If(differ[k]):
                m.d.sync += up.eq(k + 1)
        word = delayed(m, self.i, 2, "word")
        m.d.comb += self.up.eq(delayed(m, up, timing.shifter(most) + 1, "up"))
        for name in ("re", "im"):
            # One bit below the point: what remains of it decides how to round.
            kept, lost = shifted(m, Cat(0, word[name]).as_signed(), up, width=width + 1)
            wide = Cat(kept[1:], kept[-1]).as_signed()
            m.d.comb += self.o[name].eq(rounded(m, wide, kept[0], ~lost, name=f"{name}_rounded"))
        return m


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


class BlockExponent(wiring.Component):
    """The least shift with which every part of a frame fits.

    Members
    -------
    valid : In(1), final : In(1), i : In(Complex(in_width))
        A sample; it is its frame's last.
    o : Out(range(most + 1))
        From three cycles after ``final`` on, until the next.
    """

    def __init__(self, rule: Rescale, *, in_width: int):
        self.rule, self.in_width = rule, in_width
        super().__init__({"valid": In(1), "final": In(1), "i": In(Complex(in_width)), "o": Out(range(rule.most + 1))})

    def elaborate(self, platform):
        m = Module()
        low = self.rule.width - 1 + self.rule.drop
        most = self.in_width - 1 - low

        def differ(part):
            return part[low:-1] ^ part[-1].replicate(most)

        bits, seen, exponent = Signal(most, reset_less=True), Signal(most), Signal.like(self.o)
        valid, final = delayed(m, self.valid, 1, "valid"), delayed(m, self.final, 1, "final")
        first, ended = Signal(init=1), delayed(m, valid & final, 1, "ended")
        m.d.sync += bits.eq(differ(self.i.re) | differ(self.i.im))
        with m.If(valid):
            m.d.sync += [seen.eq(Mux(first, 0, seen) | bits), first.eq(final)]
        with m.If(ended):
            m.d.sync += exponent.eq(0)
            for k in range(most):
                with m.If(seen[k]):
                    m.d.sync += exponent.eq(k + 1)
        m.d.comb += self.o.eq(exponent)
        return m
