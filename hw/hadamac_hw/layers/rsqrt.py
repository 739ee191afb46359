"""Reciprocal square root: normalise, read a line's two words, one product.  Model: :mod:`hadamac.model.rsqrt`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model import rsqrt as model

from ..base.numeric import delayed
from ..base.primitives import FarRam, Multiplier
from ..base.targets import Target

__all__ = ["Rsqrt"]

VALUE = model.FRACTION + model.GUARD
"""Bits of a table's value, which stays below 1."""


class Rsqrt(wiring.Component):
    """Reciprocal square root ``gain / sqrt(i) ~ mantissa * 2**-(16 + exponent)``, free-running.

    This is a part of other blocks: it has no stream, and the gain is the plan's.

    Parameters
    ----------
    plan : hadamac.model.rsqrt.Rsqrt

    Members
    -------
    i : In(unsigned(width))
    mantissa : Out(17)
        From gain 2**15 to gain 2**16; 0 for i = 0 without a floor.
    exponent : Out(plan.exponent_bits)
        Belongs to ``mantissa`` of the same cycle.
    normalised : Out(17)
        ``floor(i * 2**(15 - 2 exponent))``, without its leading pair for an operand below the floor; belongs to
        ``mantissa`` of the same cycle.

    Timing
    ------
    ``latency = plan.pipeline`` cycles, one result a cycle: one to see whether the upper half of the operand is zero;
    for each k a cycle in which the operand moves up by 2**k pairs of bits or stays; then a table is read, multiplied,
    subtracted.  One multiplier, a table of 512 x 36 bits.
    """

    def __init__(self, plan: model.Rsqrt):
        self.plan = plan
        self.multipliers = plan.multipliers
        self.latency = plan.pipeline
        super().__init__({
            "i": In(unsigned(plan.width)),
            "mantissa": Out(model.NORMALISED),
            "exponent": Out(plan.exponent_bits),
            "normalised": Out(model.NORMALISED),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        normalised, zeros = self._normalise(m)
        most, floor = self.plan.pairs - 1, self.plan.floor
        below = zeros > most - floor if floor else ~normalised[-2:].any()
        if floor:
            normalised = Cat(normalised[:-2], normalised[-2:] & ~below.replicate(2))
        exponent = Signal.like(self.exponent, reset_less=True)
        m.d.sync += exponent.eq(Mux(below, floor, most - zeros))
        values, slopes = self.plan.table
        words = [v | s << VALUE for v, s in zip(values, slopes)]
        m.submodules.table = table = FarRam(width=VALUE + model.GUARD, depth=len(words), init=words, writable=False)
        m.d.comb += table.read_address.eq(normalised[model.LOW :])
        # The offset from the interval's centre, signed: the low bits with their first one inverted.
        low = delayed(m, normalised[: model.LOW], timing.FAR, "low")
        m.submodules.product = product = Multiplier(a_width=model.GUARD + 1, b_width=model.LOW)
        m.d.comb += [
            product.a.eq(table.read_data[VALUE:]),
            product.b.eq(Cat(low[:-1], ~low[-1]).as_signed()),
        ]
        total = Signal(VALUE + 1, name="total", reset_less=True)
        m.d.sync += total.eq(delayed(m, table.read_data[:VALUE], timing.MULTIPLIER, "value") - product.p)
        wait = timing.FAR + timing.MULTIPLIER + 1
        m.d.comb += [
            self.mantissa.eq(total[model.GUARD :]),
            self.exponent.eq(delayed(m, exponent, wait - 1, "exponent")),
            self.normalised.eq(delayed(m, normalised, wait, "normalised")),
        ]
        return m

    def _normalise(self, m: Module) -> tuple[Value, Value]:
        """Return the operand with its leading pair of bits at the top, and how many pairs of zeros were above it.

        For an operand 0 that number is all ones.  Whether a move empties the bits that the next one looks at is found
        in the cycle of the move, for both words that it may leave.
        """
        pairs = 2 * self.plan.pairs
        fill = max(model.NORMALISED - pairs, 0)
        word = Cat(Const(0, fill), self.i, Const(0, pairs - self.plan.width))
        zeros, levels = Const(0, 0), timing.tree(self.plan.pairs)

        def empty_top(word: Value, k: int) -> Value:
            """Return whether the bits are 0 that a move by 2**k pairs would drop; after the last move nothing asks."""
            return ~word[len(word) - (2 << k) :].any() if k >= 0 else Const(0, 1)

        empty = delayed(m, empty_top(word, levels - 1), 1, "empty")
        word = delayed(m, word, 1, "word")
        for k in reversed(range(levels)):
            # Only the bits that the levels below can still bring to the top are kept.
            keep = model.NORMALISED + 2 * ((1 << k) - 1)
            wide = Cat(Const(0, max(keep + (2 << k) - len(word), 0)), word)
            moved = Signal(keep, name=f"moved{k}", reset_less=True)
            count = Signal(len(zeros) + 1, name=f"zeros{k}", reset_less=True)
            stay = wide[len(wide) - keep :]
            move = wide[len(wide) - keep - (2 << k) : len(wide) - (2 << k)]
            m.d.sync += [
                moved.eq(Mux(empty, move, stay)),
                count.eq(Cat(empty, zeros)),
            ]
            empty = delayed(m, Mux(empty, empty_top(move, k - 1), empty_top(stay, k - 1)), 1, f"empty{k}")
            word, zeros = moved, count
        return word, zeros
