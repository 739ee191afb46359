"""A radix-2 butterfly that takes and gives one word a cycle.  Formula: :mod:`hadamac.model.fft.iterative`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.iterative import IterativePlan
from hadamac.model.fft.steps import table_words, twiddles

from ..base.numeric import Requantiser, add_with_carry, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex
from .octant import OctantTable

__all__ = ["SerialButterfly"]


class SerialButterfly(wiring.Component):
    """Sum and difference of a pair, one after the other, the difference times its twiddle in two steps.

    Members
    -------
    first, second : In(1)
        The first, the second word of a pair is being read: ``word`` has it ``timing.RAM`` cycles later.
    word : In(Complex(plan.word))
    shift, last, stride : In
        Whether this pass halves; whether it is the last one, which has no products; the step of the exponent
        from pair to pair.  They change while the pipeline is empty only.
    restart : In(1)
        The next pair is a pass's first.
    valid, o, late : Out
        A result to be written: a sum, or in the last pass a difference, or (``late``) a product.
    overflow : Out(1)

    Timing: ``plan.butterfly_cycles`` from ``first`` to the sum, to the operand and to the product;
    products fall into the cycles between sums.
    """

    def __init__(self, plan: IterativePlan):
        self.plan = plan
        bits = {"first": In(1), "second": In(1), "shift": In(1), "last": In(1), "restart": In(1)}
        super().__init__(bits | {
            "stride": In(plan.stages), "word": In(Complex(plan.word)), "valid": Out(1), "late": Out(1),
            "o": Out(Complex(plan.word)), "overflow": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        sum_at, operand_at, product_at = plan.butterfly_cycles

        def at(cycle, value, name):
            """``value``, of a pair's second read, as seen ``cycle`` cycles after the first read."""
            return delayed(m, value, cycle - 1, name)

        has_product = self.second & ~self.last
        b_comes, b_held = at(timing.RAM + 1, self.second, "b_comes"), at(timing.RAM + 2, self.second, "b_held")
        writes = delayed(m, self.first | (self.second & self.last), sum_at, "writes")
        operates, produces = at(operand_at, has_product, "operates"), at(product_at, has_product, "produces")
        a, b = (Signal(Complex(plan.word), name=n, reset_less=True) for n in "ab")
        with m.If(b_comes):
            m.d.sync += b.eq(self.word)
        with m.Else():
            m.d.sync += a.eq(self.word)
        shift = self.shift if plan.saturates else Const(1, 1)
        result, operand = Signal(Complex(plan.word)), Signal(Complex(plan.operand.width))
        overflow = 0
        for part in ("re", "im"):
            other = Mux(b_held, ~b[part], self.word[part]).as_signed()
            v = Signal(plan.word + 1, name=f"v_{part}", reset_less=True)
            m.d.sync += v.eq(add_with_carry(a[part], other, b_held))
            twice = Mux(shift, Cat(v, v[-1]), Cat(0, v)).as_signed()
            for rule, out, when in ((plan.result, result, writes), (plan.operand, operand, operates)):
                name = "result" if out is result else "operand"
                m.submodules[f"{name}_{part}"] = rounder = Requantiser(rule, in_width=plan.word + 2)
                m.d.comb += [rounder.i.eq(twice), out[part].eq(rounder.o)]
                overflow = overflow | (rounder.overflow & when)
        product, exceeds = self._product(m, operand, operand_at, product_at)
        m.d.comb += [
            self.valid.eq(writes | produces), self.late.eq(produces), self.o.eq(Mux(produces, product, result)),
            self.overflow.eq(overflow | (exceeds & produces)),
        ]
        return m

    def _product(self, m, operand, operand_at, product_at):
        """First the real part with both parts of the twiddle, then the imaginary part with both, exchanged."""
        plan, width = self.plan, self.plan.twiddle_width
        factor = self._factor(m, operand_at)
        again = delayed(m, self.second, operand_at, "again")
        parts = [factor[:width], factor[width:]]
        x = Mux(again, delayed(m, operand.im, 1, "held"), operand.re)
        out, over = Signal(Complex(plan.word), name="product"), 0
        for k, part in enumerate(("re", "im")):
            m.submodules[f"product_{part}"] = p = Multiplier(a_width=plan.operand.width, b_width=width)
            m.d.comb += [p.a.eq(x), p.b.eq(Mux(again, parts[1 - k], parts[k]).as_signed())]
            before = delayed(m, p.p, 1, f"before_{part}")
            total = Signal((before - p.p).shape(), name=f"total_{part}", reset_less=True)
            m.d.sync += total.eq(before + p.p if k else before - p.p)
            m.submodules[f"round_{part}"] = rounder = Requantiser(plan.product, in_width=len(total))
            spare = product_at - operand_at - timing.MULTIPLIER - 2 - timing.requantise(plan.product)
            m.d.comb += [rounder.i.eq(total), out[part].eq(delayed(m, rounder.o, spare, f"spare_{part}"))]
            over = over | delayed(m, rounder.overflow, spare, f"over_{part}")
        return out, over

    def _factor(self, m, operand_at):
        """The pair's twiddle, in the two cycles from ``operand_at`` on."""
        plan, width = self.plan, self.plan.twiddle_width
        whole = plan.size // 2 <= cycles.FULL_TABLE
        exponent = Signal(plan.stages - 1)
        steps = delayed(m, self.second, operand_at - (timing.RAM if whole else cycles.OCTANT), "steps")
        with m.If(self.restart):
            m.d.sync += exponent.eq(0)
        with m.Elif(steps):
            m.d.sync += exponent.eq(exponent + self.stride)
        if not whole:
            m.submodules.table = octants = OctantTable(size=plan.size, width=width)
            m.d.comb += octants.exponent.eq(exponent)
            return octants.o.as_value()
        words = table_words(twiddles(tuple(range(plan.size // 2)), plan.size, width), width)
        m.submodules.table = rom = Ram(width=2 * width, depth=plan.size // 2, init=words, writable=False)
        m.d.comb += rom.read_address.eq(exponent)
        return rom.read_data
