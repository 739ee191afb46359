"""Copy of the first pixels of maps into maps of another size, without multipliers, memory or latency.

The bit-exact model is :mod:`hadamac.model.canvas`.  The block counts beats and passes, drops or inserts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError
from hadamac.model.canvas import CanvasPlan
from hadamac.ops import canvas as operations
from hadamac.shapes import text

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import Number, foreseen
from ..base.stream import Complex, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Canvas"]


class Canvas(Block):
    """Copy ``Y[y, x] = X[y, x]`` of the pixels of a :class:`~hadamac.model.canvas.CanvasPlan`, zeros elsewhere.

    Parameters
    ----------
    plan : CanvasPlan
        Even numbers of rows, or one row, of the maps that arrive and that leave.
    width : int
        Bits of a pixel.

    Members
    -------
    i : In(frames of Complex(width)), order (channel, row pair, x), or (pair of channels, x) for maps of one row
    o : Out(frames of Complex(width)), the same order

    Timing
    ------
    The block is combinational: a kept beat leaves in the cycle in which it arrives, ``i`` waits while zeros leave that
    have no beat of their own at the input, and a beat that has no place at the output is accepted and dropped.
    ``interval = plan.interval``, one cycle for each place of a grid that contains both.
    """

    latency = 0

    def __init__(self, plan: CanvasPlan, *, width: int):
        for what, size in (("size", plan.size), ("target", plan.to)):
            rows, columns = size
            if columns < 1 or rows < 1 or rows > 1 and rows % 2 or (rows == 1) != (plan.size[0] == 1):
                raise DescriptionError(f"Canvas {what} must have one row or an even number of rows, as its input has, "
                                       f"not {text(size)}")
        if not all(1 <= k <= min(n, m) for k, n, m in zip(plan.keep, plan.size, plan.to)):
            raise DescriptionError(f"Canvas keep must be at most its input's {text(plan.size)} and its target's "
                                   f"{text(plan.to)}, not {text(plan.keep)}")
        for name, value in (("width", width), ("channels", plan.channels)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise DescriptionError(f"Canvas {name} must be a positive integer, not {value!r}")
        self.plan: CanvasPlan = plan
        self.width = width
        self.interval, self.frame = plan.interval, plan.frame
        super().__init__({"i": In(frames(Complex(width))), "o": Out(frames(Complex(width)))})

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the maps (n, channels, *plan.to) of maps (n, channels, *plan.size)."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan, step = self.plan, Signal()
        final = [loop - 1 for loop in (plan.loops[0], (plan.to[0] + 1) // 2, plan.to[1])]

        def facts(channel: Number, pair: Number, x: Number) -> tuple[Number, ...]:
            inside = x < plan.keep[1]
            first, second = inside & (pair < (plan.keep[0] + 1) // 2), inside & (pair < plan.keep[0] // 2)
            return (
                (pair < (plan.size[0] + 1) // 2) & (x < plan.size[1]),
                (pair < (plan.to[0] + 1) // 2) & (x < plan.to[1]),
                first,
                first if plan.size[0] == 1 else second,  # a beat of one row has two channels, not two rows
                (channel == final[0]) & (pair == final[1]) & (x == final[2]),
            )

        arrives, leaves, first, second, last, _ = foreseen(m, step, *plan.loops, facts=facts)
        m.d.comb += [
            step.eq((self.i.valid | ~arrives) & (self.o.ready | ~leaves)),
            self.o.valid.eq(leaves & (self.i.valid | ~arrives)),
            self.i.ready.eq(arrives & (self.o.ready | ~leaves)),
            self.o.payload.last.eq(last),
        ]
        with m.If(first):
            m.d.comb += self.o.payload.data.re.eq(self.i.payload.data.re)
        with m.If(second):
            m.d.comb += self.o.payload.data.im.eq(self.i.payload.data.im)
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: the first 28x28 pixels of 32x32 maps of 16 bits, in 64x64 maps."""
        plan = CanvasPlan(size=(32, 32), keep=(28, 28), to=(64, 64))
        yield Example("canvas32", cls(plan, width=16), "the first 28x28 pixels of 32x32 maps, in 64x64 maps of zeros")


@circuit.register(operations.Canvas)
def _canvas(op: operations.Canvas, lanes: int) -> Canvas:
    """Return the copy of a network."""
    return Canvas(op.plan, width=op.width)
