"""Quadratic activation of row pairs.  Formula and words: :mod:`hadamac.model.quadratic`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.quadratic import INNER, QuadraticPlan, quadratic_plan
from hadamac.numeric import SQ, Requantise
from hadamac.ops import quadratic as operations

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Quadratic"]


class Quadratic(Block):
    """Quadratic activation, a :class:`~hadamac.model.quadratic.QuadraticPlan`, of both parts, each a row of its own.

    Parameters
    ----------
    plan : QuadraticPlan

    Members
    -------
    i, o : frames of Complex(plan.width)
    overflow : Out(1)
        The inner sum or the result was clipped since reset.

    Timing
    ------
    One beat a cycle; ``latency = pipeline + timing.fifo(pipeline)`` cycles from beat to beat, with
    ``pipeline = plan.pipeline``.  Four multipliers, two for each part.
    """

    plan: QuadraticPlan

    def __init__(self, plan: QuadraticPlan):
        if not isinstance(plan, QuadraticPlan):
            raise DescriptionError(f"Quadratic plan must be a QuadraticPlan, not {plan!r}")
        self.plan, self.width = plan, plan.width
        self.multipliers = plan.multipliers
        self.pipeline = plan.pipeline
        self.latency = self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words for real words x (n, ...), each part of a beat on its own."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        push = delayed(m, self.i.valid & self.i.ready, self.pipeline, "push")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, self.i.payload.last, self.pipeline, "last")),
        ]
        plan = self.plan
        for part in ("re", "im"):
            x = self.i.payload.data[part]
            t, inner_over = self._step(m, f"inner_{part}", x, plan.c2, plan.coefficient_width, plan.c1, plan.inner)
            held = delayed(m, x, timing.multiply_add(plan.inner), f"x_{part}")
            y, outer_over = self._step(m, f"outer_{part}", held, t, INNER, plan.c0, plan.outer)
            m.d.comb += fifo.data.data[part].eq(y)
            inner_over = delayed(m, inner_over, timing.multiply_add(plan.outer), f"inner_over_{part}")
            with m.If((inner_over | outer_over) & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _step(self, m: Module, name: str, x: Value, factor: Value | int, factor_width: int, offset: int,
              rule: Requantise) -> tuple[Value, Value]:
        """Return ``factor * x + offset`` requantised, and its overflow, ``timing.multiply_add(rule)`` cycles later."""
        m.submodules[f"{name}_product"] = product = Multiplier(a_width=self.width, b_width=factor_width)
        m.d.comb += [
            product.a.eq(x),
            product.b.eq(factor),
        ]
        total = Signal(signed(len(product.p) + 1), name=f"{name}_total", reset_less=True)
        m.d.sync += total.eq(product.p + offset)
        m.submodules[f"{name}_round"] = rounder = Requantiser(rule, in_width=len(total))
        m.d.comb += rounder.i.eq(total)
        return rounder.o, rounder.overflow

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: a quadratic of 16 bits."""
        plan = quadratic_plan((0.4, 0.5, 0.11), in_format=SQ(4, 12), out_format=SQ(4, 12))
        yield Example("quadratic", cls(plan), "0.4 + 0.5 x + 0.11 x**2, SQ(4,12)")


@circuit.register(operations.Quadratic)
def _quadratic(op: operations.Quadratic, lanes: int) -> Quadratic:
    """Return the quadratic function of a network."""
    return Quadratic(op.plan)
