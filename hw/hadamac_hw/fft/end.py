"""End of a streaming FFT, where tokens become beats: rounded, in order, with the flags of their frame."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.plan import FftPlan
from hadamac.numeric import Requantise, Rescale

from ..base.numeric import Requantiser, delayed
from ..base.rescale import Rescaler
from ..base.stream import Complex, Frame
from ..base.targets import Target
from .lag import Reorder, Tokens
from .rescale import BlockExponent

__all__ = ["End"]


class End(wiring.Component):
    """End of the pipeline, which turns tokens of the last stage into beats for the FIFO.

    Parameters
    ----------
    plan : FftPlan
    order : str
        Order of the bins (:data:`hadamac.model.fft.orders.ORDERS`).
    inverse : bool
        Direction of all frames, if their beats do not carry it.
    user : int
        Bits that a beat carries: bit 0 of a frame's last beat is its overflow flag; above it is the block exponent.
    flight : int
        Frames are numbered modulo this power of two.

    Members
    -------
    i : In(Tokens)
    number : Out(range(flight)), setting : In
        Number of a frame, and the setting that :class:`~hadamac_hw.fft.gate.Gate` keeps of it.
    saturated : In(flight)
        Frames, one bit for each number, in which a stage has saturated a word.
    push : Out(1), beat : Out(Frame)
        A beat to be pushed into the FIFO.
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``cycles.LEAD`` cycles, those of the output's rounding, and those of the reorder memory.
    """

    def __init__(self, plan: FftPlan, *, order: str, inverse: bool, user: int, flight: int):
        self.plan = plan
        self.order = order
        self.inverse = inverse
        self.user = user
        self.flight = flight
        loaded = plan.stages.bit_length() if plan.scaling == "run-time" else 0
        super().__init__({
            "i": In(Tokens(plan.steps[-1].out_width)),
            "number": Out(range(flight)),
            "setting": In(bool(user) + loaded),
            "saturated": In(flight),
            "push": Out(1),
            "beat": Out(Frame(Complex(plan.out_width), user)),
            "overflow": Out(1),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan, token, rule = self.plan, self.i, self.plan.block_rule
        bits = plan.stages
        index = Signal(range(plan.size * self.flight))
        with m.If(token.valid):
            m.d.sync += index.eq(index + 1)
        m.d.comb += self.number.eq(index[bits:])
        # A block exponent is known only after the whole frame, so words are rounded when they leave the memory.
        latency = cycles.LEAD + (0 if rule else plan.output_latency)
        step, valid = (delayed(m, s, latency, f"end_{n}") for n, s in (("step", token.step), ("valid", token.valid)))
        at = delayed(m, index, latency, "end_index")
        swap = delayed(m, self.setting[0], latency - timing.RAM, "swap") if self.user else int(self.inverse)
        data, overflow = (token.data, Const(0)) if rule else self._scaled(m, token.data, self.setting[1:])
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
            if rule:
                exponent = self._block_exponent(m, rule, turned, valid, at, reorder)
                scaled, _ = self._scaled(m, reorder.o, exponent)
                wait += plan.output_latency
                m.d.comb += [
                    self.beat.data.eq(scaled),
                    self.beat.user[1:].eq(delayed(m, exponent, plan.output_latency, "exponent")),
                ]
            else:
                m.d.comb += self.beat.data.eq(reorder.o)
        m.d.comb += [
            self.push.eq(delayed(m, due, wait, "push")),
            self.beat.last.eq(delayed(m, last, wait, "last")),
        ]
        if not rule:
            self._flag(m, events, at[bits:], due, last, number, wait)
        return m

    def _scaled(self, m: Module, word: View, shift: Value) -> tuple[View, Value]:
        """Return ``(word, overflow)`` of the output, rounded by the plan's rule; a Rescale drops ``shift`` bits more.
        """
        rule, parts = self.plan.output, []
        overflow: Value = Const(0)
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

    def _block_exponent(self, m: Module, rule: Rescale, word: View, valid: Value, at: Value, reorder: Reorder) -> Value:
        """Return the exponent of the frame whose word leaves the memory.

        ``word`` and ``valid`` enter the memory; ``at`` is the position of the word in its frame.
        """
        m.submodules.block = block = BlockExponent(rule, in_width=len(word.re))
        first, held = Signal(init=1), Signal.like(block.o)
        with m.If(reorder.due):
            m.d.sync += first.eq(reorder.last)
        m.d.comb += [
            block.valid.eq(valid),
            block.final.eq(at[: self.plan.stages].all()),
            block.i.eq(word),
        ]
        with m.If(delayed(m, reorder.due & first, Reorder.READ - 1, "leaves")):
            m.d.sync += held.eq(block.o)
        return held

    def _flag(self, m: Module, overflow: Value, at: Value, due: Value, last: Value, number: Value, wait: int) -> None:
        """Keep a flag for every frame number and give it with the frame's last beat.

        ``flags``: frames in which a word saturated, known two cycles after it was written; ``left``: frames sent
        completely.  ``overflow`` tells that a word of frame ``at`` saturates at the output.  A bin of frame ``number``
        leaves if ``due``, and is its last if ``last``; it is pushed ``wait`` cycles later.
        """
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
        else:  # overflows that have not reached the flags yet count too
            now = delayed(m, overflow, 1, "saturated_before")
            flag, done, of = (flags | events).bit_select(number, 1) | overflow | now, due & last, number
            m.d.comb += self.beat.user[0].eq(flag & done)
            done, of = delayed(m, done, timing.RAM, "done"), delayed(m, of, timing.RAM, "gone")
        with m.If(done):
            m.d.sync += left.bit_select(of, 1).eq(1)
