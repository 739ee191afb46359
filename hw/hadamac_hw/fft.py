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
from .numeric import Requantiser, delayed, reached
from .stream import Complex, Fifo, frames

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
    stand_alone : bool
        Beats carry a ``user`` bit: in, on a frame's first beat, that this frame's transform is the inverse; out, on
        its last beat, that something saturated in this frame.  And a frame whose ``last`` comes early is filled
        up with zeros, one whose ``last`` is late is cut and its surplus swallowed up to its ``last``.

    Members
    -------
    i : In(frames of Complex(width))
        Unless ``stand_alone``, ``last`` is not looked at.
    o : Out(frames of Complex(out_width))
    overflow : Out(1)
        Something saturated since reset.
    frame_error : Out(1)
        With ``stand_alone``: a frame was broken since reset.

    Timing
    ------
    ``interval`` N cycles a frame; ``latency`` cycles from the first beat in to the first beat out.
    """

    def __init__(self, plan: FftPlan | None = None, *, inverse: bool = False, order: str = "natural",
                 stand_alone: bool = False, **parameters):
        if plan is not None and parameters:
            raise DescriptionError("Fft takes a plan or parameters, not both")
        if order not in ORDERS:
            raise DescriptionError(f"Fft order must be {', '.join(ORDERS[:-1])} or {ORDERS[-1]}, not {order!r}")
        if stand_alone and inverse:
            raise DescriptionError("Fft takes inverse or stand_alone (each frame tells its direction), not both")
        self.plan = plan or FftPlan(**parameters)
        self.inverse, self.order, self.stand_alone = bool(inverse), order, bool(stand_alone)
        self.latency = timing.fft_latency(self.plan, order) + (timing.FFT_GUARD if stand_alone else 0)
        self.interval = self.plan.size
        self.multipliers = self.plan.multipliers
        self.frame = (self.plan.size, self.plan.size)
        inside = 2 * self.plan.size + timing.reorder_lag(self.plan.size, order) + timing.fft_pipeline(self.plan, order)
        self._flight = 1 << (inside // self.plan.size + 1).bit_length()  # frame numbers that tell those inside apart
        i, o = (frames(Complex(w), int(self.stand_alone)) for w in (self.plan.width, self.plan.out_width))
        flags = ("overflow", "frame_error") if self.stand_alone else ("overflow",)
        super().__init__({"i": In(i), "o": Out(o)} | {name: Out(1) for name in flags})

    def model(self, x, inverse=None):
        """Bit-exact output for frames ``x`` (..., N) of complex words, in this block's order.

        ``inverse``: with ``stand_alone``, bool (...) of each frame.
        """
        if inverse is None:
            inverse = self.inverse
        y, _ = self.plan.run(x, inverse)
        return y[..., output_bins(self.plan.size, self.order)]

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        stages = []
        for k, rule in enumerate(plan.steps[:-1]):
            if isinstance(rule, Butterfly):
                stage = DelayButterfly(rule)
            else:
                stage = TwiddleProduct(rule, size=plan.size, twiddle_width=plan.twiddle_width, flight=self._flight)
            m.submodules[f"stage{k}"] = stage
            if stages:
                wiring.connect(m, stages[-1].o, stage.i)
            stages.append(stage)
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=timing.fft_inflight(plan, self.order))
        inverse = self._gate(m, stages[0].i, fifo.stop)
        saturated = [(stage.overflow, stage.number) for stage in stages if isinstance(stage, TwiddleProduct)]
        m.d.comb += fifo.push.eq(self._finish(m, plan.steps[-1], stages[-1].o, inverse, saturated, fifo.data))
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _gate(self, m, token, stop_early):
        """Beats to tokens; returns the directions of the frames inside, by number."""
        stop = delayed(m, stop_early, timing.STOP, "stop")
        sample, ready = (Signal(Complex(self.plan.width), name=n, reset_less=True) for n in ("sample", "ready"))
        inverse, swap, blank = Signal(self._flight), int(self.inverse), 0
        if self.stand_alone:
            swap, blank = self._guard(m, token, stop_early, stop, sample, inverse)
        else:
            m.d.comb += self.i.ready.eq(~stop)
            m.d.sync += [token.valid.eq(self.i.valid & ~stop), sample.eq(self.i.payload.data)]
        m.d.sync += [token.step.eq(~stop), ready.eq(Mux(blank, 0, Mux(swap, Cat(sample.im, sample.re), sample)))]
        m.d.comb += token.data.eq(delayed(m, ready, timing.LEAD - 1, "sample"))
        return inverse

    def _guard(self, m, token, stop_early, stop, sample, inverse):
        """Make every frame N tokens; note its direction.  Returns ``(swap, blank)`` for ``sample``.

        Two registers: in the first a beat is judged by its place in its frame, from the second it enters, and
        what is missing of its frame after it.  Both advance together, so each decision is a few terms deep.
        """
        size, bits = self.plan.size, (self.plan.size - 1).bit_length()
        filling, fill, advance = Signal(), Signal(), Signal(init=1)
        judged, beat = (Signal.like(self.i.payload, name=n, reset_less=True) for n in ("judged", "beat"))
        valid, taken, place, begins, ends = Signal(), Signal(), Signal(range(size)), Signal(init=1), Signal()
        swallowing, short, wrong, first = Signal(), Signal(), Signal(), Signal()
        last, counts, before_end = judged.last, taken & ~swallowing, reached(m, place, size - 2)
        m.d.comb += self.i.ready.eq(advance)
        m.d.sync += [filling.eq(fill), advance.eq(~(fill | stop_early))]
        with m.If(advance):
            m.d.sync += [
                judged.eq(self.i.payload), taken.eq(self.i.valid), beat.eq(judged), valid.eq(counts),
                short.eq(counts & last & ~ends), wrong.eq(counts & (last ^ ends)), first.eq(begins),
            ]
            with m.If(taken):
                m.d.sync += swallowing.eq(~last & (swallowing | ends))
            with m.If(counts):
                m.d.sync += [
                    place.eq(Mux(last, 0, place + 1)), begins.eq(last | ends), ends.eq(~last & before_end),
                ]
        with m.If(wrong):
            m.d.sync += self.frame_error.eq(1)

        index, final, swap, blank = Signal(range(size * self._flight)), Signal(), Signal(), Signal()
        enter, before_final = ~stop & (filling | valid), reached(m, index[:bits], size - 2)
        m.d.comb += fill.eq(Mux(filling, stop | ~final, advance & short))
        m.d.sync += [token.valid.eq(enter), sample.eq(beat.data), blank.eq(filling)]
        with m.If(enter):
            m.d.sync += [index.eq(index + 1), final.eq(before_final)]
        begun = enter & first & ~filling
        with m.If(begun):
            m.d.sync += swap.eq(beat.user)
        number, begun = delayed(m, index[bits:], 1, "number"), delayed(m, begun, 1, "begun")
        with m.If(begun):
            m.d.sync += inverse.bit_select(number, 1).eq(swap)
        return swap, blank

    def _finish(self, m, rule: Requantise, token, inverse, saturated, beat):
        """Round, saturate, put in order, into ``beat``; returns its valid."""
        plan, latency = self.plan, timing.LEAD + timing.requantise(rule)
        bits = (plan.size - 1).bit_length()
        index = Signal(range(plan.size * self._flight))
        with m.If(token.valid):
            m.d.sync += index.eq(index + 1)
        swap = int(self.inverse)
        if self.stand_alone:
            swap = delayed(m, inverse.bit_select(index[bits:], 1), latency, "swap")
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
            due, position, wait = valid, at, 0
            m.d.comb += beat.data.eq(ended)
        else:
            m.submodules.reorder = reorder = Reorder(
                size=plan.size, width=plan.out_width, order=self.order, flight=self._flight)
            m.d.comb += [
                reorder.step.eq(step), reorder.valid.eq(valid), reorder.data.eq(ended), beat.data.eq(reorder.o),
            ]
            due, position, wait = reorder.due, reorder.leaving, Reorder.READ
        last, number = position[:bits].all(), position[bits:]
        m.d.comb += beat.last.eq(delayed(m, last, wait, "last"))
        # By frame number: in which something saturated, known two cycles after it was written; which have left.
        flags, events, left = (Signal(self._flight, name=n) for n in ("flags", "events", "left"))
        m.d.sync += [events.eq(0), left.eq(0), flags.eq((flags & ~left) | events)]
        for event, of in [*saturated, (overflow, at[bits:])]:
            of = delayed(m, of, 1, "saturated_number")
            with m.If(delayed(m, event, 1, "saturated")):
                m.d.sync += events.bit_select(of, 1).eq(1)
        with m.If(events.any()):
            m.d.sync += self.overflow.eq(1)
        if self.stand_alone:
            m.d.comb += beat.user.eq(self._flag(m, due, last, number, wait, flags, events, overflow, left))
        return delayed(m, due, wait, "push")

    def _flag(self, m, due, last, number, wait, flags, events, overflow, left):
        """The last beat's overflow bit, ``wait`` cycles after that beat was due; marks its frame as ``left``."""
        if wait:
            names = {"leaves": due, "ends": last, "of": number}
            leaves, ends, of = (delayed(m, value, 1, name) for name, value in names.items())
            flag, done, of = (delayed(m, v, 1, n) for n, v in (
                ("flag", flags.bit_select(of, 1)), ("done", leaves & ends), ("gone", of)))
            user = delayed(m, flag & done, wait - 2, "user")
        else:  # what is on its way into the flags counts too
            now = delayed(m, overflow, 1, "saturated_before")
            flag, done, of = (flags | events).bit_select(number, 1) | overflow | now, due & last, number
            user = flag & done
            done, of = delayed(m, done, timing.RAM, "done"), delayed(m, of, timing.RAM, "gone")
        with m.If(done):
            m.d.sync += left.bit_select(of, 1).eq(1)
        return user
