"""The scale of a channel: sums over its bins, ``D = K S2 - S1**2``, ``gain / sqrt(D)``.

The two products of D are made in digits of 17 bits, one partial product a cycle on one multiplier, lowest digit first;
so no adder is longer than the partial products' upper part.  Model: :mod:`hadamac.model.normalise`.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.normalise import OPERAND, STEPS, TOTAL, NormalisePlan
from hadamac.model.rsqrt import NORMALISED

from ..base.numeric import add_and_round, add_with_carry, delayed
from ..base.primitives import Multiplier
from ..base.stream import Complex
from ..base.targets import Target
from .rsqrt import Rsqrt

__all__ = ["Statistics"]

DIGIT = OPERAND - 1
"""Bits of a digit: unsigned, it is a signed operand."""


class Statistics(wiring.Component):
    """Sums, and from them the scale, of one channel at a time.

    This is a part of :class:`~hadamac_hw.layers.normalise.Normalise`.

    Parameters
    ----------
    plan : NormalisePlan

    Members
    -------
    valid : In(1)
        A bin is there.  After a channel's last bin, the next channel's last bin must not come before ``plan.release``
        cycles after ``taken``.
    first, final, doubled : In(1)
        It is the channel's first bin; its last bin; a bin that counts twice.
    i : In(Complex(width))
        The bin.
    ready : Out(1)
        The scale is known.
    taken : In(1)
        The scale is used from now on, and ``ready`` falls.
    sum : Out(signed(plan.sum_bits))
        S1, until ``TOTAL`` cycles after the next channel's last bin.
    mantissa, exponent : Out
        The scale, until the next one is known.

    Timing: ``plan.statistics`` cycles, less the gate's, from the last bin to ``ready``.  Four multipliers: two squares,
    the partial products, the reciprocal root's.
    """

    def __init__(self, plan: NormalisePlan):
        self.plan = plan
        super().__init__({
            "valid": In(1),
            "first": In(1),
            "final": In(1),
            "doubled": In(1),
            "i": In(Complex(plan.width)),
            "ready": Out(1),
            "taken": In(1),
            "sum": Out(signed(plan.sum_bits)),
            "mantissa": Out(NORMALISED),
            "exponent": Out(plan.rsqrt.exponent_bits),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if self.plan.over == "bins":
            word = Mux(self.doubled, Cat(0, self.i.re), Cat(self.i.re, self.i.re[-1])).as_signed()
            m.d.comb += self.sum.eq(self._total(m, "sum", word, self.plan.sum_bits, self.valid, self.first, self.final))
        waits = timing.MULTIPLIER + timing.SUM
        valid, first, final = (delayed(m, signal, waits, name) for name, signal in (
            ("valid", self.valid), ("first", self.first), ("final", self.final)))
        power = self._total(m, "power", self._squares(m), self.plan.power_bits, valid, first, final)
        d, done = self._variance(m, power, delayed(m, self.valid & self.final, waits + TOTAL, "begin"))
        m.submodules.rsqrt = rsqrt = Rsqrt(self.plan.rsqrt)
        m.d.comb += [
            rsqrt.i.eq(d),
            self.mantissa.eq(rsqrt.mantissa),
            self.exponent.eq(rsqrt.exponent),
        ]
        with m.If(delayed(m, done, rsqrt.latency, "done")):
            m.d.sync += self.ready.eq(1)
        with m.Elif(self.taken):
            m.d.sync += self.ready.eq(0)
        return m

    def _squares(self, m: Module) -> Value:
        """Return ``w |z|**2``, ``timing.MULTIPLIER + timing.SUM`` cycles later."""
        doubled = delayed(m, self.doubled, timing.MULTIPLIER, "doubled")
        terms = []
        for part in ("re", "im"):
            m.submodules[f"square_{part}"] = p = Multiplier(a_width=self.plan.width, b_width=self.plan.width)
            m.d.comb += [
                p.a.eq(self.i[part]),
                p.b.eq(self.i[part]),
            ]
            terms.append(Mux(doubled, Cat(0, p.p), Cat(p.p, p.p[-1])).as_signed())
        return add_and_round(m, terms[0], terms[1], 0, name="power_term")

    @staticmethod
    def _total(m: Module, name: str, value: Value, width: int, valid: Value, first: Value, final: Value) -> Signal:
        """Return a channel's sum, ``TOTAL`` cycles after its last summand.

        The sum is made in two halves: the lower one's carry enters the upper one a cycle later.
        """
        half = width // 2
        value = Cat(value, value[-1].replicate(max(width - len(value), 0)))[:width]
        low = Signal(half + 1, name=f"{name}_low", reset_less=True)
        high = Signal(width - half, name=f"{name}_high", reset_less=True)
        total = Signal(width, name=f"{name}_total", reset_less=True)
        upper = delayed(m, value[half:], 1, f"{name}_upper")
        upper_first = delayed(m, first, 1, f"{name}_upper_first")
        with m.If(valid):
            m.d.sync += low.eq(Mux(first, 0, low[:half]) + value[:half])
        with m.If(delayed(m, valid, 1, f"{name}_upper_valid")):
            start = Mux(upper_first, 0, high)
            m.d.sync += high.eq(add_with_carry(start.as_signed(), upper.as_signed(), low[half]))
        kept = delayed(m, low[:half], 1, f"{name}_kept")
        with m.If(delayed(m, valid & final, 2, f"{name}_final")):
            m.d.sync += total.eq(Cat(kept, high))
        return total

    def _variance(self, m: Module, power: Value, begin: Value) -> tuple[Signal, Value]:
        """Return ``(D, done)``; ``done`` is high in the last cycle before D is known."""
        steps = STEPS[self.plan.over]
        running, step = Signal(), Signal(range(len(steps)))
        final = running & (step == len(steps) - 1)
        with m.If(begin):
            m.d.sync += [running.eq(1), step.eq(0)]
        with m.Elif(running):
            m.d.sync += [running.eq(~final), step.eq(step + 1)]
        m.submodules.partial = product = Multiplier(a_width=OPERAND, b_width=OPERAND)
        adds, subtracts, shifts = Signal(), Signal(), Signal()
        chosen: dict[str, dict[str, Signal]] = {"a": {}, "b": {}}  # which operand this step takes
        with m.Switch(step):
            for k, entry in enumerate(steps):
                with m.Case(k):
                    if entry == "shift":
                        m.d.comb += shifts.eq(running)
                    elif entry != "wait":
                        a, b = entry.split()
                        m.d.comb += [adds.eq(running), subtracts.eq(b.startswith("-"))]
                        for side, name in (("a", a), ("b", b.removeprefix("-"))):
                            choice = chosen[side].setdefault(name, Signal(name=f"{side}_is_{name}"))
                            m.d.comb += choice.eq(1)
        operands = self._operands(power)
        for side, port in (("a", product.a), ("b", product.b)):
            taken = [operands[name] & delayed(m, choice, 1, f"{side}_takes_{name}").replicate(OPERAND)
                     for name, choice in chosen[side].items()]
            m.d.comb += port.eq(delayed(m, reduce(or_, taken), 1, side))
        # A step passes the registers of its choice and of the operands, the product, its complement if it is
        # subtracted, the lower half and the upper half: the carry follows a cycle later.
        at = 2 + timing.MULTIPLIER
        subtract = delayed(m, subtracts, at, "subtracts")
        term = Signal(signed(2 * OPERAND), reset_less=True)
        m.d.sync += term.eq(product.p ^ subtract.replicate(2 * OPERAND))
        carry, upper = delayed(m, subtract, 1, "carry"), delayed(m, term[DIGIT:], 1, "upper")
        add, shift = delayed(m, adds, at + 1, "adds"), delayed(m, shifts, at + 1, "shifts")
        low = Signal(DIGIT + 1, reset_less=True)
        # A digit's partial products and the carry into it are below 2**36 in magnitude.
        high = Signal(signed(2 * OPERAND + 2 - DIGIT), reset_less=True)
        digits = Signal(2 * DIGIT, reset_less=True)
        with m.If(begin):
            m.d.sync += low.eq(0)
        with m.Elif(shift):
            m.d.sync += [low.eq(high[:DIGIT]), digits.eq(Cat(digits[DIGIT:], low[:DIGIT]))]
        with m.Elif(add):
            m.d.sync += low.eq((Cat(1, low[:DIGIT]) + Cat(carry, term[:DIGIT]))[1:])
        add_upper = delayed(m, add, 1, "add_upper")
        with m.If(begin):
            m.d.sync += high.eq(0)
        with m.Elif(shift):
            m.d.sync += high.eq(high >> DIGIT)
        with m.Elif(add_upper):
            m.d.sync += high.eq(add_with_carry(high, upper.as_signed(), low[DIGIT]))
        d = Signal(self.plan.rsqrt.width, reset_less=True)
        done = delayed(m, final, at + 3, "final_step")
        with m.If(done):
            m.d.sync += d.eq(Cat(digits, low[:DIGIT], high))
        return d, done

    def _operands(self, power: Value) -> dict[str, Value]:
        """Return the operands of the steps by name: K, the digits of S2, those of S1.

        Three digits hold S2, because K S2 < 2**52 and S2 <= K 2**33.
        """
        power = Cat(power, Const(0, 3 * DIGIT))
        operands: dict[str, Value] = {"K": Const(self.plan.full_bins, OPERAND)}
        operands |= {f"power{k}": Cat(power[k * DIGIT : (k + 1) * DIGIT], Const(0, 1)) for k in range(3)}
        wide = Cat(self.sum, self.sum[-1].replicate(2 * DIGIT))
        return operands | {"low": Cat(wide[:DIGIT], Const(0, 1)), "high": wide[DIGIT : DIGIT + OPERAND]}
