"""Where an FFT's tokens become bins: rounded, in order, with what happened to their frame."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.plan import FftPlan
from hadamac.numeric import Requantise

from ..base.numeric import Requantiser, delayed
from ..base.rescale import Rescaler
from ..base.stream import Complex, Frame
from .lag import Reorder, Tokens
from .rescale import BlockExponent

__all__ = ["End"]


class End(wiring.Component):
    """Tokens of the last stage to beats for the FIFO.

    Members
    -------
    i : In(Tokens)
    number : Out(range(flight)), setting : In
        Of :class:`~hadamac_hw.fft.gate.Gate`.
    saturated : In(flight)
        Frames, by number, in which a stage has saturated something.
    push : Out(1), beat : Out(Frame)
    overflow : Out(1)
        Something saturated since reset.

    Timing: ``cycles.LEAD`` cycles and those of the last step, and the reorder memory's.
    """

    def __init__(self, plan: FftPlan, *, order: str, inverse: bool, user: int, flight: int):
        self.plan, self.order, self.inverse, self.user, self.flight = plan, order, inverse, user, flight
        loaded = plan.stages.bit_length() if plan.scaling == "run-time" else 0
        before = plan.steps[-1]
        super().__init__({
            "i": In(Tokens(before.out_width)), "number": Out(range(flight)), "setting": In(bool(user) + loaded),
            "saturated": In(flight), "push": Out(1), "beat": Out(Frame(Complex(plan.out_width), user)),
            "overflow": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        plan, token = self.plan, self.i
        bits, block = plan.stages, plan.scaling == "block"
        index = Signal(range(plan.size * self.flight))
        with m.If(token.valid):
            m.d.sync += index.eq(index + 1)
        m.d.comb += self.number.eq(index[bits:])
        # A block exponent is known behind the memory only, so words pass it whole.
        latency = cycles.LEAD + (0 if block else plan.output_latency)
        step, valid = (delayed(m, s, latency, f"end_{n}") for n, s in (("step", token.step), ("valid", token.valid)))
        at = delayed(m, index, latency, "end_index")
        swap = delayed(m, self.setting[0], latency - timing.RAM, "swap") if self.user else int(self.inverse)
        data, overflow = (token.data, 0) if block else self._scaled(m, token.data, self.setting[1:])
        turned = Signal.like(data)
        m.d.comb += turned.eq(Mux(swap, Cat(data.im, data.re), data))
        events = Signal()
        m.d.comb += events.eq(overflow & valid)
        if not plan.output_lag(self.order):
            m.d.comb += self.beat.data.eq(turned)
            due, last, number, wait = valid, at[:bits].all(), at[bits:], 0
        else:
            m.submodules.reorder = reorder = Reorder(
                size=plan.size, width=turned.re.shape().width, order=self.order, flight=self.flight,
                lag=plan.output_lag(self.order))
            m.d.comb += [reorder.step.eq(step), reorder.valid.eq(valid), reorder.data.eq(turned)]
            due, last, number, wait = reorder.due, reorder.last, reorder.leaving[bits:], Reorder.READ
            if block:
                exponent = self._block_exponent(m, turned, valid, at, reorder)
                scaled, _ = self._scaled(m, reorder.o, exponent)
                wait += plan.output_latency
                m.d.comb += [self.beat.data.eq(scaled),
                             self.beat.user[1:].eq(delayed(m, exponent, plan.output_latency, "exponent"))]
            else:
                m.d.comb += self.beat.data.eq(reorder.o)
        m.d.comb += [self.push.eq(delayed(m, due, wait, "push")), self.beat.last.eq(delayed(m, last, wait, "last"))]
        if not block:
            self._flag(m, events, at[bits:], due, last, number, wait)
        return m

    def _scaled(self, m, word, shift):
        """``(word, overflow)`` of the output, by the last step's rule."""
        rule, parts, overflow = self.plan.output, [], 0
        for name in ("re", "im"):
            if isinstance(rule, Requantise):
                part = Requantiser(rule, in_width=len(word[name]))
            else:
                part = Rescaler(rule, in_width=len(word[name]))
                m.d.comb += part.shift.eq(shift)
            m.submodules[f"round_{name}"] = part
            m.d.comb += part.i.eq(word[name])
            parts.append(part.o)
            overflow = overflow | part.overflow
        out = Signal(Complex(self.plan.out_width), name="scaled")
        m.d.comb += out.eq(Cat(*parts))
        return out, overflow

    def _block_exponent(self, m, word, valid, at, reorder):
        """The exponent of the frame whose word leaves the memory."""
        m.submodules.block = block = BlockExponent(self.plan.output, in_width=len(word.re))
        first, held = Signal(init=1), Signal.like(block.o)
        with m.If(reorder.due):
            m.d.sync += first.eq(reorder.last)
        m.d.comb += [block.valid.eq(valid), block.final.eq(at[: self.plan.stages].all()), block.i.eq(word)]
        with m.If(delayed(m, reorder.due & first, Reorder.READ - 1, "leaves")):
            m.d.sync += held.eq(block.o)
        return held

    def _flag(self, m, overflow, at, due, last, number, wait):
        """By frame number: in which something saturated, known two cycles after it was written; which have left."""
        flags, events, left = (Signal(self.flight, name=n) for n in ("flags", "events", "left"))
        m.d.sync += [events.eq(self.saturated), left.eq(0), flags.eq((flags & ~left) | events)]
        of = delayed(m, at, 1, "saturated_number")
        with m.If(delayed(m, overflow, 1, "saturated")):
            m.d.sync += events.bit_select(of, 1).eq(1)
        with m.If(events.any()):
            m.d.sync += self.overflow.eq(1)
        if not self.user:
            return
        if wait:
            names = {"leaves": due, "ends": last, "of": number}
            leaves, ends, of = (delayed(m, value, 1, name) for name, value in names.items())
            flag, done, of = (delayed(m, v, 1, n) for n, v in (
                ("flag", flags.bit_select(of, 1)), ("done", leaves & ends), ("gone", of)))
            m.d.comb += self.beat.user[0].eq(delayed(m, flag & done, wait - 2, "user"))
        else:  # what is on its way into the flags counts too
            now = delayed(m, overflow, 1, "saturated_before")
            flag, done, of = (flags | events).bit_select(number, 1) | overflow | now, due & last, number
            m.d.comb += self.beat.user[0].eq(flag & done)
            done, of = delayed(m, done, timing.RAM, "done"), delayed(m, of, timing.RAM, "gone")
        with m.If(done):
            m.d.sync += left.bit_select(of, 1).eq(1)
