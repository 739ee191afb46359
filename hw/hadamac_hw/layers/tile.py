"""Pooling of real maps by tiles of 2 x 2 pixels: the maximum of a tile, or its first pixel.

The bit-exact model is :mod:`hadamac.model.tile`.  Maps arrive as row pairs, so that a pair contains one row of tiles
and its results are one row.  The results of an even pair wait in a line buffer for those of the next, odd pair, and
both rows leave as a row pair.  Words keep their format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.tile import PIPELINE, TilePlan
from hadamac.ops import tile as operations
from hadamac.shapes import Pair, as_pair

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import delayed
from ..base.primitives import Ram
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Decimate", "MaxPool"]


class _Tile(Block, ABC):
    """Pooling by tiles, in two choices of two cycles each: between the two pixels of a column, then between columns.

    Parameters
    ----------
    size : int or (int, int)
        Rows H and columns W, powers of two from 4: maps of H x W pixels arrive, and maps of H/2 x W/2 pixels leave.  An
        integer n stands for (n, n).
    width, channels : int
        Bits of a pixel, and maps in a frame.

    Members
    -------
    i : In(frames of Complex(width)), channels * H * W / 2 beats, order (channel, row pair, x)
    o : Out(frames of Complex(width)), channels * H * W / 8 beats

    Timing
    ------
    ``interval = channels * H * W / 2``, one beat a cycle.  A beat leaves ``PIPELINE`` cycles, plus those of the FIFO,
    after a beat of an odd row pair has brought the last column of a tile.  The first such beat is beat W + 1, hence
    ``latency = plan.latency``.
    """

    maximum = True

    def __init__(self, *, size: int | Pair, width: int, channels: int = 1):
        name = type(self).__name__
        for n in size if isinstance(size, tuple) else (size,):
            if isinstance(n, bool) or not isinstance(n, int) or n < 4 or n & (n - 1):
                raise DescriptionError(f"{name} size must be a power of two from 4, not {n!r}")
        size = as_pair(size)
        for what, value in (("width", width), ("channels", channels)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise DescriptionError(f"{name} {what} must be a positive integer, not {value!r}")
        self.size, self.width, self.channels = size, width, channels
        self.plan = TilePlan(size=size, width=width, channels=channels, maximum=self.maximum)
        beats = self.plan.interval
        self.interval, self.latency = beats, self.plan.latency
        self.frame = (beats, beats // 4)
        shape = frames(Complex(width))
        super().__init__({"i": In(shape), "o": Out(shape)})

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the pooled maps (n, channels, H/2, W/2) of maps (n, channels, H, W)."""
        return self.plan.run(x)[0]

    @abstractmethod
    def _choose(self, m: Module, a: Value, b: Value, name: str) -> Value:
        """Return the word that the pooling keeps of ``a`` and ``b``, two cycles later."""

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        wait = PIPELINE
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=wait)
        m.submodules.above = above = Ram(width=self.width, depth=self.size[1] // 2)
        take = self.i.valid & self.i.ready
        (_, pair, x), final = nest(m, take, self.channels, self.size[0] // 2, self.size[1])
        column = self._choose(m, self.i.payload.data.re, self.i.payload.data.im, "column")
        left = Signal(signed(self.width), reset_less=True)
        with m.If(delayed(m, take, wait // 2, "taken")):
            m.d.sync += left.eq(column)
        tile = self._choose(m, left, column, "tile")
        right, place = take & x[0], delayed(m, x[1:], wait - timing.RAM, "place")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop), above.write_address.eq(delayed(m, place, timing.RAM, "written")),
            above.write_data.eq(tile), above.write_enable.eq(delayed(m, right & ~pair[0], wait, "store")),
            above.read_address.eq(place), fifo.push.eq(delayed(m, right & pair[0], wait, "push")),
            fifo.data.data.re.eq(above.read_data), fifo.data.data.im.eq(tile),
            fifo.data.last.eq(delayed(m, final, wait, "final")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m


class MaxPool(_Tile):
    """Max pooling, ``Y[i, j] = max(X[2i, 2j], X[2i, 2j+1], X[2i+1, 2j], X[2i+1, 2j+1])``.

    Parameters, members and timing are those of :class:`_Tile`.
    """

    def _choose(self, m: Module, a: Value, b: Value, name: str) -> Value:
        # The sign of the difference decides.  For a comparison, synthesis would put logic after the carry chain.
        greater = delayed(m, (b - a)[-1], 1, f"{name}_greater")
        a, b = delayed(m, a, 1, f"{name}_a"), delayed(m, b, 1, f"{name}_b")
        return delayed(m, Mux(greater, a, b), 1, name)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 32x32 maps of 16 bits."""
        yield Example("max_pool32", cls(size=32, width=16), "2x2 maximum of 32x32 maps as row pairs")


class Decimate(_Tile):
    """Decimation by two in both directions, ``Y[i, j] = X[2i, 2j]``.

    Parameters, members and timing are those of :class:`_Tile`.
    """

    maximum = False

    def _choose(self, m: Module, a: Value, b: Value, name: str) -> Value:
        return delayed(m, a, 2, name)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 32x32 maps of 16 bits."""
        yield Example("decimate32", cls(size=32, width=16), "every second pixel of 32x32 maps as row pairs")


@circuit.register(operations.MaxPool)
@circuit.register(operations.Decimate)
def _tile(op: operations.MaxPool | operations.Decimate, lanes: int) -> _Tile:
    """Return the pooling of a network or of scattering."""
    block = MaxPool if op.maximum else Decimate
    return block(size=op.stage.size, width=op.width, channels=op.stage.channels)
