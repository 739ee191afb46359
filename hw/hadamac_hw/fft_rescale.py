"""Shifts that data choose: a sample's mantissa, a frame's scale.  Arithmetic: :mod:`hadamac.model.fft_steps`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.model.fft_steps import Rescale, Twiddle

from .numeric import delayed, rounded, saturate
from .stream import Complex

__all__ = ["BlockExponent", "Mantissa", "Rescaler"]


class Mantissa(wiring.Component):
    """A sample as an operand whose parts share one of the rule's ``shifts``.

    Members
    -------
    i : In(Complex(in_width)), o : Out(Complex(operand.width))
    up : Out(range(len(shifts)))
        Which shift ``o`` has undergone.

    Timing: ``timing.narrow`` cycles: compare, choose, shift, round.
    """

    def __init__(self, rule: Twiddle):
        self.rule = rule
        super().__init__({
            "i": In(Complex(rule.in_width)), "o": Out(Complex(rule.operand.width)), "up": Out(range(len(rule.shifts))),
        })

    def elaborate(self, platform):
        m = Module()
        shifts, width = self.rule.shifts, self.rule.operand.width - 1
        word = Signal.like(self.i, reset_less=True)
        m.d.sync += word.eq(self.i)
        # Shift k is too little if any bit from width - 1 + shifts[k] up, below those of shift k + 1, is not the sign.
        used = Signal(len(shifts) - 1)
        for k, (low, high) in enumerate(zip(shifts, shifts[1:])):
            differ = Signal(2, name=f"differ{k}")
            for j, part in enumerate((self.i.re, self.i.im)):
                bits = part[width - 1 + low : width - 1 + high]
                m.d.sync += differ[j].eq((bits ^ part[-1].replicate(len(bits))).any())
            m.d.comb += used[k].eq(differ.any())
        up = Signal.like(self.up)
        for k in range(len(used)):
            with m.If(used[k]):
                m.d.sync += up.eq(k + 1)
        with m.If(~used.any()):
            m.d.sync += up.eq(0)
        held = delayed(m, word, 1, "held")
        m.d.comb += self.up.eq(delayed(m, up, 2, "up"))
        for name in ("re", "im"):
            value = held[name]
            half, exact = Signal(name=f"{name}_half"), Signal(name=f"{name}_exact")
            kept = Signal(signed(width), name=f"{name}_kept", reset_less=True)
            with m.Switch(up):
                for k, shift in enumerate(shifts):
                    zeros = Signal(name=f"{name}_zeros{k}")
                    m.d.sync += zeros.eq(~word[name][: max(shift - 1, 0)].any())
                    with m.Case(k):
                        m.d.sync += [
                            kept.eq(value >> shift), half.eq(value[shift - 1] if shift else 0), exact.eq(zeros),
                        ]
            wide = Cat(kept, kept[-1]).as_signed()
            m.d.comb += self.o[name].eq(rounded(m, wide, half, exact, name=f"{name}_rounded"))
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
        value, sticky = Cat(Const(0, below - self.rule.drop), self.i).as_signed(), Const(0, 1)
        shift = self.shift
        for top in range(len(shift), 0, -2):
            pair, unit = shift[max(top - 2, 0) : top], 1 << max(top - 2, 0)
            moved = Signal.like(value, name=f"moved{top}", reset_less=True)
            lost = Signal(name=f"lost{top}")
            with m.Switch(pair):
                for k in range(1 << len(pair)):
                    with m.Case(k):
                        m.d.sync += [moved.eq(value >> k * unit), lost.eq(sticky | value[: k * unit].any())]
            value, sticky, shift = moved, lost, delayed(m, shift, 1, f"shift{top}")
        exact = ~(value[: below - 1].any() | sticky)
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
