"""Two-dimensional transforms of real maps, of which only the live bins are kept.

:mod:`hadamac.model.fft.planar` has formulas and scaling.  Order of beats: maps as (channel, row pair, x), with row 2k
in the real part and row 2k+1 in the imaginary part; bins as (channel, v, u), live ones only.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from hadamac.errors import DescriptionError
from hadamac.model.crop import live_shape
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.model.fft.rows import RowsPlan
from hadamac.ops.transform import Inverse, Transform

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.stream import Complex, chained, frames
from ..base.targets import Target
from ..layers.crop import Crop, Expand
from .rows import Rows, engine
from .transpose import TransposeForward, TransposeInverse

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Fft2d"]


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
        Forward: ``channels * H/2 * W`` beats in, ``channels * (s+1) * (2 r+1)`` beats out for the radius (r, s) (if
        ``r = H/2``, H rows); inverse: the other way round.
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
        rows, columns = plan.shape
        maps, bins = channels * rows // 2 * columns, channels * prod(live_shape(plan.size, plan.radius))
        self.frame = (bins, maps) if plan.inverse else (maps, bins)
        self.latency = plan.latency
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> NDArray:
        """Return the result of :meth:`Fft2dPlan.run`, bit for bit."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        rows, columns = plan.shape
        common = {"size": rows, "radius": plan.radii, "width": plan.width, "channels": self.channels}
        if plan.inverse:
            chain = [
                Expand(**common),
                engine(plan, 0),
                TransposeInverse(plan),
                engine(plan, 1),
            ]
        else:
            chain = [
                engine(plan, 0),
                TransposeForward(plan),
                engine(plan, 1),
                Crop(columns=plan.live, **common),
            ]
        blocks = [(f"{k}_{type(part).__name__.lower()}", part) for k, part in enumerate(chain)]
        wiring.connect(m, chained(m, blocks, wiring.flipped(self.i), self.overflow), wiring.flipped(self.o))
        if plan.inverse:  # the row transform ends a frame with each row pair; a frame of maps has many of them
            _, final = nest(m, self.o.valid & self.o.ready, self.channels, rows // 2, columns)
            m.d.comb += self.o.payload.last.eq(final)
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the cores of this block in the Verilog library."""
        yield Example("fft2d_32", cls(Fft2dPlan(size=32, radius=7, width=16)),
                      "2-D FFT of 32x32 real maps, |u|, v <= 7 kept")
        yield Example("ifft2d_16", cls(Fft2dPlan(size=16, radius=7, width=16, inverse=True)),
                      "inverse 2-D FFT to 16x16 real maps")


@circuit.register(Transform)
@circuit.register(Inverse)
def _real(op: Transform | Inverse, lanes: int) -> Fft2d | Rows:
    """Return a transform of a network."""
    plan = op.folded(lanes)
    return Rows(plan) if isinstance(plan, RowsPlan) else Fft2d(plan, channels=op.stage.channels)
