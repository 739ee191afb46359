"""Arithmetic of the folded FFT: its butterfly and its product, which all passes share.

:mod:`hadamac.model.fft.folded` explains the passes.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.folded import FoldedPlan
from hadamac.model.fft.steps import table_words, twiddles

from ..base.numeric import Requantiser, add_with_carry, delayed
from ..base.primitives import Ram
from ..base.stream import Complex
from ..base.targets import Target
from .octant import OctantTable
from .serial import SerialProduct

__all__ = ["FoldedButterfly", "FoldedProduct"]


class FoldedButterfly(wiring.Component):
    """Butterfly of pairs (a, b) that are read one word after the other: ``a + b``, ``a - b``, or b times -j in both.

    Parameters
    ----------
    folded : FoldedPlan
    inverse : bool
        Real and imaginary parts of samples are exchanged.

    Members
    -------
    second : In(1)
        The second word of a pair is being read; ``sample`` or ``word`` has it ``timing.RAM`` cycles later.
    subtract : In(1)
        The result of the cycle is a difference.  The result of a cycle in which the first word is read is there a cycle
        before that of the second one's.
    turn : In(1)
        b is multiplied by -j, in both cycles of a pair.
    first : In(1)
        This pass reads samples.
    sample : In(Complex(plan.width)), word : In(Complex(folded.word))
        What both memories read.
    o : Out(Complex)
        The result, of the bits that the widest pass needs.

    Timing
    ------
    ``folded.sum_latency`` cycles from a read to the result that belongs to it.
    """

    def __init__(self, folded: FoldedPlan, *, inverse: bool):
        self.folded = folded
        self.inverse = inverse
        self.wide = max(folded.in_widths)
        super().__init__({
            "second": In(1),
            "subtract": In(1),
            "turn": In(1),
            "first": In(1),
            "sample": In(Complex(folded.plan.width)),
            "word": In(Complex(folded.word)),
            "o": Out(Complex(self.wide + 1)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        shape = Complex(self.wide)
        read = Signal(shape)
        for part, other in (("re", "im"), ("im", "re")):
            sample = self.sample[other if self.inverse else part]
            m.d.comb += read[part].eq(Mux(self.first, sample << self.folded.lift, self.word[part]))
        # Registers of the last word that was read, of a, and of the word before, which is b while the second result is
        # made.  As -j (re + j im) = im - j re, the parts of b are exchanged; -re is ~re plus a 1 that the adder adds.
        last, a, before = (Signal(shape, name=n, reset_less=True) for n in ("last", "a", "before"))
        m.d.sync += [last.eq(read), before.eq(last)]
        with m.If(delayed(m, self.turn & self.second, timing.RAM, "turns")):
            m.d.sync += last.eq(Cat(read.im, ~read.re))
        with m.If(~delayed(m, self.second, timing.RAM + 1, "second")):
            m.d.sync += a.eq(last)
        held, subtract, turn = (delayed(m, s, timing.RAM + 2, n) for n, s in (
            ("held", self.second), ("subtract", self.subtract), ("turn", self.turn)))
        for part, carry in (("re", subtract), ("im", subtract ^ turn)):
            b = (Mux(held, before[part], last[part]) ^ subtract.replicate(self.wide))[: self.wide]
            total = Signal.like(self.o[part], name=f"total_{part}", reset_less=True)
            m.d.sync += total.eq(add_with_carry(a[part], b.as_signed(), carry))
            m.d.comb += self.o[part].eq(total)
        return m


class FoldedProduct(wiring.Component):
    """Product of results of the butterfly and their twiddles, by two multipliers in two cycles.

    Parameters
    ----------
    folded : FoldedPlan

    Members
    -------
    second, late : In(1)
        A pair's second word is read, for its second result.
    advance : In(1)
        The pair's last read is issued, in a pass with products.
    span : In(stages)
        Distance of a pair's words, which tells the pass; it changes only while nothing is under way.
    i : In(Complex)
        Result of the butterfly, ``folded.sum_latency`` cycles after ``second``, and in the cycle before.
    valid : In(1)
        ``i`` is to be multiplied; high in the second cycle of ``i``.
    done : Out(1)
        ``o`` is a product to be written.
    o : Out(Complex(folded.word))
    overflow : Out(1)
        An operand saturates in this cycle.

    Timing
    ------
    ``folded.product_latency`` cycles from ``valid`` to ``done``.
    """

    def __init__(self, folded: FoldedPlan):
        self.folded = folded
        stages = folded.plan.stages
        super().__init__({
            "second": In(1),
            "late": In(1),
            "advance": In(1),
            "span": In(stages),
            "i": In(Complex(max(folded.in_widths) + 1)),
            "valid": In(1),
            "done": Out(1),
            "o": Out(Complex(folded.word)),
            "overflow": Out(1),
        })
        #: Bits of ``span`` that are set in the passes with products, in their order.
        self.bits = [stages - 1 - k for k, p in enumerate(folded.passes) if p.product]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        folded = self.folded
        wait, latency = folded.sum_latency, folded.operand_latency
        imaginary = delayed(m, self.second, wait, "imaginary")
        chosen = self._shifted(Mux(imaginary, self.i.im, self.i.re), folded.operand_shifts)
        m.submodules.operand = operand = Requantiser(folded.operand, in_width=len(chosen))
        m.submodules.product = product = SerialProduct(
            width=folded.operand.width, factor_width=folded.plan.twiddle_width)
        m.d.comb += [
            operand.i.eq(delayed(m, chosen, 1, "chosen")),
            product.x.eq(self._without_spare(operand.o)),
            product.again.eq(delayed(m, imaginary, latency, "again")),
            product.factor.eq(self._factor(m, wait + latency)),
        ]
        operated = delayed(m, self.valid, latency, "operated")
        if folded.operand.saturates:
            over = operand.overflow
            m.d.comb += self.overflow.eq((over | delayed(m, over, 1, "real_overflow")) & operated)
        m.d.comb += self.done.eq(delayed(m, operated, folded.product_latency - latency, "done"))
        for part in ("re", "im"):
            total = self._shifted(product.o[part], folded.product_shifts)
            if len(set(folded.product_shifts)) > 1:
                total = delayed(m, total, 1, f"shifted_{part}")
            m.submodules[f"round_{part}"] = rounder = Requantiser(folded.product, in_width=len(total))
            m.d.comb += [rounder.i.eq(total), self.o[part].eq(rounder.o)]
        return m

    def _shifted(self, value: Value, shifts: Sequence[int]) -> Value:
        """Return ``value``, shifted left as this pass's product demands by ``shifts``."""
        passes: dict[int, list[Value]] = {}
        for bit, shift in zip(self.bits, shifts):
            passes.setdefault(shift, []).append(self.span[bit])
        (shift, _), *others = passes.items()
        out = value << shift
        for shift, spans in others:
            out = Mux(Cat(*spans).any(), value << shift, out)
        return out

    def _without_spare(self, operand: Value) -> Value:
        """Return an operand whose spare bits are 0, which they are not if it was clipped to the highest word."""
        if not (self.folded.operand.saturates and any(self.folded.spare)):
            return operand
        spare: list[Value] = []
        for k in range(max(self.folded.spare)):
            passes = [self.span[bit] for bit, count in zip(self.bits, self.folded.spare) if count > k]
            spare.append(Cat(*passes).any())
        return Cat(operand[: len(spare)] & ~Cat(*spare), operand[len(spare) :]).as_signed()

    def _factor(self, m: Module, wait: int) -> Value:
        """Return the twiddle of a word ``wait`` cycles after either of its reads, its real part in the low half.

        After a pair of butterflies, a block has four parts whose exponents are n times 0, 2, 1 and 3: n times ``odd``
        plus 2 n times ``late``.  ``count`` counts n in its low bits and ``odd`` above, both to the left as far as makes
        ``exponent`` that of N points.  After the single butterfly of an odd log2 N, exponents are 0 and n.
        """
        plan, size = self.folded.plan, self.folded.plan.size
        stages, width = plan.stages, plan.twiddle_width
        whole = size <= cycles.FULL_TABLE
        ahead = wait - 1 - (timing.RAM if whole else cycles.OCTANT)
        late = delayed(m, self.late, ahead, "late")
        count, exponent = Signal(stages - 1), Signal(stages, reset_less=True)
        # The highest bit of span belongs to the single butterfly, whose n is as long as that of the pair after it, with
        # the bit above.
        stride = Cat(self.span[-1] | self.span[-2], self.span[: stages - 2][::-1])
        with m.If(delayed(m, self.advance, ahead, "advance")):
            m.d.sync += count.eq(count + stride)
        n, odd = count[:-1], count[-1]
        turned = Mux(odd, n, 0) + Mux(late, n << 1, 0)
        if stages % 2:
            turned = Mux(self.span[-1], Mux(late, count, 0), turned)
        m.d.sync += exponent.eq(turned)
        if not whole:
            m.submodules.table = octants = OctantTable(size=size, width=width)
            m.d.comb += octants.exponent.eq(exponent)
            return octants.o.as_value()
        depth = self.folded.table
        words = table_words(twiddles(tuple(range(depth)), size, width), width)
        m.submodules.table = rom = Ram(width=2 * width, depth=depth, init=words, writable=False)
        m.d.comb += rom.read_address.eq(exponent)
        return rom.read_data
