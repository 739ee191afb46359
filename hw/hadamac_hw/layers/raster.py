"""Buffer at the end of a network that answers maps: pairs of rows or channels back to pixels.

:mod:`hadamac.model.frame` says what it stores and has its cycles.  A beat of pixels holds the words of all channels of
a pixel, the first channel in the lowest bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.model.frame import RasterPlan

from ..base.block import Block, Example
from ..base.loops import nest
from ..base.numeric import delayed
from ..base.primitives import FarRam
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Raster"]


class Raster(Block):
    """Double buffer of frames of maps, read as pixels in raster order.

    Parameters
    ----------
    plan : RasterPlan

    Members
    -------
    i : In(frames of Complex(width)), order (channel, row pair, x), or (pair of channels, x)
    o : Out(frames of arrays of ``channels`` signed(width)), one beat for each pixel

    Timing
    ------
    ``interval`` is that of the plan; a read is pushed into the FIFO ``plan.pipeline`` cycles later.
    """

    def __init__(self, plan: RasterPlan):
        self.plan: RasterPlan = plan
        self.interval = plan.interval
        self.frame = (plan.writes, plan.reads)
        self.latency = plan.writes + plan.pipeline + timing.fifo(plan.pipeline)
        pixel = data.ArrayLayout(signed(plan.width), plan.channels)
        super().__init__({"i": In(frames(Complex(plan.width))), "o": Out(frames(pixel))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the pixels (n, rows * columns, channels) of maps (n, channels, rows, columns)."""
        maps = np.asarray(x)
        return np.moveaxis(maps, 1, -1).reshape(len(maps), -1, maps.shape[1])

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan, (rows, columns) = self.plan, self.plan.size
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=plan.pipeline)
        take, step = self.i.valid & self.i.ready, Signal()
        m.d.comb += [self.i.ready.eq(halves.writable), step.eq(halves.readable & ~fifo.stop)]
        outer, pairs = ((plan.channels + 1) // 2, 1) if plan.flat else (plan.channels, rows // 2)
        (channel, pair, x), filled = nest(m, take, outer, pairs, columns, name="write")
        (row, column), final = nest(m, step, rows, columns, name="read")
        m.d.comb += [halves.filled.eq(take & filled), halves.emptied.eq(step & final)]
        word, odd = self.i.payload.data, delayed(m, row[0], timing.FAR, "odd")
        for k in range(plan.channels):
            parts = [word.im if k % 2 else word.re] if plan.flat else [word.re, word.im]
            mine, read = take & (channel == (k // 2 if plan.flat else k)), []
            for parity, part in enumerate(parts):
                m.submodules[f"bank{k}_{parity}"] = bank = FarRam(width=plan.width, depth=plan.depth)
                m.d.comb += [
                    bank.write_address.eq(self._address(pair, x, halves.write_half)),
                    bank.write_data.eq(part),
                    bank.write_enable.eq(mine),
                    bank.read_address.eq(self._address(row[1:], column, halves.read_half)),
                ]
                read.append(bank.read_data)
            pixel = Signal(signed(plan.width), name=f"pixel{k}", reset_less=True)
            m.d.sync += pixel.eq(Mux(odd, read[-1], read[0]))
            m.d.comb += fifo.data.data[k].eq(pixel)
        m.d.comb += [
            fifo.push.eq(delayed(m, step, plan.pipeline, "push")),
            fifo.data.last.eq(delayed(m, final, plan.pipeline, "final")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _address(self, pair: Value, column: Value, half: Value) -> Value:
        """Return an address in a memory; sizes are powers of two."""
        rows, columns = self.plan.size
        return Cat(column[: columns.bit_length() - 1], pair[: max(rows // 2, 1).bit_length() - 1], half)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the core of this block in the Verilog library."""
        yield Example("raster16x3", cls(RasterPlan(size=(16, 16), channels=3, width=16)),
                      "3 maps of 16x16 as row pairs to a raster of pixels of 3 channels")
