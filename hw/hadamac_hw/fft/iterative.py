"""Iterative FFT for small parts: one memory, one butterfly, two multipliers.

Formula and widths are in :mod:`hadamac.model.fft.iterative`.

A frame is loaded into the memory, transformed there in log2 N passes, and unloaded.  A butterfly takes two cycles: the
memory gives and takes one word a cycle, and adders and multipliers are used in both
(:mod:`hadamac_hw.fft.butterfly`).

Nothing is kept between frames: a frame is sent whole without later input.  The next one may be loaded as soon as the
last word of this one is read.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.model.fft.check import check_order, given_plan
from hadamac.model.fft.iterative import IterativePlan
from hadamac.model.fft.orders import ORDERS, output_bins

from ..base.block import Block
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Ram
from ..base.stream import Complex, frames
from ..base.targets import Target
from .butterfly import SerialButterfly

__all__ = ["IterativeFft"]


class MemoryWrite(NamedTuple):
    """Write into the memory: whether there is one in this cycle, where, and the word."""

    enable: Value
    address: Value
    word: View


class IterativeFft(Block):
    """Iterative FFT of frames of N complex samples; the module's text explains how it works.

    Parameters
    ----------
    plan : IterativePlan, or its parameters as keywords
    order : "natural", "bit-reversed" or "centred"
        Order of the output (:data:`hadamac.model.fft.orders.ORDERS`); the input is in natural order.

    Members
    -------
    i, o, overflow, frame_error
        The same as of a stand-alone :class:`~hadamac_hw.fft.streaming.Fft`.

    Timing
    ------
    ``latency`` and ``interval`` are those of the plan.  No beat is taken while a frame is transformed.
    """

    def __init__(self, plan: IterativePlan | None = None, *, order: str = "natural",
                 **parameters: Any):  # the parameters of an IterativePlan
        plan = given_plan("IterativeFft", IterativePlan, plan, parameters)
        check_order(order, ORDERS)
        self.plan: IterativePlan = plan
        self.order = order
        self.latency = plan.latency
        self.interval = plan.interval
        self.frame = (plan.size, plan.size)
        self.multipliers = 2
        user = 1 + (plan.stages if plan.scaling == "run-time" else 0)
        super().__init__({
            "i": In(frames(Complex(plan.width), user)),
            "o": Out(frames(Complex(plan.out_width), 1)),
            "overflow": Out(1),
            "frame_error": Out(1),
        })

    def model(self, x: ArrayLike, inverse: ArrayLike = False, schedule: ArrayLike | None = None) -> np.ndarray:
        """Return the output for frames ``x`` (..., N), bit for bit, in this block's order.

        ``inverse`` and ``schedule`` are those of :meth:`IterativePlan.run`.
        """
        return self.plan.run(x, inverse, schedule).y[..., output_bins(self.plan.size, self.order)]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.memory = memory = Ram(width=2 * plan.word, depth=plan.size, holds=True)
        # Settings of the frame that is loaded, and of the frame that is transformed or sent.
        asked, asks = Signal(len(self.i.payload.user)), Signal(len(self.i.payload.user))
        loaded, idle, computing, computed, unloaded = (
            Signal(name=n) for n in ("loaded", "idle", "computing", "computed", "unloaded"))
        start, flag = Signal(), Signal()
        m.d.comb += start.eq(loaded & idle)
        with m.If(start):
            m.d.sync += [asks.eq(asked), computing.eq(1)]
        with m.If(computed):
            m.d.sync += computing.eq(0)

        load = self._load(m, asked, loaded, start, unloaded)
        word = Complex(plan.word)(memory.read_data)
        read, write, saturated = self._compute(m, word, computing, computed, asked[1:])
        fetch, go, over = self._unload(m, word, computed, unloaded, idle, asks[0], flag | saturated)
        m.d.comb += [
            memory.read_address.eq(Mux(computing, read, fetch)),
            memory.read_enable.eq(computing | go),
            memory.write_enable.eq(load.enable | write.enable),
            memory.write_address.eq(Mux(load.enable, load.address, write.address)),
            memory.write_data.eq(Mux(load.enable, load.word, write.word)),
        ]
        with m.If(start):
            m.d.sync += flag.eq(0)
        with m.Elif(saturated | over):
            m.d.sync += flag.eq(1)
        with m.If(saturated | over):
            m.d.sync += self.overflow.eq(1)
        return m

    def _load(self, m: Module, asked: Value, loaded: Value, start: Value, unloaded: Value) -> MemoryWrite:
        """Load every frame as N beats, whatever its length; return what is written.

        ``asked`` and ``loaded`` are driven: the frame's setting, and whether it is whole.  ``start`` tells that the
        loaded frame is taken over, ``unloaded`` that the memory is free for the next one.

        After a ``last`` that came early, zeros are ``filling`` the frame; after an N-th beat without ``last``, beats
        are ignored up to the next ``last`` (``swallowing``).
        """
        plan, beat = self.plan, self.i.payload
        loading, filling, swallowing = Signal(init=1), Signal(), Signal()
        index = Signal(range(plan.size))
        first, final = index == 0, index == plan.size - 1
        take, enter = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(loading & ~filling),
            take.eq(self.i.valid & self.i.ready),
            enter.eq(loading & (filling | (take & ~swallowing))),
        ]
        with m.If(take & swallowing):
            m.d.sync += swallowing.eq(~beat.last)
        with m.If(enter):
            m.d.sync += index.eq(index + 1)
            with m.If(final):
                m.d.sync += [loading.eq(0), loaded.eq(1), filling.eq(0), swallowing.eq(~filling & ~beat.last)]
            with m.Elif(~filling & beat.last):
                m.d.sync += filling.eq(1)
            with m.If(~filling & (beat.last ^ final)):
                m.d.sync += self.frame_error.eq(1)
            with m.If(first):
                m.d.sync += asked.eq(beat.user)
        with m.If(start):
            m.d.sync += loaded.eq(0)
        with m.If(unloaded):
            m.d.sync += loading.eq(1)
        word = Signal(Complex(plan.word), name="load_word", reset_less=True)
        for part, other in (("re", "im"), ("im", "re")):
            taken = Mux(Mux(first, beat.user[0], asked[0]), beat.data[other], beat.data[part])
            m.d.sync += word[part].eq(Mux(filling, 0, taken << plan.guard))
        return MemoryWrite(delayed(m, enter, 1, "load_enable"), delayed(m, index, 1, "load_address"), word)

    def _compute(self, m: Module, word: View, computing: Value, computed: Value,
                 schedule: Value) -> tuple[Value, MemoryWrite, Value]:
        """Transform the frame in the memory; return ``(read address, write, overflow)``.

        ``word`` was read from the memory.  Passes go on while ``computing``; ``computed`` is driven in the last cycle.

        In a pass, ``t`` counts cycles; ``span`` is the distance of a pair's words, a power of two, and ``below`` is
        ``span - 1``; bit 0 of ``shifts`` is the pass's shift.
        """
        plan, stages = self.plan, self.plan.stages
        sum_at, _, product_at = plan.butterfly_cycles
        m.submodules.butterfly = butterfly = SerialButterfly(plan)
        t = Signal(range(plan.size + product_at - 1))
        end = Signal()
        m.d.sync += end.eq(computing & (t == plan.size + product_at - 3))
        span, below, shifts = (Signal(stages, name=n) for n in ("span", "below", "shifts"))
        reading = computing & ~t[stages:].any()
        with m.If(~computing):
            fixed = Const(sum(s << k for k, s in enumerate(plan.schedule)), stages)
            m.d.sync += [
                t.eq(0),
                span.eq(plan.size // 2),
                below.eq(plan.size // 2 - 1),
                shifts.eq(schedule if plan.scaling == "run-time" else fixed),
            ]
        with m.Else():
            m.d.sync += t.eq(Mux(end, 0, t + 1))
            with m.If(end):
                m.d.sync += [span.eq(span >> 1), below.eq(below >> 1), shifts.eq(shifts >> 1)]
        # The address is the pair's number with one bit inserted at the place where the pair's addresses differ.
        pair, address = Cat(0, t[1:stages], 0), Signal(stages)
        bits = [Mux(below[k], pair[k + 1], Mux(span[k], t[0], pair[k])) for k in range(stages)]
        m.d.comb += [
            computed.eq(computing & end & span[0]),
            address.eq(Cat(*bits)),
            butterfly.first.eq(reading & ~t[0]),
            butterfly.second.eq(reading & t[0]),
            butterfly.restart.eq(end),
            butterfly.last.eq(span[0]),
            butterfly.stride.eq(span[::-1]),
            butterfly.shift.eq(shifts[0]),
            butterfly.word.eq(word),
        ]
        at_sum = delayed(m, address, sum_at, "written")
        at_product = delayed(m, at_sum, product_at - 1 - sum_at, "written_late")
        write = MemoryWrite(butterfly.valid, Mux(butterfly.late, at_product, at_sum), butterfly.o)
        return address, write, butterfly.overflow

    def _unload(self, m: Module, word: View, computed: Value, unloaded: Value, idle: Value, swap: Value,
                flag: Value) -> tuple[Value, Value, Value]:
        """Send the bins; return ``(read address, whether words move, overflow)``.

        ``computed`` starts it; ``unloaded`` and ``idle`` are driven: the last word is read, and nothing is left to be
        sent.  ``swap``: real and imaginary parts are exchanged; ``flag``: a word of the frame has saturated before.
        """
        plan = self.plan
        unloading, index, go = Signal(), Signal(range(plan.size)), Signal()
        final = index == plan.size - 1
        m.d.comb += [go.eq(~self.o.valid | self.o.ready), unloaded.eq(unloading & go & final)]
        with m.If(computed):
            m.d.sync += unloading.eq(1)
        with m.Elif(unloaded):
            m.d.sync += unloading.eq(0)
        with m.If(unloading & go):
            m.d.sync += index.eq(index + 1)
        wait = timing.RAM + timing.requantise(plan.output)
        valid, last = Signal(wait), Signal(wait)
        with m.If(go):
            m.d.sync += [valid.eq(Cat(unloading, valid)), last.eq(Cat(final, last))]
        over = Signal()
        for part, other in (("re", "im"), ("im", "re")):
            rounder = Requantiser(plan.output, in_width=plan.word)
            m.submodules[f"round_{part}"] = EnableInserter(go)(rounder)
            m.d.comb += [rounder.i.eq(Mux(swap, word[other], word[part])), self.o.payload.data[part].eq(rounder.o)]
            with m.If(rounder.overflow & self.o.valid):
                m.d.comb += over.eq(1)
        m.d.comb += [
            idle.eq(~unloading & ~valid.any()),
            self.o.valid.eq(valid[-1]),
            self.o.payload.last.eq(last[-1]),
            self.o.payload.user.eq(last[-1] & (flag | over)),
        ]
        fetch = index if self.order == "natural" else index ^ (plan.size // 2)
        return (index if self.order == "bit-reversed" else fetch[: plan.stages][::-1]), go, over
