"""Streams of frames: payload layouts, the output FIFO that absorbs stalls, the frame guard.

Every block of hadamac has one shape: *gate, free-running pipeline, FIFO*.  The gate lets a token in
only while the FIFO has room for everything that may already be in flight; behind it nothing ever
stops, so no clock-enable net spans the block, and a stall costs one registered comparison.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Shape, ShapeCastable, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError

from .numeric import delayed
from .primitives import Ram

__all__ = ["Complex", "Frame", "frames", "Fifo", "FrameGuard", "Halves", "chained", "nest"]


def Complex(width: int) -> data.StructLayout:
    """A complex word: real part in the low half, both ``width`` bits signed."""
    return data.StructLayout({"re": signed(width), "im": signed(width)})


def Frame(shape, user: int = 0) -> data.StructLayout:
    """A beat of a frame: ``data``, ``last`` and, where wanted, ``user`` bits."""
    return data.StructLayout({"data": shape, "last": 1} | ({"user": user} if user else {}))


def frames(shape, user: int = 0) -> stream.Signature:
    """Signature of a stream of frames."""
    return stream.Signature(Frame(shape, user))


class Fifo(wiring.Component):
    """First in, first out, behind a pipeline that cannot stop.

    Up to 32 words are LUT RAM, read in the cycle in which they leave.  More are a memory whose reads take
    two cycles, followed by such a small FIFO.

    Parameters
    ----------
    shape : shape-like
        Payload of a beat.
    inflight : int
        Beats that may still be pushed after ``stop`` was seen: the pipeline's length in cycles.

    Attributes
    ----------
    depth : int
        ``timing.fifo_depth``: a stall costs no throughput.

    Members
    -------
    push : In(1), data : In(shape)
        Stores ``data``; never refused while the gate honours ``stop``.
    stop : Out(1)
        Registered: no further token may enter the pipeline.
    o : Out(stream)

    Timing
    ------
    ``push`` in cycle c gives ``o.valid`` in cycle c + ``timing.fifo(inflight)``.
    """

    def __init__(self, shape, *, inflight: int):
        if not isinstance(inflight, int) or inflight < 0:
            raise DescriptionError(f"Fifo inflight must be a non-negative integer, not {inflight!r}")
        self.shape = shape
        self.inflight = inflight
        self.depth = timing.fifo_depth(inflight)
        super().__init__({
            "push": In(1), "data": In(shape), "stop": Out(1), "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()
        width = Shape.cast(self.shape).width
        beat = self.data.as_value() if isinstance(self.shape, ShapeCastable) else self.data
        # Half full is when to stop: depth is at least twice what may still come.
        level, some, many, pop = Signal(range(self.depth + 1)), Signal(), Signal(), Signal()
        m.d.sync += [
            many.eq(level[2:].any() | (self.push & level[:2].all())),  # a cycle late: of three words one is left
            some.eq(self.push | many | level[1] | (level[0] & ~pop)),
            self.stop.eq(level[self.depth.bit_length() - 2 :].any()),
        ]
        with m.If(self.push != pop):  # up by 1 or down by 1, as push tells, which comes earlier than pop
            m.d.sync += level.eq(level - Cat(1, self.push.replicate(len(level) - 1)).as_signed())
        read_pointer, write_pointer = Signal(range(self.depth)), Signal(range(self.depth))
        with m.If(self.push):
            m.d.sync += write_pointer.eq(write_pointer + 1)
        with m.If(pop):
            m.d.sync += read_pointer.eq(read_pointer + 1)
        if self.depth <= timing.FIFO_IN_LUTS:
            # Told so, because synthesis would find a (slow) block RAM in memory and payload register.
            attrs = {"ram_style": "distributed", "no_rw_check": 1}
            m.submodules.memory = memory = Memory(shape=width, depth=self.depth, init=[], attrs=attrs)
            write, read = memory.write_port(), memory.read_port(domain="comb")
            payload = Signal(width, reset_less=True)
            m.d.comb += [
                write.addr.eq(write_pointer), write.data.eq(beat), write.en.eq(self.push), read.addr.eq(read_pointer),
                pop.eq(some & (~self.o.valid | self.o.ready)), self.o.payload.eq(payload),
            ]
            with m.If(pop):
                m.d.sync += [payload.eq(read.data), self.o.valid.eq(1)]
            with m.Elif(self.o.ready):
                m.d.sync += self.o.valid.eq(0)
            return m
        m.submodules.memory = memory = Ram(width=width, depth=self.depth)
        m.submodules.ahead = ahead = Fifo(self.shape, inflight=timing.RAM)
        m.d.comb += [
            memory.write_address.eq(write_pointer), memory.write_data.eq(beat), memory.write_enable.eq(self.push),
            memory.read_address.eq(read_pointer), pop.eq(some & ~ahead.stop),
            ahead.push.eq(delayed(m, pop, timing.RAM, "ahead")), ahead.data.eq(memory.read_data),
        ]
        wiring.connect(m, ahead.o, wiring.flipped(self.o))
        return m


class FrameGuard(wiring.Component):
    """Makes every frame exactly ``length`` beats, so that no block behind it needs to check.

    A frame whose ``last`` comes early is filled up with zero beats; one whose ``last`` does not come
    with beat ``length`` is cut there and its surplus swallowed up to and including its ``last``.
    Both set ``error``, which sticks until reset; the next frame is clean.

    Timing
    ------
    A beat accepted in cycle c is offered in cycle c + 1; one beat per cycle.
    """

    LATENCY = timing.GUARD

    def __init__(self, shape, *, length: int, user: int = 0):
        if not isinstance(length, int) or length < 1:
            raise DescriptionError(f"FrameGuard length must be a positive integer, not {length!r}")
        self.length = length
        super().__init__({"i": In(frames(shape, user)), "o": Out(frames(shape, user)), "error": Out(1)})

    def elaborate(self, platform):
        m = Module()
        index = Signal(range(self.length))
        final = Signal()
        # A skid register keeps i.ready off o.ready's path and still accepts a beat every cycle.
        skid, full = Signal.like(self.i.payload), Signal()
        take, free = Signal(), Signal()
        m.d.comb += [free.eq(~self.o.valid | self.o.ready), final.eq(index == self.length - 1)]

        def advance():
            m.d.sync += index.eq(Mux(final, 0, index + 1))

        with m.If(free):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("PASS"):
                beat = Mux(full, skid, self.i.payload)
                last = Mux(full, skid.last, self.i.payload.last)
                m.d.comb += [self.i.ready.eq(~full), take.eq((self.i.valid | full) & free)]
                with m.If(take):
                    m.d.sync += [self.o.payload.eq(beat), self.o.payload.last.eq(final), self.o.valid.eq(1),
                                 full.eq(0)]
                    advance()
                    with m.If(last & ~final):
                        m.d.sync += self.error.eq(1)
                        m.next = "FILL"
                    with m.If(~last & final):
                        m.d.sync += self.error.eq(1)
                        m.next = "SWALLOW"
                with m.Elif(self.i.valid & ~full):
                    m.d.sync += [skid.eq(self.i.payload), full.eq(1)]
            with m.State("FILL"):
                with m.If(free):
                    m.d.sync += [self.o.payload.eq(0), self.o.payload.last.eq(final), self.o.valid.eq(1)]
                    advance()
                    with m.If(final):
                        m.next = "PASS"
            with m.State("SWALLOW"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & self.i.payload.last):
                    m.next = "PASS"
        return m


class Halves(wiring.Component):
    """Bookkeeping of a double buffer: one half is written while the other is read.

    Members
    -------
    filled, emptied : In(1)
        Last word of the half was written, last read of the half was issued, this cycle.
    writable, readable, write_half, read_half : Out(1)

    Timing: a half filled in cycle c is readable in c + 1, one emptied in c is writable in c + 1; two
    sides of equal speed therefore never wait for each other.
    """

    def __init__(self):
        super().__init__({
            "filled": In(1), "emptied": In(1),
            "writable": Out(1), "readable": Out(1), "write_half": Out(1), "read_half": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        full = Signal(2)
        m.d.sync += full.eq(full + self.filled - self.emptied)
        m.d.comb += [self.writable.eq(full != 2), self.readable.eq(full != 0)]
        with m.If(self.filled):
            m.d.sync += self.write_half.eq(~self.write_half)
        with m.If(self.emptied):
            m.d.sync += self.read_half.eq(~self.read_half)
        return m


def chained(m: Module, blocks, i, overflow: Signal | None = None):
    """Submodules connected one behind the other, the first to the stream ``i``; returns the last one's output.

    ``blocks``: pairs of name and component with streams ``i`` and ``o``.  ``overflow``: driven by theirs, of those that
    have one.
    """
    for name, block in blocks:
        m.submodules[name] = block
        wiring.connect(m, i, block.i)
        i = block.o
        if overflow is not None and hasattr(block, "overflow"):
            with m.If(block.overflow):
                m.d.comb += overflow.eq(1)
    return i


def nest(m: Module, step, *limits: int, name: str = "index"):
    """Counters of nested loops, outermost first, that advance when ``step`` is high.

    Returns ``(indices, final)``; ``final`` is high while every index is at its limit's end, and the
    next step starts over.
    """
    indices, final = [], 1
    for k, limit in reversed(list(enumerate(limits))):
        index = Signal(range(max(limit, 2)), name=f"{name}{k}")
        at_end = index == limit - 1
        with m.If(step & final):
            m.d.sync += index.eq(Mux(at_end, 0, index + 1))
        final = final & at_end
        indices.insert(0, index)
    return indices, final
