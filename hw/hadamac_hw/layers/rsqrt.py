"""Reciprocal square root: normalise, read a line's two words, one product.  Model: :mod:`hadamac.model.rsqrt`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model import rsqrt as model

from ..base.numeric import delayed
from ..base.primitives import Multiplier, Ram

__all__ = ["Rsqrt"]

VALUE = model.FRACTION + model.GUARD
"""Bits of a table's value, which stays below 1."""


class Rsqrt(wiring.Component):
    """``gain / sqrt(i) ~ mantissa * 2**-(16 + exponent)``, free-running; the gain is the plan's.

    Parameters
    ----------
    plan : hadamac.model.rsqrt.Rsqrt

    Members
    -------
    i : In(unsigned(width))
    mantissa : Out(17), in gain 2**15 .. 2**16, or 0 for i = 0 without a floor
    exponent : Out(plan.exponent_bits)
    normalised : Out(17)
        ``floor(i * 2**(15 - 2 exponent))``, without its leading pair of an operand below the floor; belongs to
        ``mantissa`` of the same cycle.

    Timing
    ------
    ``latency = plan.pipeline`` cycles, one result a cycle: the operand moves up by 2**k pairs of bits in a
    cycle for each k; then a table is read, multiplied, subtracted.  One multiplier, a table of 512 x 36 bits.
    """

    multipliers = 1

    def __init__(self, plan: model.Rsqrt):
        self.plan = plan
        self.latency = plan.pipeline
        super().__init__({
            "i": In(unsigned(plan.width)), "mantissa": Out(model.NORMALISED), "exponent": Out(plan.exponent_bits),
            "normalised": Out(model.NORMALISED),
        })

    def elaborate(self, platform):
        m = Module()
        normalised, zeros = self._normalise(m)
        most, floor = self.plan.pairs - 1, self.plan.floor
        low = zeros > most - floor if floor else ~normalised[-2:].any()
        if floor:
            normalised = Cat(normalised[:-2], normalised[-2:] & ~low.replicate(2))
        exponent = Signal.like(self.exponent, reset_less=True)
        m.d.sync += exponent.eq(Mux(low, floor, most - zeros))
        values, slopes = self.plan.table
        words = [v | s << VALUE for v, s in zip(values, slopes)]
        m.submodules.table = table = Ram(width=VALUE + model.GUARD, depth=len(words), init=words, writable=False)
        m.d.comb += table.read_address.eq(normalised[model.LOW :])
        # The offset from the interval's centre, signed: the low bits with their first one inverted.
        low = delayed(m, normalised[: model.LOW], timing.RAM, "low")
        m.submodules.product = product = Multiplier(a_width=model.GUARD + 1, b_width=model.LOW)
        m.d.comb += [product.a.eq(table.read_data[VALUE:]), product.b.eq(Cat(low[:-1], ~low[-1]).as_signed())]
        total = Signal(VALUE + 1, name="total", reset_less=True)
        m.d.sync += total.eq(delayed(m, table.read_data[:VALUE], timing.MULTIPLIER, "value") - product.p)
        behind = timing.RAM + timing.MULTIPLIER + 1
        m.d.comb += [
            self.mantissa.eq(total[model.GUARD :]), self.exponent.eq(delayed(m, exponent, behind - 1, "exponent")),
            self.normalised.eq(delayed(m, normalised, behind, "normalised")),
        ]
        return m

    def _normalise(self, m):
        """The operand's leading pair of bits at the top, and how many pairs of zeros were above it (0: all ones)."""
        pairs = 2 * self.plan.pairs
        fill = max(model.NORMALISED - pairs, 0)
        word = Cat(Const(0, fill), self.i, Const(0, pairs - self.plan.width))
        zeros = Const(0, 0)
        for k in reversed(range(timing.tree(self.plan.pairs))):
            empty = ~word[len(word) - (2 << k) :].any()
            # What the levels below can still bring to the top.
            keep = model.NORMALISED + 2 * ((1 << k) - 1)
            wide = Cat(Const(0, max(keep + (2 << k) - len(word), 0)), word)
            moved = Signal(keep, name=f"moved{k}", reset_less=True)
            count = Signal(len(zeros) + 1, name=f"zeros{k}", reset_less=True)
            stay = wide[len(wide) - keep :]
            m.d.sync += [
                moved.eq(Mux(empty, wide[len(wide) - keep - (2 << k) : len(wide) - (2 << k)], stay)),
                count.eq(Cat(empty, zeros)),
            ]
            word, zeros = moved, count
        return word, zeros
