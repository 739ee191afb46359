"""Two-dimensional transforms of real maps, of which only the live bins are kept.

:mod:`hadamac.model.fft.planar` has formulas and scaling.  Order of beats: maps as (channel, row pair, x), with row 2k
in the real part and row 2k+1 in the imaginary part; bins as (channel, v, u), live ones only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.crop import live_shape
from hadamac.model.fft.planar import Fft2dPlan, pack_rows
from hadamac.ops.transform import Inverse, Transform

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.numeric import delayed
from ..base.primitives import Ram
from ..base.stream import Complex, Fifo, Frame, chained, frames, nest
from ..base.targets import Target
from ..layers.crop import Crop, Expand
from .streaming import Fft
from .transpose import TransposeForward, TransposeInverse

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Fft2d", "RowPairs"]


class Fft2d(Block):
    """Transform of maps, or with ``plan.inverse`` its inverse.

    Forward: rows, transpose, columns, crop.  Inverse: expand, columns, transpose, rows.

    Parameters
    ----------
    plan : Fft2dPlan
    channels : int
        Maps per frame, one after the other.

    Members
    -------
    i, o : frames of Complex(width)
        Forward: ``channels * N * N / 2`` beats in, ``channels * (radius+1) * (2 radius+1)`` beats out (if the whole
        half-spectrum is kept, ``radius = N/2``, N rows); inverse: the other way round.
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``interval`` is ``channels`` times that of the plan, which is that of the slower of the two one-dimensional
    transforms; ``latency`` is that of the plan.
    """

    def __init__(self, plan: Fft2dPlan, *, channels: int = 1):
        if not isinstance(channels, int) or channels < 1:
            raise DescriptionError(f"Fft2d channels must be a positive integer, not {channels!r}")
        self.plan: Fft2dPlan = plan
        self.channels = channels
        self.interval = channels * plan.interval
        self.multipliers = plan.multipliers
        maps, bins = channels * plan.size**2 // 2, channels * int(np.prod(live_shape(plan.size, plan.radius)))
        self.frame = (bins, maps) if plan.inverse else (maps, bins)
        self.latency = plan.latency
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the result of :meth:`Fft2dPlan.run`, bit for bit."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        common = {"radius": plan.radius, "width": plan.width, "channels": self.channels}
        if plan.inverse:
            chain = [
                Expand(size=plan.size, **common),
                Fft(plan.column_plan, inverse=True, order="bit-reversed"),
                TransposeInverse(plan),
                Fft(plan.row_plan, inverse=True),
            ]
        else:
            chain = [
                Fft(plan.row_plan, order="bit-reversed"),
                TransposeForward(plan),
                Fft(plan.column_plan),
                Crop(size=plan.size, columns=plan.radius + 1, **common),
            ]
        blocks = [(f"{k}_{type(part).__name__.lower()}", part) for k, part in enumerate(chain)]
        wiring.connect(m, chained(m, blocks, wiring.flipped(self.i), self.overflow), wiring.flipped(self.o))
        if plan.inverse:  # the row transform ends a frame with each row pair; a frame of maps has many of them
            _, final = nest(m, self.o.valid & self.o.ready, self.channels, plan.size // 2, plan.size)
            m.d.comb += self.o.payload.last.eq(final)
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the cores of this block in the Verilog library."""
        yield Example("fft2d_32", cls(Fft2dPlan(size=32, radius=7, width=16)),
                      "2-D FFT of 32x32 real maps, |u|, v <= 7 kept")
        yield Example("ifft2d_16", cls(Fft2dPlan(size=16, radius=7, width=16, inverse=True)),
                      "inverse 2-D FFT to 16x16 real maps")


class RowPairs(Block):
    """Raster of unsigned pixels turned into row pairs: row 2k waits in a line buffer for row 2k+1.

    Parameters
    ----------
    size, pixel_width, width, shift : int
        Images of size x size pixels; a pixel p of ``pixel_width`` bits becomes the word ``p << shift`` of ``width``
        bits.

    Members
    -------
    i : In(frames of unsigned(pixel_width)), size * size beats
    o : Out(frames of Complex(width)), size * size / 2 beats

    Timing
    ------
    One pixel a cycle; the first pair leaves ``size + RAM + FIFO`` cycles after the first pixel arrived.
    """

    def __init__(self, *, size: int, width: int, shift: int, pixel_width: int = 8):
        if shift < 0 or pixel_width + shift >= width:
            raise DescriptionError(f"RowPairs shift must be from 0 to {width - pixel_width - 1}, not {shift!r}")
        self.size = size
        self.width = width
        self.shift = shift
        self.pixel_width = pixel_width
        self.interval = size * size
        self.frame = (size * size, size * size // 2)
        self.latency = size + timing.RAM + timing.FIFO
        super().__init__({"i": In(frames(unsigned(pixel_width))), "o": Out(frames(Complex(width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the row pairs (..., N/2, N) of images (..., N, N)."""
        return pack_rows(np.asarray(x) * 2.0**self.shift)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.fifo = fifo = Fifo(Frame(Complex(self.width)), inflight=timing.RAM)
        m.submodules.line = line = Ram(width=self.pixel_width, depth=self.size)
        take = Signal()
        m.d.comb += [self.i.ready.eq(~fifo.stop), take.eq(self.i.valid & self.i.ready)]
        (row, x), final = nest(m, take, self.size, self.size)
        odd, pixel = row[0], self.i.payload.data
        m.d.comb += [
            line.write_address.eq(x),
            line.write_data.eq(pixel),
            line.write_enable.eq(take & ~odd),
            line.read_address.eq(x),
            fifo.push.eq(delayed(m, take & odd, timing.RAM, "push")),
            fifo.data.last.eq(delayed(m, final, timing.RAM, "final")),
            fifo.data.data.re.eq(line.read_data << self.shift),
            fifo.data.data.im.eq(delayed(m, pixel, timing.RAM, "pixel") << self.shift),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the core of this block in the Verilog library."""
        yield Example("row_pairs32", cls(size=32, width=16, shift=7), "raster of 32x32 pixels to row pairs")


@circuit.register(Transform)
@circuit.register(Inverse)
def _planar(op: Transform | Inverse, lanes: int) -> Fft2d:
    """Return a transform of a network."""
    return Fft2d(op.plan, channels=op.stage.channels)
