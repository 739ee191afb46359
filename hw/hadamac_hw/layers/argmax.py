"""Index of the largest logit, appended to the frame of logits.  Model: :func:`hadamac.model.dense.argmax`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Mux, Signal, signed
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
    A logit leaves in the cycle in which it arrives, the index in the cycle after the last logit.  No multiplier.
    """

    def __init__(self, *, classes: int, width: int):
        if not isinstance(classes, int) or not 2 <= classes < 2 ** (width - 1):
            most = 2 ** (width - 1) - 1
            raise DescriptionError(f"Argmax classes must be an integer from 2 to {most}, not {classes!r}")
        self.classes, self.width = classes, width
        self.interval = classes + 1
        self.frame = (classes, classes + 1)
        super().__init__({"i": In(frames(signed(width))), "o": Out(frames(signed(width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the indices (n,) for logits x (n, classes)."""
        return model.argmax(np.asarray(x))

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        count, best_index = Signal(range(self.classes + 1)), Signal(range(self.classes))
        best = Signal(signed(self.width))
        value = self.i.payload.data
        closing = count == self.classes
        m.d.comb += [
            self.o.valid.eq(self.i.valid | closing),
            self.i.ready.eq(self.o.ready & ~closing),
            self.o.payload.data.eq(Mux(closing, best_index, value)),
            self.o.payload.last.eq(closing),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += count.eq(Mux(closing, 0, count + 1))
            # The sign of the difference: with a comparison, synthesis would put logic behind the carry chain.
            with m.If(~closing & ((count == 0) | (best - value)[-1])):
                m.d.sync += [
                    best.eq(value),
                    best_index.eq(count),
                ]
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: as many logits as the network has, of the same width; none if it has no logits."""
        if qnet.network.output == "classes":
            block = cls(classes=qnet.network.outputs, width=qnet.formats.logit_width)
            yield Example("argmax", block, "index of the largest logit")
