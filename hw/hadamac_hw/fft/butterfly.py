"""Radix-2 butterfly of the iterative FFT, which takes and gives one word a cycle.

:mod:`hadamac.model.fft.iterative` has the formula.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.iterative import IterativePlan
from hadamac.model.fft.steps import table_words, twiddles

from ..base.numeric import Requantiser, add_with_carry, delayed
from ..base.primitives import Ram
from ..base.stream import Complex
from ..base.targets import Target
from .octant import OctantTable
from .serial import SerialProduct

__all__ = ["SerialButterfly"]


class SerialButterfly(wiring.Component):
    """Butterfly that gives the sum and then the difference of a pair.

    Adders and multipliers are used in both cycles of a pair: two multipliers make the product of the difference and
    its twiddle in two steps.

    Members
    -------
    first : In(1)
        The first word of a pair is being read: ``word`` has it ``timing.RAM`` cycles later.
    second : In(1)
        The same for the second word.
    word : In(Complex(plan.word))
    shift : In(1)
        This pass halves.
    last : In(1)
        This pass is the last one, which has no products.
    stride : In(stages)
        Step of the twiddle's exponent from pair to pair.  Like ``shift`` and ``last`` it changes only while the
        pipeline is empty.
    restart : In(1)
        The next pair is the first of a pass.
    valid : Out(1)
        ``o`` is a result to be written.
    o : Out(Complex(plan.word))
        A product if ``late`` is high, otherwise a sum or, in the last pass, a difference.
    late : Out(1)
    overflow : Out(1)
        A result saturates in this cycle.

    Timing
    ------
    ``plan.butterfly_cycles`` from ``first`` to the sum, to the operand and to the product; products fall into the
    cycles between sums.
    """

    def __init__(self, plan: IterativePlan):
        self.plan = plan
        super().__init__({
            "first": In(1),
            "second": In(1),
            "shift": In(1),
            "last": In(1),
            "restart": In(1),
            "stride": In(plan.stages),
            "word": In(Complex(plan.word)),
            "valid": Out(1),
            "late": Out(1),
            "o": Out(Complex(plan.word)),
            "overflow": Out(1),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        sum_at, operand_at, product_at = plan.butterfly_cycles

        def at(cycle: int, value: Value, name: str) -> Value:
            """Return ``value``, which belongs to a pair's second read, ``cycle`` cycles after the pair's first read."""
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
        result = Signal(Complex(plan.word))
        operand = Signal(Complex(plan.operand.width))
        overflow: Value = Const(0)
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
            self.valid.eq(writes | produces),
            self.late.eq(produces),
            self.o.eq(Mux(produces, product, result)),
            self.overflow.eq(overflow | (exceeds & produces)),
        ]
        return m

    def _product(self, m: Module, operand: View, operand_at: int, product_at: int) -> tuple[View, Value]:
        """Return ``(product, overflow)`` of the operand and its twiddle.

        The arguments ``.._at`` are of ``plan.butterfly_cycles``.
        """
        plan = self.plan
        again = delayed(m, self.second, operand_at, "again")
        m.submodules.product = serial = SerialProduct(width=plan.operand.width, factor_width=plan.twiddle_width)
        m.d.comb += [
            serial.x.eq(Mux(again, delayed(m, operand.im, 1, "held"), operand.re)),
            serial.again.eq(again),
            serial.factor.eq(self._factor(m, operand_at)),
        ]
        out = Signal(Complex(plan.word), name="product")
        over: Value = Const(0)
        spare = product_at - operand_at - 1 - cycles.SERIAL_PRODUCT - timing.requantise(plan.product)
        for part in ("re", "im"):
            m.submodules[f"round_{part}"] = rounder = Requantiser(plan.product, in_width=len(serial.o[part]))
            m.d.comb += [rounder.i.eq(serial.o[part]), out[part].eq(delayed(m, rounder.o, spare, f"spare_{part}"))]
            over = over | delayed(m, rounder.overflow, spare, f"over_{part}")
        return out, over

    def _factor(self, m: Module, operand_at: int) -> Value:
        """Return the pair's twiddle, which is there in the two cycles from ``operand_at`` on."""
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
