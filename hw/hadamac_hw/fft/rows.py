"""One-dimensional transforms of real signals, of which only the live bins are kept.

:mod:`hadamac.model.fft.rows` has formulas and scaling.  Order of beats: signals as (pair of channels, x), with channel
2k in the real part and channel 2k+1 in the imaginary part; bins as (channel, v), live ones only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from hadamac.model.fft.pairs import PairsPlan
from hadamac.model.fft.rows import RowsPlan

from ..base.block import Block, Example
from ..base.loops import nest
from ..base.stream import Complex, chained, frames
from ..base.targets import Target
from .folded import FoldedFft
from .streaming import Fft
from .transpose import RowsForward, RowsInverse

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Rows", "engine"]


def engine(plan: PairsPlan, k: int = 0) -> Fft | FoldedFft:
    """Return the circuit of the k-th one-dimensional transform of a plan, streaming or iterative."""
    of, order = plan.passes[k]
    return (FoldedFft if plan.iterative else Fft)(of, inverse=plan.inverse, order=order)


class Rows(Block):
    """Transform of the signals of a frame, or with ``plan.inverse`` its inverse.

    Forward: the complex transform of two channels, then their separation.  Inverse: the other way round.

    Parameters
    ----------
    plan : RowsPlan

    Members
    -------
    i, o : frames of Complex(width)
        Forward: ``ceil(channels / 2) * W`` beats in, ``channels * (s + 1)`` beats out; inverse: the other way round.
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``interval`` and ``latency`` are those of the plan.
    """

    def __init__(self, plan: RowsPlan):
        self.plan: RowsPlan = plan
        self.interval, self.latency, self.multipliers = plan.interval, plan.latency, plan.multipliers
        signals, bins = plan.pairs * plan.shape[1], plan.channels * plan.live
        self.frame = (bins, signals) if plan.inverse else (signals, bins)
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> NDArray:
        """Return the result of :meth:`RowsPlan.run`, bit for bit."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        chain = [("buffer", RowsInverse(plan)), ("fft", engine(plan))] if plan.inverse else [
            ("fft", engine(plan)), ("buffer", RowsForward(plan))]
        wiring.connect(m, chained(m, chain, wiring.flipped(self.i), self.overflow), wiring.flipped(self.o))
        if plan.inverse:  # the transform ends a frame with each pair of channels; a frame of signals may have many
            _, final = nest(m, self.o.valid & self.o.ready, plan.pairs, plan.shape[1])
            m.d.comb += self.o.payload.last.eq(final)
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the cores of this block in the Verilog library."""
        yield Example("rows_128", cls(RowsPlan(size=(1, 128), radius=(0, 31), channels=6, width=16)),
                      "FFT of 6 real signals of 128 samples, v <= 31 kept")
        yield Example("irows_64", cls(RowsPlan(size=(1, 64), radius=(0, 31), channels=6, width=16, inverse=True)),
                      "inverse FFT to 6 real signals of 64 samples")
