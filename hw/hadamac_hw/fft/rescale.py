"""Shifts that the data choose: the mantissa of a sample, the exponent of a frame.

:mod:`hadamac.model.fft.steps` defines their arithmetic.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft.steps import Twiddle
from hadamac.numeric import Rescale

from ..base.numeric import delayed, rounded
from ..base.rescale import shifted
from ..base.stream import Complex
from ..base.targets import Target

__all__ = ["BlockExponent", "Mantissa"]


class Mantissa(wiring.Component):
    """Mantissa of a sample: both parts shifted down by the smallest of 0 to ``rule.most`` with which they fit.

    Members
    -------
    i : In(Complex(in_width))
    o : Out(Complex(operand.width))
    up : Out(range(most + 1))
        The shift by which ``o`` has to be moved up again.

    Timing
    ------
    ``rule.operand_latency`` cycles: compare, choose, shift, round.
    """

    def __init__(self, rule: Twiddle):
        self.rule = rule
        super().__init__({
            "i": In(Complex(rule.in_width)),
            "o": Out(Complex(rule.operand.width)),
            "up": Out(range(rule.most + 1)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        most, width = self.rule.most, self.rule.operand.width - 1
        # A shift of k is too small if any bit from width - 1 + k up differs from the sign; the highest one decides.
        differ, up = Signal(most), Signal.like(self.up)
        bits = [part[width - 1 : -1] ^ part[-1].replicate(most) for part in (self.i.re, self.i.im)]
        m.d.sync += [differ.eq(bits[0] | bits[1]), up.eq(0)]
        for k in range(most):
            with m.If(differ[k]):
                m.d.sync += up.eq(k + 1)
        first, word = (Signal.like(self.i, name=f"word_{k}", reset_less=True) for k in (1, 2))
        m.d.sync += [first.eq(self.i), word.eq(first)]
        m.d.comb += self.up.eq(delayed(m, up, timing.shifter(most) + 1, "up"))
        for name in ("re", "im"):
            # The words have one fraction bit; it and the bits that were shifted out decide how to round.
            kept, lost = shifted(m, Cat(0, word[name]).as_signed(), up, width=width + 1)
            wide = Cat(kept[1:], kept[-1]).as_signed()
            m.d.comb += self.o[name].eq(rounded(m, wide, kept[0], ~lost, name=f"{name}_rounded"))
        return m


class BlockExponent(wiring.Component):
    """Exponent of each frame: the smallest shift with which all parts of the frame fit ``rule.width`` bits.

    Members
    -------
    valid : In(1)
        ``i`` is a sample.
    final : In(1)
        It is the last of its frame.
    i : In(Complex(in_width))
    o : Out(range(most + 1))
        The exponent, from three cycles after the frame's last sample until that of the next frame is known.
    """

    def __init__(self, rule: Rescale, *, in_width: int):
        self.rule = rule
        self.in_width = in_width
        super().__init__({
            "valid": In(1),
            "final": In(1),
            "i": In(Complex(in_width)),
            "o": Out(range(rule.most + 1)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        low = self.rule.width - 1 + self.rule.drop
        most = self.in_width - 1 - low

        def differ(part: Value) -> Value:
            """Return the bits of ``part`` from ``low`` up that differ from its sign."""
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
