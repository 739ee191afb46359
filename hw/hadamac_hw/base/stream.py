"""Streams of frames: payload layouts, the frame guard, double buffers, and chains of blocks.

Every block has the same shape: *gate, free-running pipeline, FIFO*.  The gate lets a beat into the pipeline only while
the FIFO has room for everything that may already be on its way.  After the gate nothing ever stops, so no clock-enable
net spans the block, and a stall costs one registered comparison.  The FIFO, :class:`Fifo`, may be imported from here
too.
"""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Module, Mux, ShapeLike, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError

from .fifo import Fifo
from .targets import Target

__all__ = ["Complex", "Fifo", "Frame", "FrameGuard", "Halves", "bytes_of", "chained", "frames"]


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


class FrameGuard(wiring.Component):
    """Filter that makes every frame exactly ``length`` beats long, so that no block after it needs to check.

    A frame whose ``last`` comes early is filled up with zero beats.  A frame without ``last`` at beat ``length`` is cut
    there, and its surplus is dropped up to and including its ``last``.  Both set ``error`` until reset; the next frame
    passes unchanged.

    Parameters
    ----------
    shape : shape-like
        A beat's data.
    length : int
        Beats of a frame.
    user : int
        Bits of ``user``; 0 for a stream without.

    Members
    -------
    i, o : In, Out(frames of shape)
    error : Out(1)
        A frame was too short or too long since reset.

    Timing
    ------
    A beat that is accepted in cycle c is offered in cycle c + 1; one beat a cycle.
    """

    LATENCY = timing.GUARD

    def __init__(self, shape: ShapeLike, *, length: int, user: int = 0):
        if not isinstance(length, int) or length < 1:
            raise DescriptionError(f"FrameGuard length must be a positive integer, not {length!r}")
        self.length = length
        super().__init__({"i": In(frames(shape, user)), "o": Out(frames(shape, user)), "error": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        index = Signal(range(self.length))
        final = Signal()
        # A skid register keeps i.ready independent of o.ready, and still lets a beat in every cycle.
        skid = Signal.like(self.i.payload)
        full = Signal()
        take = Signal()
        free = Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            final.eq(index == self.length - 1),
        ]

        def advance() -> None:
            m.d.sync += index.eq(Mux(final, 0, index + 1))

        with m.If(free):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("PASS"):
                beat = Mux(full, skid, self.i.payload)
                last = Mux(full, skid.last, self.i.payload.last)
                m.d.comb += [self.i.ready.eq(~full), take.eq((self.i.valid | full) & free)]
                with m.If(take):
                    m.d.sync += [
                        self.o.payload.eq(beat),
                        self.o.payload.last.eq(final),
                        self.o.valid.eq(1),
                        full.eq(0),
                    ]
                    advance()
                    with m.If(last & ~final):
                        m.d.sync += self.error.eq(1)
                        m.next = "FILL"
                    with m.If(~last & final):
                        m.d.sync += self.error.eq(1)
                        m.next = "SWALLOW"
                with m.Elif(self.i.valid & ~full):
                    m.d.sync += [
                        skid.eq(self.i.payload),
                        full.eq(1),
                    ]
            with m.State("FILL"):
                with m.If(free):
                    m.d.sync += [
                        self.o.payload.eq(0),
                        self.o.payload.last.eq(final),
                        self.o.valid.eq(1),
                    ]
                    advance()
                    with m.If(final):
                        m.next = "PASS"
            with m.State("SWALLOW"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & self.i.payload.last):
                    m.next = "PASS"
        return m


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
        full, following = Signal(2), Signal(2)  # the number of full halves
        writable, readable = Signal(init=1), Signal()  # registers of their own, because much depends on them
        m.d.comb += [
            following.eq(full + self.filled - self.emptied),
            self.writable.eq(writable),
            self.readable.eq(readable),
        ]
        m.d.sync += [
            full.eq(following),
            writable.eq(following != 2),
            readable.eq(following != 0),
        ]
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
