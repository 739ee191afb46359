"""Pointwise functions of real maps that flow as row pairs: ReLU, and a table of linear segments.

Both act on the real and the imaginary part apart, because each holds a row of its own.  Model:
:mod:`hadamac.model.pwl`.
"""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model import pwl as model
from hadamac.model.fft_steps import Requantise
from hadamac.model.pwl import PwlTable

from .numeric import Requantiser, delayed
from .primitives import Multiplier
from .stream import Complex, Fifo, frames

__all__ = ["Relu", "Pwl"]


class Relu(wiring.Component):
    """``max(x, 0)`` on both parts; combinational, no multiplier.

    Members: ``i``, ``o``: frames of Complex(width).
    """

    latency = 0

    def __init__(self, *, width: int):
        self.width = width
        super().__init__({"i": In(frames(Complex(width))), "o": Out(frames(Complex(width)))})

    def model(self, x):
        """Real words of any shape."""
        return model.relu(x)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready), self.o.payload.last.eq(self.i.payload.last),
        ]
        for part in ("re", "im"):
            x = self.i.payload.data[part]
            m.d.comb += self.o.payload.data[part].eq(Mux(x < 0, 0, x))
        return m


class Pwl(wiring.Component):
    """A :class:`~hadamac.model.pwl.PwlTable` on both parts.

    Members
    -------
    i, o : frames of Complex(table.width)
    overflow : Out(1)
        Something saturated since reset.

    Timing
    ------
    One beat a cycle; ``latency`` cycles from beat to beat.  Two multipliers.
    """

    multipliers = 2

    def __init__(self, table: PwlTable):
        self.table = table
        self.pipeline = timing.pwl_pipeline(table.shift)
        self.latency = self.pipeline + timing.FIFO
        shape = frames(Complex(table.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x):
        """Real words (n, ...)."""
        return self.table.run(x)[0]

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        take = self.i.valid & self.i.ready
        push = delayed(m, take, self.pipeline, "push")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop), fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, self.i.payload.last, self.pipeline, "last")),
        ]
        for part in ("re", "im"):
            value, overflow = self._lane(m, part, self.i.payload.data[part])
            m.d.comb += fifo.data.data[part].eq(value)
            with m.If(overflow & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _lane(self, m, part, x):
        table = self.table
        above = Signal(max(len(table.breakpoints), 1), name=f"above_{part}")
        if table.breakpoints:
            m.d.sync += above.eq(sum((x >= b) << k for k, b in enumerate(table.breakpoints)))
        # Breakpoints rise, so the comparisons form a thermometer code; its ones count segments.
        segment = sum(above) if table.breakpoints else Const(0)
        slope = Signal(signed(table.slope_width), name=f"slope_{part}", reset_less=True)
        offset = Signal(signed(table.width + table.slope_width), name=f"offset_{part}", reset_less=True)
        m.d.sync += [
            slope.eq(Array(Const(v, signed(table.slope_width)) for v in table.slopes)[segment]),
            offset.eq(Array(Const(v, offset.shape()) for v in table.offsets)[segment]),
        ]
        m.submodules[f"product_{part}"] = product = Multiplier(a_width=table.width, b_width=table.slope_width)
        m.d.comb += [product.a.eq(delayed(m, x, 2, f"x_{part}")), product.b.eq(slope)]
        total = Signal(signed(table.width + table.slope_width + 1), name=f"total_{part}", reset_less=True)
        m.d.sync += total.eq(product.p + delayed(m, offset, timing.MULTIPLIER, f"wait_{part}"))
        rule = Requantise(table.shift, table.width, True)
        m.submodules[f"round_{part}"] = rounder = Requantiser(rule, in_width=len(total))
        m.d.comb += rounder.i.eq(total)
        return rounder.o, rounder.overflow
