"""Index of the largest logit, appended to the frame."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError
from hadamac.model import hadamard as model

from ..base.block import Block
from ..base.stream import frames

__all__ = ["Argmax"]


class Argmax(Block):
    """Passes ``classes`` logits through and appends the index of the largest, the lowest of equals.

    Parameters
    ----------
    classes, width : int

    Members
    -------
    i : In(frames of signed(width)), ``classes`` beats
    o : Out(frames of signed(width)), ``classes + 1`` beats

    Timing
    ------
    A logit leaves in the cycle in which it comes, the index in the cycle after the last logit.
    """

    latency = 0

    def __init__(self, *, classes: int, width: int):
        if not isinstance(classes, int) or not 2 <= classes < 2 ** (width - 1):
            most = 2 ** (width - 1) - 1
            raise DescriptionError(f"Argmax classes must be an integer from 2 to {most}, not {classes!r}")
        self.classes, self.width = classes, width
        self.interval = classes + 1
        self.frame = (classes, classes + 1)
        super().__init__({"i": In(frames(signed(width))), "o": Out(frames(signed(width)))})

    def model(self, logits):
        """Logits (n, classes) to their indices (n,)."""
        return model.argmax(logits)

    def elaborate(self, platform):
        m = Module()
        count, best_index = Signal(range(self.classes + 1)), Signal(range(self.classes))
        best = Signal(signed(self.width))
        value = self.i.payload.data
        closing = count == self.classes
        m.d.comb += [
            self.o.valid.eq(self.i.valid | closing), self.i.ready.eq(self.o.ready & ~closing),
            self.o.payload.data.eq(Mux(closing, best_index, value)), self.o.payload.last.eq(closing),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += count.eq(Mux(closing, 0, count + 1))
            # The difference's sign: a comparison would have synthesis put logic behind its carry chain.
            with m.If(~closing & ((count == 0) | (best - value)[-1])):
                m.d.sync += [best.eq(value), best_index.eq(count)]
        return m
