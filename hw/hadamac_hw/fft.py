"""Streaming FFT: radix-2^2 single-path delay feedback, one complex sample a cycle.

Formula, scaling and widths: :mod:`hadamac.model.fft`.  The circuit follows the same
:class:`~hadamac.model.fft.FftPlan` step by step.

How it stalls, and how it drains
--------------------------------
Time inside is counted in *steps*: every cycle is one, except while the output FIFO could not take
what is already on its way.  A sample enters with a step.  In each stage half of a block leaves with
the samples that come; the other half waits in the delay line until the block is complete and then
leaves by itself, one a step, while the next block's first half takes its place or nothing comes at
all.  So a frame comes out whole without later input and at full rate, whatever the gaps within and
between frames, and a stage never needs to be stopped by its neighbour.

``step`` and ``valid`` travel with the data, two cycles ahead of it, and enable counters and short
register chains only: no clock-enable net leaves its stage, and memories are read ahead.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.fft import ORDERS, Butterfly, FftPlan, Requantise, output_bins

from .fft_stages import DelayButterfly, Reorder, TwiddleProduct
from .numeric import Requantiser
from .stream import Complex, Fifo, delayed, frames

__all__ = ["Fft"]


class Fft(wiring.Component):
    """Streaming FFT of frames of N complex samples; see the module's text.

    Parameters
    ----------
    plan : FftPlan, or its parameters as keywords
        Size, widths, schedule (:class:`hadamac.model.fft.FftPlan`).
    inverse : bool
        Exponent +j; the scale stays that of the schedule.
    order : "natural", "bit-reversed" or "centred"
        Of the output (:data:`hadamac.model.fft.ORDERS`); the input is in natural order.
    user : bool
        Beats carry a ``user`` bit.  In, on a frame's first beat: this frame's transform is inverse.
        Out, on its last beat: something saturated in this frame.

    Members
    -------
    i : In(frames of Complex(width))
        ``last`` is not looked at: a :class:`~hadamac_hw.stream.FrameGuard` belongs in front where frames may be broken.
    o : Out(frames of Complex(out_width))
    overflow : Out(1)
        Something saturated since reset.

    Timing
    ------
    ``interval`` N cycles a frame; ``latency`` cycles from the first beat in to the first beat out.
    """

    def __init__(self, plan: FftPlan | None = None, *, inverse: bool = False, order: str = "natural",
                 user: bool = False, **parameters):
        if plan is not None and parameters:
            raise DescriptionError("Fft takes a plan or parameters, not both")
        if order not in ORDERS:
            raise DescriptionError(f"Fft order must be {', '.join(ORDERS[:-1])} or {ORDERS[-1]}, not {order!r}")
        if user and inverse:
            raise DescriptionError("Fft takes inverse or user (each frame tells its direction), not both")
        self.plan = plan or FftPlan(**parameters)
        self.inverse, self.order, self.user = bool(inverse), order, bool(user)
        self.latency = timing.fft_latency(self.plan, order)
        self.interval = self.plan.size
        self.multipliers = self.plan.multipliers
        self.frame = (self.plan.size, self.plan.size)
        inside = 2 * self.plan.size + timing.reorder_lag(self.plan.size, order) + timing.fft_pipeline(self.plan, order)
        self._flight = 1 << (inside // self.plan.size + 1).bit_length()  # frame numbers that tell those inside apart
        super().__init__({
            "i": In(frames(Complex(self.plan.width), int(self.user))),
            "o": Out(frames(Complex(self.plan.out_width), int(self.user))), "overflow": Out(1),
        })

    def model(self, x, inverse=None):
        """Bit-exact output for frames ``x`` (..., N) of complex words, in this block's order.

        ``inverse``: with ``user``, bool (...) of each frame.
        """
        if inverse is None:
            inverse = self.inverse
        y, _ = self.plan.run(x, inverse)
        return y[..., output_bins(self.plan.size, self.order)]

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        flags = Signal(self._flight)
        stages = []
        for k, rule in enumerate(plan.steps[:-1]):
            if isinstance(rule, Butterfly):
                after = plan.steps[k + 1]
                stage = DelayButterfly(rule, turn=isinstance(after, Butterfly) and after.rotate)
            else:
                stage = TwiddleProduct(rule, size=plan.size, twiddle_width=plan.twiddle_width, flight=self._flight)
            m.submodules[f"stage{k}"] = stage
            if stages:
                wiring.connect(m, stages[-1].o, stage.i)
            stages.append(stage)
        m.submodules.fifo = fifo = Fifo(
            self.o.payload.shape(), inflight=timing.GATE + timing.fft_pipeline(plan, self.order))
        inverse = self._gate(m, stages[0].i, fifo.stop)
        saturated = [(stage.overflow, stage.number) for stage in stages if isinstance(stage, TwiddleProduct)]
        m.d.comb += fifo.push.eq(self._finish(m, plan.steps[-1], stages[-1].o, inverse, flags, saturated, fifo.data))
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        for overflow, number in saturated:
            with m.If(overflow):
                m.d.sync += [self.overflow.eq(1), flags.bit_select(number, 1).eq(1)]
        return m

    def _gate(self, m, token, stop):
        """Beats to tokens; returns the directions of the frames inside, by number."""
        beat, take = self.i.payload.data, Signal()
        sample, swapped = Signal(beat.shape(), reset_less=True), Signal(beat.shape(), reset_less=True)
        m.d.comb += [self.i.ready.eq(~stop), take.eq(self.i.valid & ~stop)]
        m.d.sync += [token.step.eq(~stop), token.valid.eq(take), sample.eq(beat)]
        inverse, swap = Signal(self._flight), int(self.inverse)
        if self.user:
            swap = Signal()
            index, begins = Signal(range(self.plan.size * self._flight)), Signal(init=1)
            with m.If(take):
                bits = (self.plan.size - 1).bit_length()
                m.d.sync += [index.eq(index + 1), begins.eq(index[:bits].all())]
                with m.If(begins):
                    told = self.i.payload.user
                    m.d.sync += [swap.eq(told), inverse.bit_select(index[bits:], 1).eq(told)]
        m.d.sync += swapped.eq(Mux(swap, Cat(sample.im, sample.re), sample))
        m.d.comb += token.data.eq(delayed(m, swapped, timing.LEAD - 1, "sample"))
        return inverse

    def _finish(self, m, rule: Requantise, token, inverse, flags, saturated, beat):
        """Round, saturate, put in order, into ``beat``; returns its valid."""
        plan, latency = self.plan, timing.LEAD + timing.requantise(rule)
        bits = (plan.size - 1).bit_length()
        index = Signal(range(plan.size * self._flight))
        with m.If(token.valid):
            m.d.sync += index.eq(index + 1)
        swap = delayed(m, inverse.bit_select(index[bits:], 1), latency, "swap") if self.user else int(self.inverse)
        step, valid = (delayed(m, s, latency, f"end_{n}") for n, s in (("step", token.step), ("valid", token.valid)))
        at = delayed(m, index, latency, "end_index")
        rounders, overflow = {}, Signal()
        for part in ("re", "im"):
            m.submodules[f"round_{part}"] = rounder = Requantiser(rule, in_width=len(token.data[part]))
            m.d.comb += rounder.i.eq(token.data[part])
            rounders[part] = rounder
        m.d.comb += overflow.eq(valid & (rounders["re"].overflow | rounders["im"].overflow))
        ended = Signal(Complex(plan.out_width))
        re, im = rounders["re"].o, rounders["im"].o
        m.d.comb += ended.eq(Mux(swap, Cat(im, re), Cat(re, im)))
        if self.order == "bit-reversed":
            due, position, now = valid, at, overflow
            m.d.comb += beat.data.eq(ended)
            wait = 0
        else:
            m.submodules.reorder = reorder = Reorder(
                size=plan.size, width=plan.out_width, order=self.order, flight=self._flight)
            m.d.comb += [
                reorder.step.eq(step), reorder.valid.eq(valid), reorder.data.eq(ended), beat.data.eq(reorder.o),
            ]
            due, position, now, wait = reorder.due, reorder.index, 0, timing.RAM
        last = position[:bits].all()
        m.d.comb += beat.last.eq(delayed(m, last, wait, "last"))
        if self.user:
            flag = flags.bit_select(position[bits:], 1)
            m.d.comb += beat.user.eq(delayed(m, last & (flag | now), wait, "user"))
            with m.If(due & last):
                m.d.sync += flag.eq(0)
        saturated.append((overflow, at[bits:]))
        return delayed(m, due, wait, "push")
