"""Sum of several maps or spectra of one shape: a residual connection.

:mod:`hadamac.model.add` has the formula and the formats.  The block takes the beats of one sum from all of its inputs
in the same cycle, so a beat that is offered early waits; the block itself has no buffer for it.  If one path is longer
than another, the shorter one needs a :class:`~hadamac_hw.base.skip.SkipBuffer`, whose depth the estimate computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.checks import integer
from hadamac.errors import DescriptionError
from hadamac.model.add import AddPlan
from hadamac.model.crop import embed, live_shape
from hadamac.numeric import Requantise
from hadamac.ops import add as operations
from hadamac.shapes import Pair, as_pair, most, pair_beats

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import Requantiser, delayed
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Add"]


class Add(Block):
    """Sum ``Y = sum_k X_k`` of both parts of every beat.

    Parameters
    ----------
    plan : AddPlan
        Formats of the inputs and of the sum.
    size, channels : int
        Rows and columns of maps, and the number of channels.  Without ``radius``, the streams carry maps, as row pairs
        or, if they have one row, as channel pairs.  Here and below, an integer n stands for (n, n).
    radius : int or (int, int), optional
        Radius of the sum's bins.  With it, the streams carry the bins of maps.
    radii : sequence of int, optional
        Radius of the bins of each input, at most ``radius``, which is the default.  Bins of the sum beyond it are not
        in that input's stream, and the input counts as zero there.

    Members
    -------
    i0, i1, .. : In(frames of Complex(width)), order (channel, row pair, x) or (channel, v, u)
    o : Out(frames of Complex(width))
    overflow : Out(1)
        High if a sum has saturated since reset.

    Timing
    ------
    One beat a cycle: ``interval`` is the number of beats of the sum.  The summands of a beat are taken in the cycle in
    which all inputs that have one offer it, and the sum leaves ``plan.latency`` cycles later.
    """

    def __init__(self, plan: AddPlan, *, size: int | Pair, channels: int = 1, radius: int | Pair | None = None,
                 radii: Sequence[int | Pair] | None = None):
        if not isinstance(plan, AddPlan):
            raise DescriptionError(f"Add plan must be an AddPlan, not {plan!r}")
        count = len(plan.fractions)
        size = as_pair(size)
        for n in size:
            integer("Add size", n, 1, 1 << 12)
        integer("Add channels", channels, 1, 1 << 12)
        self.plan, self.size, self.channels, self.width = plan, size, channels, plan.width
        self.radius = None if radius is None else as_pair(radius)
        if self.radius is None:
            if radii is not None or size[0] % 2 and size[0] > 1:
                raise DescriptionError("Add of maps must have one row or an even number of rows, and no radii")
            beats = pair_beats(channels, size)
            self.loops, ends = (beats // size[1], 1, size[1]), (beats,) * count
            self.radii: tuple[Pair, ...] = ()
        else:
            for r, n in zip(self.radius, size):
                integer("Add radius", r, 0, n // 2)
            rows, columns = live_shape(size, self.radius)
            self.loops = channels, columns, rows
            self.radii = tuple(map(as_pair, (self.radius,) * count if radii is None else radii))
            if len(self.radii) != count or any(min(r) < 0 or most(r, self.radius) != self.radius for r in self.radii):
                raise DescriptionError(f"Add radii must be {count} from 0 to {radius}, not {radii!r}")
            ends = tuple(channels * prod(live_shape(size, r)) for r in self.radii)
        self.interval = prod(self.loops)
        self.pipeline, self.latency = plan.pipeline, plan.latency
        self.frame = (ends, self.interval)
        shape = frames(Complex(plan.width))
        members = {f"i{k}": In(shape) for k in range(count)}
        super().__init__(members | {"o": Out(shape), "overflow": Out(1)})

    def model(self, *x: np.ndarray) -> np.ndarray:
        """Return the sum of maps (n, channels, H, W) or of live bins (n, channels, rows, columns), bit for bit."""
        if self.radius is not None:
            x = tuple(embed(bins, self.loops[2], self.loops[1]) for bins in x)
        return self.plan.run(*x)[0]

    def _has(self, k: int, u: Value, v: Value) -> Value:
        """Return whether the stream of input ``k`` contains the bin (u, v) of the sum."""
        if self.radius is None or self.radii[k] == self.radius:
            return Const(1, 1)
        r, s = self.radii[k]
        rows = self.loops[2]
        return (v <= s) & ((u <= r) | (u >= rows - r))

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=plan.pipeline)
        step = Signal()
        (_, v, u), final = nest(m, step, *self.loops)
        has = [self._has(k, u, v) for k in range(len(self.input_streams))]
        m.d.comb += step.eq(Cat(*(i.valid | ~there for i, there in zip(self.input_streams, has))).all() & ~fifo.stop)
        for i, there in zip(self.input_streams, has):
            m.d.comb += i.ready.eq(step & there)
        push = delayed(m, step, plan.pipeline, "push")
        m.d.comb += [
            fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, final, plan.pipeline, "last")),
        ]
        for part in ("re", "im"):
            words = [Mux(there, i.payload.data[part], 0) for i, there in zip(self.input_streams, has)]
            total = self._tree(m, [self._aligned(m, k, word, part) for k, word in enumerate(words)], part)
            m.submodules[f"round_{part}"] = rounder = Requantiser(plan.rule, in_width=len(total))
            m.d.comb += [
                rounder.i.eq(total),
                fifo.data.data[part].eq(rounder.o),
            ]
            with m.If(rounder.overflow & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _aligned(self, m: Module, k: int, word: Value, part: str) -> Value:
        """Return the word of an input with the common number of fraction bits, ``plan.align`` cycles later."""
        name, up = f"aligned{k}_{part}", self.plan.shifts[k]
        kept = Signal(signed(self.width), name=f"word{k}_{part}", reset_less=True)
        m.d.sync += kept.eq(word)
        if up < 0:
            rule = Requantise(-up, max(2, self.width + up + 1), False)
            m.submodules[name] = rounder = Requantiser(rule, in_width=self.width)
            m.d.comb += rounder.i.eq(kept)
            return rounder.o
        return Cat(Const(0, up), delayed(m, kept, self.plan.align - 1, name)).as_signed()

    def _tree(self, m: Module, values: list[Value], part: str) -> Value:
        """Return the exact sum, which an adder tree forms, one level of it a cycle."""
        level = 0
        while len(values) > 1:
            sums = []
            for k in range(0, len(values), 2):
                terms = values[k : k + 2]
                width = max(len(term) for term in values) + 1
                total = Signal(signed(width), name=f"sum{level}_{k}_{part}", reset_less=True)
                m.d.sync += total.eq(terms[0] + terms[1] if len(terms) > 1 else terms[0])
                sums.append(total)
            values, level = sums, level + 1
        return values[0]

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: the sum of two spectra of different formats."""
        plan = AddPlan(fractions=(8, 11), fraction=8, width=16)
        yield Example("add4x16", cls(plan, size=16, radius=7, channels=4),
                      "sum of two times 4 channels of the bins |u|, v <= 7, SQ(8,8) and SQ(5,11), SQ(8,8) out")


@circuit.register(operations.Add)
def _add(op: operations.Add, lanes: int) -> Add:
    """Return the sum of a network."""
    stage = op.stage
    radii = None if stage.radius is None else tuple(r for r in stage.radii_in if r is not None)
    return Add(op.plan, size=stage.size, channels=stage.channels, radius=stage.radius, radii=radii)
