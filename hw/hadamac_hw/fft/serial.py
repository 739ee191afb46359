"""Complex product by two real multipliers, for FFTs that take two cycles a product."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..base.numeric import delayed
from ..base.primitives import Multiplier
from ..base.stream import Complex
from ..base.targets import Target

__all__ = ["SerialProduct"]


class SerialProduct(wiring.Component):
    """Exact complex product ``o = x * factor``, for which ``x`` comes in two cycles.

    The multipliers first take the real part of ``x`` with both parts of the factor, then the imaginary part with the
    factor's parts exchanged.

    Parameters
    ----------
    width, factor_width : int
        Bits of a part of ``x`` and of the factor.

    Members
    -------
    x : In(signed(width))
        The real part, and in the next cycle the imaginary part.
    again : In(1)
        ``x`` is an imaginary part.
    factor : In(Complex(factor_width))
        The factor, in both cycles.
    o : Out(Complex(width + factor_width + 1))

    Timing
    ------
    ``cycles.SERIAL_PRODUCT`` from the imaginary part to ``o``, which is there for one cycle.
    """

    def __init__(self, *, width: int, factor_width: int):
        self.width = width
        self.factor_width = factor_width
        super().__init__({
            "x": In(signed(width)),
            "again": In(1),
            "factor": In(Complex(factor_width)),
            "o": Out(Complex(width + factor_width + 1)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        factors = {"re": (self.factor.re, self.factor.im), "im": (self.factor.im, self.factor.re)}
        for part, (first, second) in factors.items():
            m.submodules[f"product_{part}"] = p = Multiplier(a_width=self.width, b_width=self.factor_width)
            before = delayed(m, p.p, 1, f"before_{part}")
            total = Signal.like(self.o[part], name=f"total_{part}", reset_less=True)
            m.d.comb += [
                p.a.eq(self.x),
                p.b.eq(Mux(self.again, second, first)),
                self.o[part].eq(total),
            ]
            m.d.sync += total.eq(before - p.p if part == "re" else before + p.p)
        return m
