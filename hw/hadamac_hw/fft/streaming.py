"""Streaming FFT: radix-2^2 single-path delay feedback, one complex sample a cycle.

Formula, scaling and widths are in :mod:`hadamac.model.fft.plan`.  The circuit follows the same
:class:`~hadamac.model.fft.plan.FftPlan` step by step.

How it stalls, and how it drains
--------------------------------
Samples travel through the circuit as *tokens*: control signals and, two cycles later, the sample.  Time inside is
counted in *steps*: every cycle is one, except while the output FIFO could not take all that is already on its way.
A sample enters with a step.  In each stage one half of a block leaves with the samples that enter; the other half waits
in the delay line until the block is complete and then leaves by itself, one sample a step, while the first half of the
next block takes its place or nothing enters at all.  So a frame is sent whole and at full rate without later input,
whatever the gaps within and between frames, and no stage ever needs to be stopped by its neighbour.

``step`` and ``valid`` travel with the data, two cycles ahead of it, and enable only counters and short register
chains: no clock-enable net leaves its stage, and memories are read ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac.errors import DescriptionError
from hadamac.model.fft import cycles
from hadamac.model.fft.check import check_order, given_plan
from hadamac.model.fft.orders import ORDERS, output_bins
from hadamac.model.fft.plan import FftPlan
from hadamac.model.fft.steps import Butterfly

from ..base.block import Block, Example
from ..base.numeric import delayed
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target
from .end import End
from .gate import Gate
from .stages import DelayButterfly, TwiddleProduct

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Fft"]


class Fft(Block):
    """Streaming FFT of frames of N complex samples; the module's text explains how it works.

    Parameters
    ----------
    plan : FftPlan, or its parameters as keywords
        Size, widths, schedule (:class:`hadamac.model.fft.plan.FftPlan`).
    inverse : bool
        Exponent +j; the scale stays that of the schedule.
    order : "natural", "bit-reversed" or "centred"
        Order of the output (:data:`hadamac.model.fft.orders.ORDERS`); the input is in natural order.
    stand_alone : bool
        Beats carry ``user`` bits, and frames of a wrong length are mended: one whose ``last`` comes early is filled up
        with zeros, one whose ``last`` is late is cut and its surplus swallowed up to its ``last``.

    ``user`` in, on the first beat of a frame: bit 0 asks for the inverse transform of this frame; with run-time scaling
    the bits from 1 up are its schedule, first stage first.  ``user`` out: bit 0, on the last beat of a frame, tells
    that a word of this frame saturated; with a block exponent the bits from 1 up, on every beat, are the exponent.

    Members
    -------
    i : In(frames of Complex(width))
        Without ``stand_alone``, ``last`` is ignored.
    o : Out(frames of Complex(out_width))
    overflow : Out(1)
        A word saturated since reset.
    frame_error : Out(1)
        With ``stand_alone``: a frame of a wrong length arrived since reset.

    Timing
    ------
    ``interval`` is N cycles a frame, ``latency`` that of the plan, and ``cycles.MEND`` more with ``stand_alone``.
    """

    def __init__(self, plan: FftPlan | None = None, *, inverse: bool = False, order: str = "natural",
                 stand_alone: bool = False, **parameters: Any):  # the parameters of an FftPlan
        plan = given_plan("Fft", FftPlan, plan, parameters)
        check_order(order, ORDERS)
        if stand_alone and inverse:
            raise DescriptionError("Fft takes inverse or stand_alone (each frame tells its direction), not both")
        self.plan: FftPlan = plan
        if plan.scaling in ("run-time", "block") and not stand_alone:
            raise DescriptionError(f"Fft scaling {plan.scaling!r} needs stand_alone: each frame's beats tell it")
        self.inverse = bool(inverse)
        self.order = order
        self.stand_alone = bool(stand_alone)
        self.latency = plan.latency(order) + (cycles.MEND if stand_alone else 0)
        self.interval = plan.size
        self.multipliers = plan.multipliers
        self.frame = (plan.size, plan.size)
        # Numbers that tell the frames inside apart; if all frames share their settings, one number is enough.
        inside = 2 * plan.size + plan.output_lag(order) + plan.pipeline(order)
        self._flight = 1 << (inside // plan.size + 1).bit_length() if stand_alone else 1
        loaded = plan.stages if plan.scaling == "run-time" else 0
        self._user = (1 + loaded, 1 + plan.exponent_bits) if stand_alone else (0, 0)
        i, o = (frames(Complex(w), u) for w, u in zip((plan.width, plan.out_width), self._user))
        flags = ("overflow", "frame_error") if self.stand_alone else ("overflow",)
        super().__init__({"i": In(i), "o": Out(o)} | {name: Out(1) for name in flags})

    def model(self, x: ArrayLike, inverse: ArrayLike | None = None, exponent: ArrayLike | None = None) -> np.ndarray:
        """Return the output for frames ``x`` (..., N) of complex words, bit for bit, in this block's order.

        ``inverse``: with ``stand_alone``, bool (...) of each frame.  ``exponent``: with run-time scaling, the
        number of ones in each frame's schedule.
        """
        if inverse is None:
            inverse = self.inverse
        return self.plan.run(x, inverse, exponent).y[..., output_bins(self.plan.size, self.order)]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        user_in, user_out = self._user
        m.submodules.gate = gate = Gate(plan, inverse=self.inverse, user=user_in, flight=self._flight)
        m.submodules.end = end = End(
            plan, order=self.order, inverse=self.inverse, user=user_out, flight=self._flight)
        before: Gate | DelayButterfly | TwiddleProduct = gate
        saturated: list[tuple[Value, Value]] = []
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
            gate.stop.eq(fifo.stop),
            gate.number.eq(end.number),
            end.setting.eq(gate.setting),
            fifo.push.eq(end.push),
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

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the cores of this block in the Verilog library."""
        for n in (16, 64, 256, 1024):
            yield Example(f"fft{n}", cls(size=n, width=16), f"FFT of {n} points, 16 bits, natural order, scale 1/{n}")
        yield Example("ifft64", cls(size=64, width=16, inverse=True),
                      "inverse FFT, 64 points, 16 bits, natural order, scale 1/64")
