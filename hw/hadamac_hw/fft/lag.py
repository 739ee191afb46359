"""Control of a pipeline's tokens: delays that empty themselves, and the memory that puts bins in order.

What a token is, and why nothing here ever stops, is told in :mod:`hadamac_hw.fft.streaming`.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.model.fft import cycles

from ..base.numeric import delayed, reached
from ..base.primitives import Ram
from ..base.stream import Complex

__all__ = ["Lag", "Reorder", "Tokens"]


def Tokens(width: int) -> wiring.Signature:
    """A pipeline's tokens: ``step`` (time passes), ``valid`` (a sample is here; implies step), and, ``cycles.LEAD``
    cycles later, its ``data``."""
    return wiring.Signature({"step": Out(1), "valid": Out(1), "data": Out(Complex(width))})


class Lag(wiring.Component):
    """Control of a delay by ``lag`` samples within blocks of ``block``, which empties itself.

    An output is due with every sample from number ``lag`` of a block on, and, once the block is
    complete, with every step, until all of it has left.  Before then the next block has no output due.

    Parameters
    ----------
    block, lag : int
    blocks : int
        Blocks are numbered modulo this power of two.

    Members
    -------
    step, valid : In(1)
        As of :func:`Tokens`.
    entering, leaving : Out(range(block * blocks))
        Position of this cycle's sample, and of this cycle's output if one is due; the block's number above.
    late : Out(1)
        ``entering`` is at ``lag`` or beyond.
    due, last : Out(1)
        An output leaves in this cycle; the one that leaves next, or now, is its block's last.
    """

    def __init__(self, *, block: int, lag: int, blocks: int = 1):
        self.block, self.lag = block, lag
        position = range(block * blocks)
        super().__init__({"step": In(1), "valid": In(1), "entering": Out(position), "leaving": Out(position),
                          "late": Out(1), "due": Out(1), "last": Out(1)})

    def elaborate(self, platform):
        m = Module()
        bits = (self.block - 1).bit_length()
        index, out = self.entering[:bits], self.leaving[:bits]
        # What the next cycle asks of the counters is registered: these signals enable much.
        final, draining = Signal(), Signal()
        m.d.comb += self.due.eq((self.valid & self.late) | (self.step & draining))
        with m.If(self.due):
            m.d.sync += [self.leaving.eq(self.leaving + 1), self.last.eq(reached(m, out, self.block - 2))]
        with m.If(self.step & self.last):
            m.d.sync += draining.eq(0)
        with m.If(self.valid):
            m.d.sync += [self.entering.eq(self.entering + 1), final.eq(reached(m, index, self.block - 2))]
            with m.If(final):
                m.d.sync += draining.eq(1)
        if 2 * self.lag == self.block:
            m.d.comb += self.late.eq(index[-1])
        else:
            with m.If(self.valid):
                m.d.sync += self.late.eq((self.late | reached(m, index, self.lag - 1)) & ~final)
        return m


class Reorder(wiring.Component):
    """Bit-reversed samples to ``order``, ``lag`` samples later, through a memory of two frames.

    Members
    -------
    step, valid, data : In
        A token; here control and data come together.
    due : Out(1), leaving : Out(range(size * flight))
        A bin is read in this cycle: its position in its frame, and the frame's number above.
    last : Out(1)
        It is the frame's last.
    o : Out(Complex(width))
        That bin, ``READ`` cycles later.

    Timing: ``cycles.REORDER`` cycles and ``lag`` samples.
    """

    READ = cycles.REORDER - 1

    def __init__(self, *, size: int, width: int, order: str, lag: int, flight: int):
        self.size, self.width, self.order, self.lag, self.flight = size, width, order, lag, max(flight, 2)
        super().__init__({
            "step": In(1), "valid": In(1), "data": In(Complex(width)),
            "due": Out(1), "last": Out(1), "leaving": Out(range(size * self.flight)), "o": Out(Complex(width)),
        })

    def elaborate(self, platform):
        m = Module()
        size, bits = self.size, (self.size - 1).bit_length()
        m.submodules.memory = memory = Ram(width=2 * self.width, depth=2 * size)
        m.submodules.lag = lag = Lag(block=size, lag=self.lag, blocks=self.flight)
        index, out = lag.entering, lag.leaving
        bins = out[:bits]
        if self.order != "natural":
            bins = bins[::-1] if self.order == "bit-reversed" else bins ^ (size // 2)
        m.d.comb += [
            lag.step.eq(delayed(m, self.step, 1, "step")), lag.valid.eq(delayed(m, self.valid, 1, "valid")),
            self.due.eq(lag.due), self.last.eq(lag.last), self.leaving.eq(out), memory.write_enable.eq(lag.valid),
            memory.write_address.eq(Cat(index[:bits][::-1], index[bits])),
            memory.write_data.eq(delayed(m, self.data, 1, "data")),
            memory.read_address.eq(Cat(bins, out[bits])),
            self.o.eq(delayed(m, memory.read_data, 1, "word")),
        ]
        return m
