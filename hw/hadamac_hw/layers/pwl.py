"""Pointwise functions of real maps that arrive as row pairs: ReLU, and a table of linear segments.

Both blocks treat the real and the imaginary part separately, because each part holds a row of its own.  Model:
:mod:`hadamac.model.pwl.table`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.model.pwl.fitting import FUNCTIONS, fit
from hadamac.model.pwl.table import MIRRORED, Mirror, PwlTable, relu
from hadamac.model.words import check_words
from hadamac.numeric import SQ
from hadamac.ops import relu as rectifier
from hadamac.ops import table as tables

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Relu", "Pwl"]


class Relu(Block):
    """ReLU, ``max(x, 0)`` of both parts; combinational, no multiplier.

    Parameters
    ----------
    width : int
        Bits of a part.

    Members
    -------
    i, o : frames of Complex(width)
    """

    def __init__(self, *, width: int):
        self.width = width
        super().__init__({"i": In(frames(Complex(width))), "o": Out(frames(Complex(width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words for real words x of any shape."""
        return relu(check_words("Relu", x, self.width))

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
            self.o.payload.last.eq(self.i.payload.last),
        ]
        for part in ("re", "im"):
            x = self.i.payload.data[part]
            m.d.comb += self.o.payload.data[part].eq(Mux(x < 0, 0, x))
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 16 bits."""
        yield Example("relu", cls(width=16), "ReLU on row pairs")


def _ones(code: Value, bits: int) -> Value:
    """Return the number of ones of a thermometer code, in which no 1 is above a 0; breakpoints rise, so they give one.

    Bit k of the number is 1 if the ones end at a place p, of which bit k is 1: within 2**k places from an odd multiple
    of 2**k.  So it is an OR of pairs of bits, and no sum.
    """
    padded = Cat(Const(1, 1), code, Const(0, 2 << bits))
    numbers = []
    for k in range(bits):
        starts = range(1 << k, len(code) + 1, 2 << k)
        numbers.append(Cat(*(padded[at] & ~padded[at + (1 << k)] for at in starts)).any())
    return Cat(*numbers)


class Pwl(Block):
    """Piecewise-linear table, a :class:`~hadamac.model.pwl.table.PwlTable`, of both parts.

    Parameters
    ----------
    table : PwlTable
    loadable : bool
        Whether ``load`` exists; without it the table is built in.
    real : bool
        Whether only the real part is computed and the imaginary one is 0: for spectra of maps that are even about
        their centre.

    Members
    -------
    i, o : frames of Complex(table.width)
    load : In(stream of segment, breakpoint, slope, offset)
        Replaces a segment's words.  The segment begins at ``breakpoint``, which is ignored for segment 0.  An entry is
        always taken, one a cycle.  Breakpoints must rise strictly with their segments, and are those of x >= 0 in a
        mirrored table.  Words that are on their way while a segment changes may see either version; a frame sent
        afterwards sees the new one.
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    One beat a cycle; ``latency = pipeline + timing.fifo(pipeline)`` cycles from beat to beat, with
    ``pipeline = table.pipeline``.  Two multipliers; one with ``real``.
    """

    plan: PwlTable

    def __init__(self, table: PwlTable, *, loadable: bool = False, real: bool = False):
        self.plan, self.loadable, self.real = table, bool(loadable), bool(real)
        self.multipliers = table.multipliers // (2 if real else 1)
        self.pipeline = table.pipeline
        self.latency = self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(table.width))
        members = {"i": In(shape), "o": Out(shape), "overflow": Out(1)}
        if loadable:
            entry = data.StructLayout({
                "segment": table.address_bits,
                "breakpoint": signed(table.width),
                "slope": signed(table.slope_width),
                "offset": signed(table.width + table.slope_width),
            })
            members["load"] = In(stream.Signature(entry))
        super().__init__(members)

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words for real words x (n, ...), each part of a beat on its own."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        take = self.i.valid & self.i.ready
        push = delayed(m, take, self.pipeline, "push")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, self.i.payload.last, self.pipeline, "last")),
        ]
        breakpoints: Sequence[Value] = [Const(b, signed(self.plan.width)) for b in self.plan.breakpoints]
        if self.loadable:
            breakpoints = self._breakpoints(m)
        for part in ("re",) if self.real else ("re", "im"):
            value, overflow = self._lane(m, part, self.i.payload.data[part], breakpoints)
            m.d.comb += fifo.data.data[part].eq(value)
            with m.If(overflow & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _breakpoints(self, m: Module) -> list[Signal]:
        """Return the registers of the breakpoints, which ``load`` writes."""
        m.d.comb += self.load.ready.eq(1)
        registers = []
        for k, b in enumerate(self.plan.breakpoints):
            register = Signal(signed(self.plan.width), name=f"breakpoint{k + 1}", init=b)
            with m.If(self.load.valid & (self.load.payload.segment == k + 1)):
                m.d.sync += register.eq(self.load.payload.breakpoint)
            registers.append(register)
        return registers

    def _lane(self, m: Module, part: str, x: Value, breakpoints: Sequence[Value]) -> tuple[Value, Value]:
        """Return ``(y, overflow)`` of a part, ``pipeline`` cycles later."""
        table = self.plan
        mirror = table.mirror
        negative = x[-1] if mirror is not None else Const(0, 1)
        folded = Signal(signed(table.width), name=f"folded_{part}", reset_less=True)
        below = Signal(len(breakpoints), name=f"below_{part}", reset_less=True)
        segment = Signal(table.address_bits, name=f"segment_{part}", reset_less=True)
        m.d.sync += [
            folded.eq(x ^ negative.replicate(table.width)),
            # The sign of the difference: with a comparison, synthesis would put logic behind the carry chain.
            below.eq(Cat(*((folded - b)[-1] for b in breakpoints))),
            segment.eq(_ones(~below, table.address_bits)),
        ]
        slope, offset = self._looked_up(m, part, segment)
        wait = 3 + timing.RAM
        if mirror is not None:
            slope, offset = self._mirrored(m, part, mirror, slope, offset,
                                           delayed(m, negative, wait, f"negative_{part}"))
            wait += MIRRORED
        m.submodules[f"product_{part}"] = product = Multiplier(a_width=table.width, b_width=table.slope_width)
        m.d.comb += [
            product.a.eq(delayed(m, x, wait, f"x_{part}")),
            product.b.eq(slope),
        ]
        total = Signal(signed(table.width + table.slope_width + 1), name=f"total_{part}", reset_less=True)
        m.d.sync += total.eq(product.p + delayed(m, offset, timing.MULTIPLIER, f"wait_{part}"))
        m.submodules[f"round_{part}"] = rounder = Requantiser(table.result, in_width=len(total))
        m.d.comb += rounder.i.eq(total)
        return rounder.o, rounder.overflow

    def _looked_up(self, m: Module, part: str, segment: Value) -> tuple[Value, Value]:
        """Return ``(slope, offset)`` of a segment from its table, ``timing.RAM`` cycles later."""
        table = self.plan
        slope_width, offset_width = table.slope_width, table.width + table.slope_width
        slope_mask, offset_mask = (1 << slope_width) - 1, (1 << offset_width) - 1
        words = [(s & slope_mask) | (o & offset_mask) << slope_width for s, o in zip(table.slopes, table.offsets)]
        m.submodules[f"table_{part}"] = memory = Ram(
            width=slope_width + offset_width, depth=1 << table.address_bits, init=words, writable=self.loadable)
        m.d.comb += memory.read_address.eq(segment)
        if self.loadable:
            entry = self.load.payload
            m.d.comb += [
                memory.write_address.eq(entry.segment),
                memory.write_data.eq(Cat(entry.slope, entry.offset)),
                memory.write_enable.eq(self.load.valid),
            ]
        return memory.read_data[:slope_width].as_signed(), memory.read_data[slope_width:].as_signed()

    @staticmethod
    def _mirrored(m: Module, part: str, mirror: Mirror, slope: Value, offset: Value,
                  negative: Value) -> tuple[Value, Value]:
        """Return slope and offset for the sign of x from those for x >= 0, `MIRRORED` cycles later."""
        odd = mirror.kind == "odd"
        negative = delayed(m, negative, 1, f"negative_slope_{part}")

        def register(name: str, value: Value, changes: bool) -> Value:
            if not changes:
                return delayed(m, value, MIRRORED, f"{name}_{part}")
            kept, turned, out = (Signal(value.shape(), name=f"{name}_{n}_{part}", reset_less=True)
                                 for n in ("kept", "turned", "chosen"))
            m.d.sync += [kept.eq(value), turned.eq(mirror.word - value), out.eq(Mux(negative, turned, kept))]
            return out

        return register("slope", slope, not odd), register("offset", offset, odd)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's cores: a loadable sigmoid and a GELU that is built in."""
        sigmoid, gelu = (fit(FUNCTIONS[name], segments=16, format=SQ(4, 12)).table for name in ("sigmoid", "gelu"))
        yield Example("sigmoid", cls(sigmoid, loadable=True),
                      "sigmoid, 16 loadable segments of x >= 0 and their mirror images, SQ(4,12)")
        yield Example("gelu", cls(gelu), "GELU, 16 segments of x >= 0 and their mirror images, SQ(4,12)")


@circuit.register(rectifier.Relu)
def _relu(op: rectifier.Relu, lanes: int) -> Relu:
    """Return the ReLU of a network."""
    return Relu(width=op.width)


@circuit.register(tables.Table)
def _pwl(op: tables.Table, lanes: int) -> Pwl:
    """Return the table of a network, which is a ROM."""
    return Pwl(op.plan)
