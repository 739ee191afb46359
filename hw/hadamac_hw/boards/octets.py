"""The bytes of a core's words, beside the core, so that only a byte crosses the device to the serial port."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..base.slice import Slice
from ..base.stream import frames
from ..base.targets import Target

__all__ = ["Octets"]


class Octets(wiring.Component):
    """Stream of the bytes of words, low byte first.

    Parameters
    ----------
    width : int
        Bits of a word, whole bytes.

    Members
    -------
    i : In(frames of width)
    o : Out(frames of 8)
        ``last`` accompanies the last byte of the last word.
    final : Out(8)
        The low byte of the last word of the last frame.

    Timing
    ------
    A word takes a cycle for each byte, and one to be loaded; every output is a register.
    """

    def __init__(self, width: int):
        self.width = width
        super().__init__({"i": In(frames(width)), "o": Out(frames(8)), "final": Out(8)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.entry, m.submodules.exit = entry, exit = Slice(self.width), Slice(8)
        wiring.connect(m, wiring.flipped(self.i), entry.i)
        wiring.connect(m, exit.o, wiring.flipped(self.o))
        count = self.width // 8
        held, word, last = Signal(), Signal(self.width, reset_less=True), Signal(reset_less=True)
        part, at_end = Signal(range(count)), Signal(init=count == 1)  # at_end: the byte is the word's last one
        m.d.comb += [
            entry.o.ready.eq(~held), exit.i.valid.eq(held), exit.i.payload.data.eq(word[:8]),
            exit.i.payload.last.eq(last & at_end),
        ]
        with m.If(~held):
            m.d.sync += [held.eq(entry.o.valid), word.eq(entry.o.payload.data), last.eq(entry.o.payload.last)]
            with m.If(entry.o.valid & entry.o.payload.last):
                m.d.sync += self.final.eq(entry.o.payload.data[:8])
        with m.Elif(exit.i.ready):
            m.d.sync += word.eq(word >> 8)
            if count > 1:
                m.d.sync += [part.eq(part + 1), at_end.eq(part == count - 2)]
            with m.If(at_end):
                m.d.sync += [held.eq(0), part.eq(0)]
        return m
