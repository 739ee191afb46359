"""Index of the largest logit, appended to the frame of logits.  Model: :func:`hadamac.model.dense.argmax`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac.errors import DescriptionError
from hadamac.model import dense as model

from ..base.block import Block, Example
from ..base.stream import frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Argmax"]


class Argmax(Block):
    """Index of the largest of ``classes`` logits, of equal ones the lowest; the logits pass through before it.

    Parameters
    ----------
    classes : int
        Logits of a frame, at least 2; the index must fit a logit.
    width : int
        Bits of a logit.

    Members
    -------
    i : In(frames of signed(width)), ``classes`` beats
    o : Out(frames of signed(width)), ``classes + 1`` beats

    Timing
    ------
    A logit leaves in the cycle in which it arrives, the index two cycles after the last logit.  No multiplier.
    """

    def __init__(self, *, classes: int, width: int):
        if not isinstance(classes, int) or not 2 <= classes < 2 ** (width - 1):
            most = 2 ** (width - 1) - 1
            raise DescriptionError(f"Argmax classes must be an integer from 2 to {most}, not {classes!r}")
        self.classes, self.width = classes, width
        self.interval = classes + 2
        self.frame = (classes, classes + 1)
        super().__init__({"i": In(frames(signed(width))), "o": Out(frames(signed(width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the indices (n,) for logits x (n, classes)."""
        return model.argmax(np.asarray(x))

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        index, closing, waits = Signal(range(self.classes)), Signal(), Signal()
        done = closing & self.o.ready & ~waits
        best_index = self._compared(m, index, done)
        m.d.comb += [
            self.o.valid.eq(Mux(closing, ~waits, self.i.valid)),
            self.i.ready.eq(self.o.ready & ~closing),
            self.o.payload.data.eq(Mux(closing, best_index, self.i.payload.data)),
            self.o.payload.last.eq(closing),
        ]
        take = self.i.valid & self.i.ready
        m.d.sync += waits.eq(take)
        with m.If(take):
            last = index == self.classes - 1
            m.d.sync += [index.eq(Mux(last, 0, index + 1)), closing.eq(last)]
        with m.Elif(done):
            m.d.sync += closing.eq(0)
        return m

    def _compared(self, m: Module, index: Value, done: Value) -> Signal:
        """Return the index of the largest logit; a logit is compared while it stays, from a cycle later on.

        Before the first logit both words are the least one, which is not larger than itself.
        """
        low = -(1 << (self.width - 1))
        best, logit = Signal(signed(self.width), init=low), Signal(signed(self.width), init=low)
        best_index, number = Signal.like(index), Signal.like(index, reset_less=True)
        with m.If(done):
            m.d.sync += logit.eq(low)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [logit.eq(self.i.payload.data), number.eq(index)]
        # The sign of the difference alone enables the registers: logic behind the carry chain would take too long.
        with m.If(done):
            m.d.sync += [best.eq(low), best_index.eq(0)]
        with m.Elif((best - logit)[-1]):
            m.d.sync += [best.eq(logit), best_index.eq(number)]
        return best_index

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: as many logits as the network has, of the same width; none if it has no logits."""
        if qnet.network.output == "classes":
            block = cls(classes=qnet.network.outputs, width=qnet.formats.logit_width)
            yield Example("argmax", block, "index of the largest logit")
