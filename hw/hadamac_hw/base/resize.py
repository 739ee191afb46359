"""Change of the width of words between two stages of a network.  Formula and words: :mod:`hadamac.model.resize`."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError
from hadamac.model.resize import ResizePlan

from .block import Block
from .numeric import Requantiser, delayed
from .stream import Complex, Fifo, frames
from .targets import Target

__all__ = ["Resize"]


class Resize(Block):
    """Change of the width of both parts of every beat, a :class:`~hadamac.model.resize.ResizePlan`.

    Parameters
    ----------
    plan : ResizePlan

    Members
    -------
    i : In(frames of Complex(plan.in_width))
    o : Out(frames of Complex(plan.width))
    overflow : Out(1)
        A word has saturated since reset.  There is none if words do not lose bits.

    Timing
    ------
    One beat a cycle; ``latency = plan.latency`` cycles from beat to beat.  If words gain bits, the block consists of
    wires alone.
    """

    plan: ResizePlan

    def __init__(self, plan: ResizePlan):
        if not isinstance(plan, ResizePlan):
            raise DescriptionError(f"Resize plan must be a ResizePlan, not {plan!r}")
        self.plan = plan
        self.pipeline, self.latency = plan.pipeline, plan.latency
        members = {"i": In(frames(Complex(plan.in_width))), "o": Out(frames(Complex(plan.width)))}
        super().__init__(members | ({"overflow": Out(1)} if plan.drop > 0 else {}))

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the words for complex words x (n, ...)."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if self.plan.drop > 0:
            self._round(m)
            return m
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
            self.o.payload.last.eq(self.i.payload.last),
        ]
        for part in ("re", "im"):
            m.d.comb += self.o.payload.data[part].eq(Cat(Const(0, -self.plan.drop), self.i.payload.data[part]))
        return m

    def _round(self, m: Module) -> None:
        """Add the pipeline that rounds and saturates, and its output FIFO."""
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        push = delayed(m, self.i.valid & self.i.ready, self.pipeline, "push")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, self.i.payload.last, self.pipeline, "last")),
        ]
        for part in ("re", "im"):
            m.submodules[f"round_{part}"] = rounder = Requantiser(self.plan.rule, in_width=self.plan.in_width)
            m.d.comb += [
                rounder.i.eq(self.i.payload.data[part]),
                fifo.data.data[part].eq(rounder.o),
            ]
            with m.If(rounder.overflow & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
