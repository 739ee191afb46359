"""Skip buffer: a FIFO before a join that holds the beats of the shorter path.

:mod:`hadamac.cost.skips` computes its depth, and proves that neither a deadlock nor a loss of throughput is possible.
"""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.cost.skips import LATENCY
from hadamac.errors import DescriptionError

from .block import Block
from .numeric import delayed
from .primitives import Ram
from .stream import Fifo, Frame, frames
from .targets import Target

__all__ = ["SkipBuffer"]


class SkipBuffer(Block):
    """FIFO of a given number of words, which consists of a memory followed by a short FIFO.

    Parameters
    ----------
    shape : shape-like
        Shape of a beat's data.
    depth : int
        Words of the memory, a power of two from 8.  The buffer refuses beats when two words are still free.

    Members
    -------
    i, o : frames of shape

    Timing
    ------
    In each cycle, one beat may enter and one may leave.  A beat leaves ``latency = skips.LATENCY`` cycles after it has
    entered an empty buffer.
    """

    latency = LATENCY

    def __init__(self, shape: ShapeLike, *, depth: int):
        if isinstance(depth, bool) or not isinstance(depth, int) or depth < 8 or depth & (depth - 1):
            raise DescriptionError(f"SkipBuffer depth must be a power of two from 8, not {depth!r}")
        self.shape, self.depth = shape, depth
        super().__init__({"i": In(frames(shape)), "o": Out(frames(shape))})

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the beats unchanged."""
        return x

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        beat = Frame(self.shape)
        m.submodules.ahead = ahead = Fifo(beat, inflight=timing.RAM)
        m.submodules.memory = memory = Ram(width=beat.size, depth=self.depth)
        push, pop, full = Signal(), Signal(), Signal()
        level = Signal(range(self.depth + 1))
        write, read = Signal(range(self.depth)), Signal(range(self.depth))
        m.d.comb += [
            self.i.ready.eq(~full),
            push.eq(self.i.valid & self.i.ready),
            pop.eq(level.any() & ~ahead.stop),
            memory.write_address.eq(write),
            memory.write_data.eq(self.i.payload),
            memory.write_enable.eq(push),
            memory.read_address.eq(read),
            ahead.push.eq(delayed(m, pop, timing.RAM, "ahead")),
            ahead.data.eq(memory.read_data),
        ]
        m.d.sync += full.eq(level >= self.depth - 2)  # one cycle late, in which one of the two free words may be taken
        with m.If(push):
            m.d.sync += write.eq(write + 1)
        with m.If(pop):
            m.d.sync += read.eq(read + 1)
        with m.If(push != pop):
            m.d.sync += level.eq(level - Cat(1, push.replicate(len(level) - 1)).as_signed())
        wiring.connect(m, ahead.o, wiring.flipped(self.o))
        return m
