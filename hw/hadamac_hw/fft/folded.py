"""Folded FFT: the words of the streaming FFT, made by one butterfly and two multipliers, pass after pass.

:mod:`hadamac.model.fft.folded` explains passes and words.

There are two memories: one takes samples, the other holds the words of a frame.  The first pass reads samples and
writes words.  The memory of samples has two halves, so that the next frame can be loaded in any cycle, however slowly
it comes.

Reads enter a pipeline that never stops, and short chains of registers tell what becomes of each.  A pass begins when
the last word of the pass before has been written.  So no two passes are ever in the pipeline at once, no word is read
too early, and what is the same in a whole pass needs no registers on its way.  Only the last pass, whose words go into
the output FIFO, may have to wait; then it does not read the next pair.

Nothing is kept between frames: a frame is sent whole without later input.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac.model.fft.check import check_order, given_plan
from hadamac.model.fft.folded import FoldedPlan
from hadamac.model.fft.orders import ORDERS, output_bins
from hadamac.model.fft.plan import FftPlan
from hadamac.numeric import Requantise

from ..base.block import Block
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Ram
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target
from .folded_pass import FoldedButterfly, FoldedProduct

__all__ = ["FoldedFft"]


class Pass(NamedTuple):
    """State of the engine in a pass.

    Attributes
    ----------
    span
        Distance of a pair's words, of which one bit is set: the highest in the first pass, the lowest in the last one.
    multiplies
        Products follow.
    slow
        A word takes two cycles.
    issuing
        The pass has not issued all of its reads yet.
    """

    span: Signal
    multiplies: Value
    slow: Value
    issuing: Value

    @property
    def first(self) -> Value:
        """High in the first pass."""
        return self.span[-1]

    @property
    def last(self) -> Value:
        """High in the last pass."""
        return self.span[0]


class Reads(NamedTuple):
    """Control of the pass that is read: the members of the butterfly and of the product with these names.

    Attributes
    ----------
    address
        Place of the word that is read.
    result
        The read belongs to a result.
    """

    address: Value
    second: Value
    late: Value
    subtract: Value
    turn: Value
    advance: Value
    result: Value


class FoldedFft(Block):
    """Folded FFT of frames of N complex samples; the module's text explains how it works.

    Parameters
    ----------
    plan : FftPlan, or its parameters as keywords
        A plan with a fixed schedule.
    inverse : bool
        Exponent +j; the scale stays that of the schedule.
    order : "natural", "bit-reversed" or "centred"
        Order of the output (:data:`hadamac.model.fft.orders.ORDERS`); the input is in natural order.

    Members
    -------
    i : In(frames of Complex(width))
        ``last`` is ignored.
    o : Out(frames of Complex(out_width))
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``latency`` and ``interval`` are those of the :class:`~hadamac.model.fft.folded.FoldedPlan`.
    """

    def __init__(self, plan: FftPlan | None = None, *, inverse: bool = False, order: str = "natural",
                 **parameters: Any):  # the parameters of an FftPlan
        plan = given_plan("FoldedFft", FftPlan, plan, parameters)
        check_order(order, ORDERS)
        self.plan: FftPlan = plan
        self.folded = FoldedPlan(plan)
        self.inverse = bool(inverse)
        self.order = order
        self.latency = self.folded.latency(order)
        self.interval = self.folded.interval(order)
        self.multipliers = self.folded.multipliers
        self.frame = (plan.size, plan.size)
        i, o = (frames(Complex(width)) for width in (plan.width, plan.out_width))
        super().__init__({"i": In(i), "o": Out(o), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the output for frames ``x`` (..., N) of complex words, bit for bit, in this block's order."""
        return self.plan.run(x, self.inverse).y[..., output_bins(self.plan.size, self.order)]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan, folded = self.plan, self.folded
        m.submodules.samples = samples = Ram(width=2 * plan.width, depth=2 * plan.size)
        m.submodules.words = words = Ram(width=2 * folded.word, depth=plan.size)
        m.submodules.butterfly = butterfly = FoldedButterfly(folded, inverse=self.inverse)
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=folded.inflight)
        m.submodules.halves = halves = Halves()
        read, done = (Signal(name=name) for name in ("read", "done"))
        now = self._sequence(m, halves.readable, read, done)
        m.d.comb += halves.emptied.eq(now.first & read)
        self._load(m, samples, halves)
        reads = self._read(m, now, fifo.stop, read)
        m.d.comb += [
            samples.read_address.eq(Cat(reads.address, halves.read_half)),
            words.read_address.eq(reads.address),
            butterfly.second.eq(reads.second),
            butterfly.subtract.eq(reads.subtract),
            butterfly.turn.eq(reads.turn),
            butterfly.first.eq(now.first),
            butterfly.sample.eq(samples.read_data),
            butterfly.word.eq(words.read_data),
        ]
        made = delayed(m, reads.result, folded.sum_latency, "made")
        store, word = made & ~now.multiplies & ~now.last, butterfly.o
        saturated = self._send(m, fifo, butterfly.o, made & now.last)
        if folded.products:
            m.submodules.product = product = FoldedProduct(folded)
            m.d.comb += [
                product.span.eq(now.span),
                product.second.eq(reads.second),
                product.late.eq(reads.late),
                product.advance.eq(reads.advance & now.multiplies),
                product.i.eq(butterfly.o),
                product.valid.eq(made & now.multiplies),
            ]
            store = store | product.done
            word = {part: Mux(now.multiplies, product.o[part], word[part]) for part in ("re", "im")}
            saturated = saturated | product.overflow
        # Sums and differences alternate in every pass; the results of the last one are counted, but not stored.
        late, result = Signal(), store | fifo.push
        with m.If(result):
            m.d.sync += late.eq(~late)
        place, ends = self._places(m, now.span, result & late, "written")
        m.d.comb += [
            done.eq(result & late & ends),
            fifo.data.last.eq(late & ends),
            words.write_enable.eq(store),
            words.write_address.eq(place | Mux(late, now.span, 0)),
            words.write_data.eq(Cat(word["re"][: folded.word], word["im"][: folded.word])),
        ]
        with m.If(saturated):
            m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _sequence(self, m: Module, full: Value, read: Value, done: Value) -> Pass:
        """Go from pass to pass, each of which is ``done`` at its last result, and from frame to frame; return the pass.

        ``full``: a frame is loaded; ``read``: the last read of the pass is issued.
        """
        passes, begins = self.folded.passes, bool(self.folded.passes[0].product)
        span = Signal(len(passes), init=1 << (len(passes) - 1))
        multiplies, slow, issuing, working = Signal(init=begins), Signal(init=begins), Signal(), Signal()
        now = Pass(span, multiplies, slow, issuing)
        with m.If(read):
            m.d.sync += issuing.eq(0)
        with m.If(done):
            following = Cat(span[1:], span[0])
            multiplies_next = Cat(s for s, p in zip(following[::-1], passes) if p.product).any()
            sorts_next = following[0] if self.order != "bit-reversed" else 0
            m.d.sync += [
                span.eq(following),
                multiplies.eq(multiplies_next),
                slow.eq(multiplies_next | sorts_next),
                working.eq(0),
            ]
        # A pass begins when the one before is done, and the first one when a frame is loaded, too.
        with m.If(Mux(done & ~now.last, 1, full & (done | ~working))):
            m.d.sync += [issuing.eq(1), working.eq(1)]
        return now

    def _load(self, m: Module, samples: Ram, halves: Halves) -> None:
        """Write frames of beats into the halves of the memory of samples."""
        index, take = Signal(self.plan.stages), Signal()
        m.d.comb += [
            self.i.ready.eq(halves.writable),
            take.eq(self.i.valid & halves.writable),
            halves.filled.eq(take & index.all()),
            samples.write_enable.eq(take),
            samples.write_address.eq(Cat(index, halves.write_half)),
            samples.write_data.eq(self.i.payload.data),
        ]
        with m.If(take):
            m.d.sync += index.eq(index + 1)

    def _places(self, m: Module, span: Value, advance: Value, name: str) -> tuple[Signal, Value]:
        """Return the place of a pair's first word, which moves on with ``advance``, and whether the pair is the last.

        The bit of ``span`` is 0 in all places; it is set for the addition, so that the carry passes it.  A pair takes
        two cycles at least, and it matters only in the second whether the pair is the last, so a register can tell it.
        """
        place, ends = Signal(self.plan.stages, name=f"{name}_place"), Signal(name=f"{name}_ends")
        with m.If(advance):
            m.d.sync += place.eq(((place | span) + 1) & ~span)
        m.d.sync += ends.eq((place | span).all())
        return place, ends

    def _read(self, m: Module, now: Pass, stop: Value, read: Signal) -> Reads:
        """Issue the reads of a pass; drive ``read`` with the last of them.

        In a pass with products the two results of a pair follow each other.  A last pass that does not give the
        bit-reversed order makes all sums first, which are bins 0 to N/2 - 1, and then all differences, and takes the
        pairs in bit-reversed order.
        """
        sorts = now.last if self.order != "bit-reversed" else Const(0)
        second, late, step, both = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            # Words of a pair must follow each other, so reads stop between pairs only.
            step.eq(now.issuing & (second | ~(now.last & stop))),
            both.eq(step & second),
        ]
        with m.If(step):
            m.d.sync += second.eq(~second)
        advance = both & (late | ~now.multiplies)
        place, ends = self._places(m, now.span, advance, "read")
        with m.If(both & (now.multiplies | (sorts & ends))):
            m.d.sync += late.eq(~late)
        address = Signal(self.plan.stages)
        m.d.comb += [
            read.eq(both & ends & (late | ~now.slow)),
            address.eq(Mux(sorts, Cat(second, place[1:][::-1]), place | Mux(second, now.span, 0))),
        ]
        # The second butterfly of a pair multiplies by -j in odd blocks: where the bit above the distance is set.
        turns = [now.span[bit] & address[bit + 1] for bit, p in zip(reversed(range(len(now.span))), self.folded.passes)
                 if p.butterfly.rotate]
        difference = late ^ now.last if self.order == "centred" else late
        return Reads(address, second, late, Mux(now.slow, difference, second), Cat(turns).any(), advance,
                     step & (second | ~now.slow))

    def _send(self, m: Module, fifo: Fifo, word: View, made: Value) -> Value:
        """Push the rounded words of the last pass into the FIFO; return whether one of them saturates."""
        plan, width = self.plan, self.plan.steps[-1].out_width
        m.d.comb += fifo.push.eq(delayed(m, made, plan.output_latency, "push"))
        if not isinstance(plan.output, Requantise):
            raise TypeError(f"Folded FFT must end with a requantisation, not {type(plan.output).__name__}")
        overflow: Value = Const(0)
        for part, other in (("re", "im"), ("im", "re")):
            m.submodules[f"round_{part}"] = rounder = Requantiser(plan.output, in_width=width)
            m.d.comb += [
                rounder.i.eq(word[other if self.inverse else part]),
                fifo.data.data[part].eq(rounder.o),
            ]
            overflow = overflow | rounder.overflow
        return overflow & fifo.push
