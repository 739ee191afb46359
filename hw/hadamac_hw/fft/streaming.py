"""Streaming FFT: radix-2^2 single-path delay feedback, one complex sample a cycle.

Formula, scaling and widths: :mod:`hadamac.model.fft.plan`.  The circuit follows the same
:class:`~hadamac.model.fft.plan.FftPlan` step by step.

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

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError
from hadamac.model.fft import cycles
from hadamac.model.fft.check import check_order, given_plan
from hadamac.model.fft.orders import ORDERS, output_bins
from hadamac.model.fft.plan import FftPlan
from hadamac.model.fft.steps import Butterfly

from ..base.numeric import delayed
from ..base.stream import Complex, Fifo, frames
from .end import End
from .gate import Gate
from .stages import DelayButterfly, TwiddleProduct

__all__ = ["Fft"]


class Fft(wiring.Component):
    """Streaming FFT of frames of N complex samples; see the module's text.

    Parameters
    ----------
    plan : FftPlan, or its parameters as keywords
        Size, widths, schedule (:class:`hadamac.model.fft.plan.FftPlan`).
    inverse : bool
        Exponent +j; the scale stays that of the schedule.
    order : "natural", "bit-reversed" or "centred"
        Of the output (:data:`hadamac.model.fft.orders.ORDERS`); the input is in natural order.
    stand_alone : bool
        Beats carry ``user`` bits.  In, on a frame's first beat: bit 0, that this frame's transform is the inverse;
        with run-time scaling, from bit 1 up, its schedule, first stage first.  Out: bit 0, on its last beat, that
        something saturated in this frame; with a block exponent, from bit 1 up and on every beat, the exponent.
        And a frame whose ``last`` comes early is filled up with zeros, one whose ``last`` is late is cut and its
        surplus swallowed up to its ``last``.

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
        plan = given_plan("Fft", FftPlan, plan, parameters)
        check_order(order, ORDERS)
        if stand_alone and inverse:
            raise DescriptionError("Fft takes inverse or stand_alone (each frame tells its direction), not both")
        self.plan = plan
        if self.plan.scaling in ("run-time", "block") and not stand_alone:
            raise DescriptionError(f"Fft scaling {self.plan.scaling!r} needs stand_alone: each frame's beats tell it")
        self.inverse, self.order, self.stand_alone = bool(inverse), order, bool(stand_alone)
        self.latency = self.plan.latency(order) + (cycles.MEND if stand_alone else 0)
        self.interval = self.plan.size
        self.multipliers = self.plan.multipliers
        self.frame = (self.plan.size, self.plan.size)
        # Numbers that tell the frames inside apart; where they share all settings, one does.
        inside = 2 * self.plan.size + self.plan.output_lag(order) + self.plan.pipeline(order)
        self._flight = 1 << (inside // self.plan.size + 1).bit_length() if stand_alone else 1
        loaded = self.plan.stages if self.plan.scaling == "run-time" else 0
        self._user = (1 + loaded, 1 + self.plan.exponent_bits) if stand_alone else (0, 0)
        i, o = (frames(Complex(w), u) for w, u in zip((self.plan.width, self.plan.out_width), self._user))
        flags = ("overflow", "frame_error") if self.stand_alone else ("overflow",)
        super().__init__({"i": In(i), "o": Out(o)} | {name: Out(1) for name in flags})

    def model(self, x, inverse=None, exponent=None):
        """Bit-exact output for frames ``x`` (..., N) of complex words, in this block's order.

        ``inverse``: with ``stand_alone``, bool (...) of each frame.  ``exponent``: with run-time scaling, the
        number of ones in each frame's schedule.
        """
        if inverse is None:
            inverse = self.inverse
        return self.plan.run(x, inverse, exponent).y[..., output_bins(self.plan.size, self.order)]

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        m.submodules.gate = gate = Gate(
            plan, inverse=self.inverse, user=self._user[0], flight=self._flight)
        m.submodules.end = end = End(
            plan, order=self.order, inverse=self.inverse, user=self._user[1],
            flight=self._flight)
        before, saturated = gate, []
        for k, rule in enumerate(plan.steps):
            if isinstance(rule, Butterfly):
                stage = DelayButterfly(rule)
            else:
                stage = TwiddleProduct(rule, size=plan.size, twiddle_width=plan.twiddle_width, flight=self._flight)
                saturated += [(stage.overflow, stage.number)] if rule.operand.saturates else []
            m.submodules[f"stage{k}"] = stage
            wiring.connect(m, before.o, stage.i)
            before = stage
        wiring.connect(m, before.o, end.i)
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=plan.inflight(self.order))
        m.d.comb += [
            gate.stop.eq(fifo.stop), gate.number.eq(end.number), end.setting.eq(gate.setting), fifo.push.eq(end.push),
            fifo.data.eq(end.beat),
        ]
        m.d.sync += end.saturated.eq(0)
        for event, number in saturated:
            number = delayed(m, number, 1, "saturated_number")
            with m.If(delayed(m, event, 1, "saturated")):
                m.d.sync += end.saturated.bit_select(number, 1).eq(1)
        m.d.comb += self.overflow.eq(end.overflow)
        if self.stand_alone:
            m.d.comb += self.frame_error.eq(gate.frame_error)
        wiring.connect(m, wiring.flipped(self.i), gate.i)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m
