"""Pointwise functions of real maps that flow as row pairs: ReLU, and a table of linear segments.

Both act on the real and the imaginary part apart, because each holds a row of its own.  Model:
:mod:`hadamac.model.pwl.table`.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.pwl import table as model
from hadamac.model.pwl.table import PwlTable
from hadamac.model.words import check_words
from hadamac.numeric import Requantise
from hadamac.ops import relu, table

from ..base.block import Block
from ..base.circuits import circuit
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, frames

__all__ = ["Relu", "Pwl"]


class Relu(Block):
    """``max(x, 0)`` on both parts; combinational, no multiplier.

    Members: ``i``, ``o``: frames of Complex(width).
    """

    latency = 0

    def __init__(self, *, width: int):
        self.width = width
        super().__init__({"i": In(frames(Complex(width))), "o": Out(frames(Complex(width)))})

    def model(self, x):
        """Real words of any shape."""
        return model.relu(check_words("Relu", x, self.width))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready), self.o.payload.last.eq(self.i.payload.last),
        ]
        for part in ("re", "im"):
            x = self.i.payload.data[part]
            m.d.comb += self.o.payload.data[part].eq(Mux(x < 0, 0, x))
        return m


class Pwl(Block):
    """A :class:`~hadamac.model.pwl.table.PwlTable` on both parts.

    Parameters
    ----------
    table : PwlTable
    loadable : bool
        Whether ``load`` exists; without it the table is built in.
    real : bool
        Only the real part is computed, the imaginary one is 0: for spectra of maps that are even about their centre.

    Members
    -------
    i, o : frames of Complex(table.width)
    load : In(stream of segment, breakpoint, slope, offset)
        Replaces a segment's words; it begins at ``breakpoint``, which of segment 0 means nothing.  Always taken, one a
        cycle.  Breakpoints must rise strictly with their segments, and are those of x >= 0 in a mirrored table.
        What is on its way while a segment changes may see either; a frame sent afterwards sees the new one.
    overflow : Out(1)
        Something saturated since reset.

    Timing
    ------
    One beat a cycle; ``latency`` cycles from beat to beat.  Two multipliers, one where ``real``.
    """

    def __init__(self, table: PwlTable, *, loadable: bool = False, real: bool = False):
        self.table, self.loadable, self.real = table, bool(loadable), bool(real)
        self.multipliers = 1 if real else 2
        self.pipeline = table.pipeline
        self.latency = self.pipeline + timing.FIFO
        shape = frames(Complex(table.width))
        members = {"i": In(shape), "o": Out(shape), "overflow": Out(1)}
        if loadable:
            entry = data.StructLayout({
                "segment": table.address_bits, "breakpoint": signed(table.width), "slope": signed(table.slope_width),
                "offset": signed(table.width + table.slope_width),
            })
            members["load"] = In(stream.Signature(entry))
        super().__init__(members)

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
        breakpoints = [Const(b, signed(self.table.width)) for b in self.table.breakpoints]
        if self.loadable:
            breakpoints = self._breakpoints(m)
        for part in ("re",) if self.real else ("re", "im"):
            value, overflow = self._lane(m, part, self.i.payload.data[part], breakpoints)
            m.d.comb += fifo.data.data[part].eq(value)
            with m.If(overflow & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _breakpoints(self, m):
        m.d.comb += self.load.ready.eq(1)
        registers = []
        for k, b in enumerate(self.table.breakpoints):
            register = Signal(signed(self.table.width), name=f"breakpoint{k + 1}", init=b)
            with m.If(self.load.valid & (self.load.payload.segment == k + 1)):
                m.d.sync += register.eq(self.load.payload.breakpoint)
            registers.append(register)
        return registers

    def _lane(self, m, part, x, breakpoints):
        table = self.table
        slope_width, offset_width = table.slope_width, table.width + table.slope_width
        negative = x[-1] if table.mirror is not None else Const(0, 1)
        folded = (x ^ negative.replicate(table.width))[: table.width].as_signed()
        above = Signal(max(len(breakpoints), 1), name=f"above_{part}")
        m.d.sync += above.eq(Cat(*(folded >= b for b in breakpoints)))
        # Breakpoints rise, so the comparisons form a thermometer code; its ones count segments.
        segment = Signal(table.address_bits, name=f"segment_{part}", reset_less=True)
        m.d.sync += segment.eq(sum(above))
        mask = (1 << slope_width) - 1, (1 << offset_width) - 1
        words = [(s & mask[0]) | (o & mask[1]) << slope_width for s, o in zip(table.slopes, table.offsets)]
        m.submodules[f"table_{part}"] = memory = Ram(
            width=slope_width + offset_width, depth=1 << table.address_bits, init=words, writable=self.loadable)
        m.d.comb += memory.read_address.eq(segment)
        if self.loadable:
            entry = self.load.payload
            m.d.comb += [
                memory.write_address.eq(entry.segment), memory.write_data.eq(Cat(entry.slope, entry.offset)),
                memory.write_enable.eq(self.load.valid),
            ]
        wait = 2 + timing.RAM
        slope, offset = memory.read_data[:slope_width].as_signed(), memory.read_data[slope_width:].as_signed()
        if table.mirror is not None:
            slope, offset = self._mirrored(m, part, slope, offset, delayed(m, negative, wait, f"negative_{part}"))
            wait += 1
        m.submodules[f"product_{part}"] = product = Multiplier(a_width=table.width, b_width=slope_width)
        m.d.comb += [product.a.eq(delayed(m, x, wait, f"x_{part}")), product.b.eq(slope)]
        total = Signal(signed(offset_width + 1), name=f"total_{part}", reset_less=True)
        m.d.sync += total.eq(product.p + delayed(m, offset, timing.MULTIPLIER, f"wait_{part}"))
        rule = Requantise(table.shift, table.width, True)
        m.submodules[f"round_{part}"] = rounder = Requantiser(rule, in_width=len(total))
        m.d.comb += rounder.i.eq(total)
        return rounder.o, rounder.overflow

    def _mirrored(self, m, part, slope, offset, negative):
        """Slope and offset of x < 0 from those of x >= 0, a cycle later."""
        mirror = self.table.mirror
        out = []
        for name, value, changes in (("slope", slope, mirror.kind == "even"), ("offset", offset, mirror.kind == "odd")):
            register = Signal(value.shape(), name=f"{name}_{part}", reset_less=True)
            m.d.sync += register.eq(Mux(negative, mirror.word - value, value) if changes else value)
            out.append(register)
        return out


@circuit.register(relu.Relu)
def _relu(op: relu.Relu, lanes: int) -> Relu:
    """Return the ReLU of a network."""
    return Relu(width=op.width)


@circuit.register(table.Table)
def _pwl(op: table.Table, lanes: int) -> Pwl:
    """Return the table of a network, which is a ROM."""
    return Pwl(op.plan)
