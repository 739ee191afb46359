"""Streams of frames: payload layouts, double buffers, and chains of blocks.

Every block has the same shape: *gate, free-running pipeline, FIFO*.  The gate lets a beat into the pipeline only while
the FIFO has room for everything that may already be on its way.  After the gate nothing ever stops, so no clock-enable
net spans the block, and a stall costs one registered comparison.  The FIFO, :class:`Fifo`, may be imported from here
too.
"""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Module, ShapeLike, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .fifo import Fifo
from .targets import Target

__all__ = ["Complex", "Fifo", "Frame", "Halves", "bytes_of", "chained", "frames"]


def Complex(width: int) -> data.StructLayout:
    """Return the layout of a complex word: real part in the low half, both parts signed and of ``width`` bits."""
    return data.StructLayout({"re": signed(width), "im": signed(width)})


def bytes_of(width: int) -> int:
    """Return the number of bits of a word of ``width`` bits that is padded to whole bytes."""
    return -(-width // 8) * 8


def Frame(shape: ShapeLike, user: int = 0) -> data.StructLayout:
    """Return the layout of a beat of a frame: ``data``, ``last`` and, if ``user`` is not 0, as many ``user`` bits."""
    return data.StructLayout({"data": shape, "last": 1} | ({"user": user} if user else {}))


def frames(shape: ShapeLike, user: int = 0) -> stream.Signature:
    """Return the signature of a stream of frames, whose beats are those of :func:`Frame`."""
    return stream.Signature(Frame(shape, user))


class Halves(wiring.Component):
    """Bookkeeping of a double buffer, of which one half is written while the other is read.

    Members
    -------
    filled : In(1)
        The last word of the half that is written arrives in this cycle.
    emptied : In(1)
        The last read of the half that is read is issued in this cycle.
    writable, readable : Out(1)
        A half is free to be written, or full and ready to be read.
    write_half, read_half : Out(1)
        The half that is written, and the half that is read.

    Timing
    ------
    A half that is filled in cycle c is readable in cycle c + 1, and one that is emptied in cycle c is writable in cycle
    c + 1.  Two sides of equal speed therefore never wait for each other.
    """

    def __init__(self) -> None:
        super().__init__({
            "filled": In(1), "emptied": In(1),
            "writable": Out(1), "readable": Out(1), "write_half": Out(1), "read_half": Out(1),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        writable, readable = Signal(init=1), Signal()  # no half is full: 1 and 0; one is: 1 and 1; both are: 0 and 1
        m.d.comb += [self.writable.eq(writable), self.readable.eq(readable)]
        with m.If(self.filled & ~self.emptied):
            m.d.sync += [writable.eq(~readable), readable.eq(1)]
        with m.Elif(self.emptied & ~self.filled):
            m.d.sync += [readable.eq(~writable), writable.eq(1)]
        with m.If(self.filled):
            m.d.sync += self.write_half.eq(~self.write_half)
        with m.If(self.emptied):
            m.d.sync += self.read_half.eq(~self.read_half)
        return m


def chained(m: Module, blocks: Iterable[tuple[str, wiring.Component]], i: stream.Interface,
            overflow: Value | None = None) -> stream.Interface:
    """Add blocks as submodules, each fed by the one before it, and return the output stream of the last.

    Parameters
    ----------
    m
        The module that gets the submodules.
    blocks
        Pairs of a submodule's name and a component with streams ``i`` and ``o``.
    i
        The stream that feeds the first block.
    overflow
        A signal to set while any block's ``overflow`` is set; blocks without that port never overflow.
    """
    for name, block in blocks:
        m.submodules[name] = block
        wiring.connect(m, i, block.i)
        i = block.o
        if overflow is not None and "overflow" in block.signature.members:
            with m.If(block.overflow):
                m.d.comb += overflow.eq(1)
    return i
