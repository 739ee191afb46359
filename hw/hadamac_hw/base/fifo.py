"""Output FIFO of every block, which absorbs stalls."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Shape, ShapeCastable, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError

from .numeric import delayed
from .primitives import Ram
from .targets import Target

__all__ = ["Fifo"]


class Fifo(wiring.Component):
    """First-in-first-out memory at the end of a pipeline that cannot stop.

    Up to 32 words are LUT RAM, which is read in the cycle in which a word leaves.  A longer FIFO is a memory whose
    reads take two cycles, followed by such a short FIFO.

    Parameters
    ----------
    shape : shape-like
        Payload of a beat.
    inflight : int
        Beats that may still be pushed after the gate has seen ``stop``: the pipeline's length in cycles.

    Attributes
    ----------
    depth : int
        Words, by ``timing.fifo_depth``; they are so many that a stall costs no throughput.

    Members
    -------
    push : In(1), data : In(shape)
        Stores ``data``.  There is always room for it if the gate obeys ``stop``.
    stop : Out(1)
        No further beat may enter the pipeline; registered.
    o : Out(stream of shape)
        The words in the order in which they were pushed.

    Timing
    ------
    ``push`` in cycle c gives ``o.valid`` in cycle c + ``timing.fifo(inflight)``.
    """

    def __init__(self, shape: ShapeLike, *, inflight: int):
        if not isinstance(inflight, int) or inflight < 0:
            raise DescriptionError(f"Fifo inflight must be a non-negative integer, not {inflight!r}")
        self.shape = shape
        self.inflight = inflight
        self.depth = timing.fifo_depth(inflight)
        super().__init__({
            "push": In(1), "data": In(shape), "stop": Out(1), "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        width = Shape.cast(self.shape).width
        beat = self.data.as_value() if isinstance(self.shape, ShapeCastable) else self.data
        # The gate stops at half the depth, because the depth is at least twice the number of words that may follow.
        level = Signal(range(self.depth + 1))
        some = Signal()
        many = Signal()
        pop = Signal()
        m.d.sync += [
            many.eq(level[2:].any() | (self.push & level[:2].all())),  # a cycle late: one of three words is left
            some.eq(self.push | many | level[1] | (level[0] & ~pop)),
            self.stop.eq(level[self.depth.bit_length() - 2 :].any()),
        ]
        with m.If(self.push != pop):  # up or down by 1; push decides, because it settles earlier than pop in the cycle
            m.d.sync += level.eq(level - Cat(1, self.push.replicate(len(level) - 1)).as_signed())
        read_pointer = Signal(range(self.depth))
        write_pointer = Signal(range(self.depth))
        with m.If(self.push):
            m.d.sync += write_pointer.eq(write_pointer + 1)
        with m.If(pop):
            m.d.sync += read_pointer.eq(read_pointer + 1)
        if self.depth <= timing.FIFO_IN_LUTS:
            # The attribute is needed, because synthesis would make memory and payload register a (slow) block RAM.  A
            # family without LUT RAM has nothing else.
            attrs: dict[str, int | str] = {"no_rw_check": 1}
            if platform is None or platform.lut_ram:
                attrs["ram_style"] = "distributed"
            m.submodules.memory = memory = Memory(shape=width, depth=self.depth, init=[], attrs=attrs)
            write, read = memory.write_port(), memory.read_port(domain="comb")
            payload = Signal(width, reset_less=True)
            m.d.comb += [
                write.addr.eq(write_pointer),
                write.data.eq(beat),
                write.en.eq(self.push),
                read.addr.eq(read_pointer),
                pop.eq(some & (~self.o.valid | self.o.ready)),
                self.o.payload.eq(payload),
            ]
            with m.If(pop):
                m.d.sync += [
                    payload.eq(read.data),
                    self.o.valid.eq(1),
                ]
            with m.Elif(self.o.ready):
                m.d.sync += self.o.valid.eq(0)
            return m
        m.submodules.memory = memory = Ram(width=width, depth=self.depth)
        m.submodules.ahead = ahead = Fifo(self.shape, inflight=timing.RAM)
        m.d.comb += [
            memory.write_address.eq(write_pointer),
            memory.write_data.eq(beat),
            memory.write_enable.eq(self.push),
            memory.read_address.eq(read_pointer),
            pop.eq(some & ~ahead.stop),
            ahead.push.eq(delayed(m, pop, timing.RAM, "ahead")),
            ahead.data.eq(memory.read_data),
        ]
        wiring.connect(m, ahead.o, wiring.flipped(self.o))
        return m
