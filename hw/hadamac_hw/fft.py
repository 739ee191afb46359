"""Streaming FFT: radix-2^2 single-path delay feedback, one complex sample a cycle.

Formula, scaling and widths: :mod:`hadamac.model.fft`.  The circuit follows the same
:class:`~hadamac.model.fft.FftPlan` step by step.

How it stalls, and how it drains
--------------------------------
Time inside is counted in *tokens*.  A token is a sample, or, between frames, a bubble: the gate
issues one every cycle, except when a frame has begun and its next sample is not there yet, or when
the output FIFO could not take what is already on its way.  A token carries ``step``, a delay line
moves only on ``step``, everything else runs freely: no clock enable leaves its stage.  Because
bubbles push as well as samples do, a frame comes out whole without later input; because every
stage restarts on ``start``, frames may be any number of tokens apart, or none.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.fft import Butterfly, FftPlan, Requantise, Twiddle, bit_reversed

from .fft_stages import DelayButterfly, FrameCounter, Reorder, Tokens, TwiddleProduct
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
    order : "natural" or "bit-reversed"
        Of the output; the input is in natural order.

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

    def __init__(self, plan: FftPlan | None = None, *, inverse: bool = False, order: str = "natural", **parameters):
        if plan is not None and parameters:
            raise DescriptionError("Fft takes a plan or parameters, not both")
        if order not in ("natural", "bit-reversed"):
            raise DescriptionError(f"Fft order must be natural or bit-reversed, not {order!r}")
        self.plan = plan or FftPlan(**parameters)
        self.inverse, self.order = bool(inverse), order
        self.latency = timing.fft_latency(self.plan, order)
        self.interval = self.plan.size
        self.multipliers = self.plan.multipliers
        self.frame = (self.plan.size, self.plan.size)
        super().__init__({
            "i": In(frames(Complex(self.plan.width))), "o": Out(frames(Complex(self.plan.out_width))),
            "overflow": Out(1),
        })

    def model(self, x):
        """Bit-exact output for frames ``x`` (..., N) of complex words, in this block's order."""
        y, _ = self.plan.run(x, self.inverse)
        return y if self.order == "natural" else y[..., bit_reversed(self.plan.size)]

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        stages, overflow = [], Signal()
        for k, rule in enumerate(plan.steps[:-1]):
            stage = DelayButterfly(rule) if isinstance(rule, Butterfly) else TwiddleProduct(
                rule, size=plan.size, twiddle_width=plan.twiddle_width)
            m.submodules[f"stage{k}"] = stage
            if isinstance(rule, Twiddle):
                with m.If(stage.overflow):
                    m.d.comb += overflow.eq(1)
            if stages:
                wiring.connect(m, stages[-1].o, stage.i)
            stages.append(stage)
        shape = self.o.payload.shape()
        m.submodules.fifo = fifo = Fifo(shape, inflight=timing.GATE + timing.fft_pipeline(plan, self.order))
        self._gate(m, stages[0].i, fifo.stop)
        valid, last, result = self._finish(m, plan.steps[-1], stages[-1].o, overflow)
        if self.inverse:
            result = Cat(result.im, result.re)
        m.d.comb += [fifo.push.eq(valid), fifo.data.data.eq(result), fifo.data.last.eq(last)]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        with m.If(overflow):
            m.d.sync += self.overflow.eq(1)
        return m

    def _gate(self, m, token, stop):
        """Beats and bubbles to tokens."""
        index, inside = Signal(range(self.plan.size)), Signal()
        beat = self.i.payload.data
        take = Signal()
        m.d.comb += [self.i.ready.eq(~stop), take.eq(self.i.valid & ~stop)]
        step, start = Signal(), Signal()
        sample = Signal(Complex(self.plan.width))
        m.d.sync += [step.eq(~stop & (self.i.valid | ~inside)), start.eq(take & ~inside), sample.eq(0)]
        with m.If(take):
            m.d.sync += sample.eq(Cat(beat.im, beat.re) if self.inverse else beat)
            m.d.sync += [index.eq(index + 1), inside.eq(index != self.plan.size - 1)]
        m.d.comb += [token.step.eq(step), token.start.eq(start), token.data.eq(sample)]

    def _finish(self, m, rule: Requantise, token, overflow):
        """Round, saturate, put in order: ``(valid, last, data)`` of what goes into the FIFO."""
        plan, latency = self.plan, timing.requantise(rule)
        ended = Signal(Tokens(plan.out_width).members["data"].shape)
        m.submodules.counter = counter = FrameCounter(plan.size)
        m.d.comb += [
            counter.step.eq(delayed(m, token.step, latency, "end_step")),
            counter.start.eq(delayed(m, token.start, latency, "end_start")),
        ]
        for part in ("re", "im"):
            m.submodules[f"round_{part}"] = rounder = Requantiser(rule, in_width=len(token.data[part]))
            m.d.comb += [rounder.i.eq(token.data[part]), ended[part].eq(rounder.o)]
            with m.If(rounder.overflow & counter.active):
                m.d.comb += overflow.eq(1)
        if self.order == "bit-reversed":
            return counter.active, counter.index == plan.size - 1, ended
        m.submodules.reorder = reorder = Reorder(size=plan.size, width=plan.out_width)
        m.d.comb += [reorder.i.step.eq(counter.step), reorder.i.start.eq(counter.start), reorder.i.data.eq(ended)]
        return reorder.valid, reorder.last, reorder.data
