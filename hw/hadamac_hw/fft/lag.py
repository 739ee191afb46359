"""Control of a pipeline's tokens: delays that empty themselves, and the memory that puts bins in order.

:mod:`hadamac_hw.fft.streaming` explains what a token is and why nothing here ever stops.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.model.fft import cycles

from ..base.numeric import delayed, reached
from ..base.primitives import Ram
from ..base.stream import Complex
from ..base.targets import Target

__all__ = ["Lag", "Reorder", "Tokens"]


def Tokens(width: int) -> wiring.Signature:
    """Return the signature of a pipeline's tokens.

    ``step`` is high in every cycle in which time passes; ``valid``, which implies ``step``, tells that a sample is
    there; its ``data`` follow ``cycles.LEAD`` cycles later.
    """
    return wiring.Signature({"step": Out(1), "valid": Out(1), "data": Out(Complex(width))})


class Lag(wiring.Component):
    """Control of a delay by ``lag`` samples within blocks of ``block``, which empties itself.

    An output is due with every sample from number ``lag`` of a block on and, once the block is complete, with every
    step, until all of the block has left.  Until then no output of the next block is due.

    Parameters
    ----------
    block, lag : int
        Samples of a block, a power of two, and of the delay.
    blocks : int
        Blocks are numbered modulo this power of two.

    Members
    -------
    step, valid : In(1)
        Control of a token (:func:`Tokens`).
    entering, leaving : Out(range(block * blocks))
        Position of the sample that enters in this cycle, and of the output that leaves, if one is due.  The low bits
        are the position in its block, the bits above them are the block's number.
    late : Out(1)
        The position of ``entering`` in its block is ``lag`` or higher.
    due : Out(1)
        An output leaves in this cycle.
    last : Out(1)
        The output that leaves now, or else the next one to leave, is the last of its block.
    """

    def __init__(self, *, block: int, lag: int, blocks: int = 1):
        self.block = block
        self.lag = lag
        position = range(block * blocks)
        super().__init__({
            "step": In(1),
            "valid": In(1),
            "entering": Out(position),
            "leaving": Out(position),
            "late": Out(1),
            "due": Out(1),
            "last": Out(1),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        bits = (self.block - 1).bit_length()
        index, out = self.entering[:bits], self.leaving[:bits]
        # Comparisons of the counters are registered a cycle early, because the result enables many registers.
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
    """Memory of two frames that takes bit-reversed bins and gives them in ``order``, ``lag`` samples later.

    Parameters
    ----------
    size, width : int
        Bins of a frame, bits of each part.
    order : str
        Order of the output (:data:`hadamac.model.fft.orders.ORDERS`).
    lag : int
        Samples between a frame's first write and its first read.
    flight : int
        Frames are numbered modulo this power of two, and at least modulo 2.

    Members
    -------
    step, valid : In(1), data : In(Complex(width))
        A token whose control and data arrive in the same cycle.
    due : Out(1)
        A bin is read in this cycle.
    leaving : Out(range(size * flight))
        The position of that bin in its frame, in the low bits, and above them the frame's number.
    last : Out(1)
        The bin is the last of its frame.
    o : Out(Complex(width))
        The bin, ``READ`` cycles later.

    Timing
    ------
    ``cycles.REORDER`` cycles and ``lag`` samples.
    """

    READ = cycles.REORDER - 1
    """Cycles from ``due`` to the bin."""

    def __init__(self, *, size: int, width: int, order: str, lag: int, flight: int):
        self.size = size
        self.width = width
        self.order = order
        self.lag = lag
        self.flight = max(flight, 2)
        super().__init__({
            "step": In(1),
            "valid": In(1),
            "data": In(Complex(width)),
            "due": Out(1),
            "last": Out(1),
            "leaving": Out(range(size * self.flight)),
            "o": Out(Complex(width)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        size, bits = self.size, (self.size - 1).bit_length()
        m.submodules.memory = memory = Ram(width=2 * self.width, depth=2 * size)
        m.submodules.lag = lag = Lag(block=size, lag=self.lag, blocks=self.flight)
        index, out = lag.entering, lag.leaving
        bins = out[:bits]
        if self.order != "natural":
            bins = bins[::-1] if self.order == "bit-reversed" else bins ^ (size // 2)
        m.d.comb += [
            lag.step.eq(delayed(m, self.step, 1, "step")),
            lag.valid.eq(delayed(m, self.valid, 1, "valid")),
            self.due.eq(lag.due),
            self.last.eq(lag.last),
            self.leaving.eq(out),
            memory.write_enable.eq(lag.valid),
            memory.write_address.eq(Cat(index[:bits][::-1], index[bits])),
            memory.write_data.eq(delayed(m, self.data, 1, "data")),
            memory.read_address.eq(Cat(bins, out[bits])),
            self.o.eq(delayed(m, memory.read_data, 1, "word")),
        ]
        return m
