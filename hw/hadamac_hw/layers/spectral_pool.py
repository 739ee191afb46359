"""Spectral pooling and padding of half-spectra of any size, with Nyquist rules; no multiplier.

Definitions, formats and beat order: :mod:`hadamac.model.nyquist`.  Both blocks only select beats and are combinational,
except for the rule ``average``: with it, pooling in two dimensions buffers a column, because bin u needs bin -u, and
padding rounds halves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.nyquist import PadPlan, PoolPlan

from ..base.block import Block, Example
from ..base.loops import Number, foreseen, nest
from ..base.numeric import Requantiser, add_with_carry, delayed
from ..base.primitives import FarRam
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["SpectralPad", "SpectralPool"]


class _Spectral(Block):
    """Checks, sizes and streams of both blocks, and the places of bins in a half-spectrum."""

    def __init__(self, kind: type[PoolPlan | PadPlan], plan: PoolPlan | PadPlan, channels: int,
                 members: dict[str, Member]):
        name = type(self).__name__
        if not isinstance(plan, kind):
            raise DescriptionError(f"{name} plan must be a {kind.__name__}, not {plan!r}")
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            raise DescriptionError(f"{name} channels must be a positive integer, not {channels!r}")
        self.plan, self.channels, self.width = plan, channels, plan.width
        before, after = plan.shapes
        self.frame = (channels * prod(before), channels * prod(after))
        self.interval = max(self.frame)
        self.latency = plan.latency
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape)} | members)

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the bins for bins x (n, channels, rows, columns), or (n, channels, bins) in one dimension."""
        return self.plan.run(x)[0]

    def _loops(self, size: int) -> tuple[int, int, int]:
        """Return the passes of the loops over ``(channel, v, u)`` of spectra of ``size``; u is 0 in one dimension."""
        return self.channels, size // 2 + 1, size if self.plan.dimensions == 2 else 1

    def _kept(self, v: Number, u: Number, size: int, keep: int) -> tuple[Number, Number]:
        """Return ``(live, edge)`` of bin (v, u): whether it is one of the ``keep`` lowest, whether it is at M/2."""
        column, edge = v <= keep // 2, v == keep // 2
        if self.plan.dimensions == 1:
            return column, edge
        return column & ((u < (keep + 1) // 2) | (u >= size - keep // 2)), edge | (u == size - keep // 2)


class SpectralPool(_Spectral):
    """Spectral pooling, a :class:`~hadamac.model.nyquist.PoolPlan`, of the spectra of ``channels`` maps or signals.

    Parameters
    ----------
    plan : PoolPlan
    channels : int

    Members
    -------
    i : In(frames of Complex(width)), channels * N * (N//2 + 1) beats, order (channel, v, u)
    o : Out(frames of Complex(width)), channels * M * (M//2 + 1) beats
        In one dimension the factors N and M are missing, and there is no u.
    overflow : Out(1)
        An average saturated since reset; it stays low under the other rules.

    Timing
    ------
    ``interval``: as many cycles a frame as beats arrive.  ``latency`` 0, combinational: a live beat leaves in the
    cycle in which it arrives, a dead one is swallowed.  If two dimensions are averaged, a live column is read once it
    is complete, M beats in M cycles: ``latency = N + plan.pipeline + timing.fifo(plan.pipeline)``.
    """

    plan: PoolPlan

    def __init__(self, plan: PoolPlan, *, channels: int = 1):
        super().__init__(PoolPlan, plan, channels, {"overflow": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if self.plan.buffered:
            self._average(m)
        else:
            self._select(m)
        return m

    def _select(self, m: Module) -> None:
        """Pass live beats, and set Nyquist bins to zero or to their real parts if the rule says so."""
        size, keep = self.plan.size, self.plan.keep
        take = self.i.valid & self.i.ready
        final_row = size - 1 if self.plan.dimensions == 2 and keep > 1 else 0

        def facts(channel: Number, v: Number, u: Number) -> tuple[Number, ...]:
            last = (channel == self.channels - 1) & (v == keep // 2) & (u == final_row)
            return *self._kept(v, u, size, keep), last

        live, edge, last, _ = foreseen(m, take, *self._loops(size), facts=facts)
        m.d.comb += [
            self.o.valid.eq(self.i.valid & live),
            self.i.ready.eq(self.o.ready | ~live),
            self.o.payload.data.eq(self.i.payload.data),
            self.o.payload.last.eq(last),
        ]
        if self.plan.zeroes:
            with m.If(edge):
                m.d.comb += self.o.payload.data.eq(0)
        elif self.plan.averages:  # the mean of X[M/2] and its conjugate
            with m.If(edge):
                m.d.comb += self.o.payload.data.im.eq(0)

    def _average(self, m: Module) -> None:
        """Buffer live columns, and read them back as means.

        One bank holds rows 0 .. M/2 of a column, the other rows -M/2 .. -1, both at the address |u|.
        """
        size, keep, half = self.plan.size, self.plan.keep, self.plan.keep // 2
        wait, bits = self.plan.pipeline, half.bit_length()
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=wait)
        take, step = self.i.valid & self.i.ready, Signal()
        (_, v, u), _ = nest(m, take, *self._loops(size))
        column = take & (v <= half)
        m.d.comb += [
            self.i.ready.eq(halves.writable),
            halves.filled.eq(column & (u == size - 1)),
            step.eq(halves.readable & ~fifo.stop),
        ]
        (_, v, row), final = nest(m, step, self.channels, half + 1, keep, name="read")
        second = row >= half
        address = Cat(Mux(second, keep - row, row)[:bits], halves.read_half)
        m.d.comb += halves.emptied.eq(step & (row == keep - 1))
        words = []
        for name, place, mine in (("plus", u, u <= half), ("minus", size - u, u >= size - half)):
            m.submodules[name] = bank = FarRam(width=2 * self.width, depth=2 << bits)
            m.d.comb += [
                bank.write_address.eq(Cat(place[:bits], halves.write_half)),
                bank.write_enable.eq(column & mine),
                bank.write_data.eq(self.i.payload.data),
                bank.read_address.eq(address),
            ]
            words.append(Complex(self.width)(bank.read_data))
        edge = v == half
        paired = {"re": (edge | (row == half)) & (row != 0), "im": (edge ^ (row == half)) & (row != 0)}
        self._mean(m, fifo, words, second, edge, paired)
        m.d.comb += [
            fifo.push.eq(delayed(m, step, wait, "push")),
            fifo.data.last.eq(delayed(m, final, wait, "final")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))

    def _mean(self, m: Module, fifo: Fifo, words: Sequence[data.View], second: Value, edge: Value,
              paired: Mapping[str, Value]) -> None:
        """Put half the sum of two words into the FIFO: a bank's own word, and the other bank's if ``paired``.

        Without a partner the own word is added to itself.  At the edge column the partner is conjugate.  The column's
        corner and its row 0, which is its own partner, are real: their imaginary parts are subtracted from themselves.
        """
        plus, minus = words
        second, edge = (delayed(m, bit, timing.FAR, name) for bit, name in ((second, "second"), (edge, "edge")))
        for part in ("re", "im"):
            other = second ^ delayed(m, paired[part], timing.FAR, f"paired_{part}")
            a, b = (Signal(signed(self.width), name=f"{n}_{part}", reset_less=True) for n in "ab")
            total = Signal(signed(self.width + 1), name=f"total_{part}", reset_less=True)
            m.d.sync += [
                a.eq(Mux(second, minus[part], plus[part])),
                b.eq(Mux(other, minus[part], plus[part])),
            ]
            if part == "re":
                m.d.sync += total.eq(a + b)
            else:
                negative = delayed(m, edge, 1, "negative")
                m.d.sync += total.eq(add_with_carry(a, Mux(negative, ~b, b).as_signed(), negative))
            m.submodules[f"halve_{part}"] = halve = Requantiser(self.plan.result, in_width=len(total))
            m.d.comb += [
                halve.i.eq(total),
                fifo.data.data[part].eq(halve.o),
            ]
            with m.If(halve.overflow & fifo.push):
                m.d.sync += self.overflow.eq(1)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 32 to 16, averaged, 16 bits."""
        yield Example("spectral_pool32", cls(PoolPlan(size=32, keep=16, nyquist="average", width=16)),
                      "spectral pooling of 32x17 half-spectra to 16x9, Nyquist bins averaged")


class SpectralPad(_Spectral):
    """Spectral padding, a :class:`~hadamac.model.nyquist.PadPlan`, of the spectra of ``channels`` maps or signals.

    Parameters
    ----------
    plan : PadPlan
    channels : int

    Members
    -------
    i : In(frames of Complex(width)), channels * M * (M//2 + 1) beats, order (channel, v, u)
    o : Out(frames of Complex(width)), channels * N * (N//2 + 1) beats
        In one dimension the factors M and N are missing, and there is no u.

    Timing
    ------
    ``interval``: as many cycles a frame as beats leave, one a cycle.  ``latency`` 0, combinational; if words are
    halved, ``latency = plan.pipeline + timing.fifo(plan.pipeline)``.
    """

    plan: PadPlan

    def __init__(self, plan: PadPlan, *, channels: int = 1):
        super().__init__(PadPlan, plan, channels, {})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        step, loops = Signal(), self._loops(self.plan.to)
        if self.plan.averages:
            self._halve(m, step, loops)
            return m
        live, edge, final = foreseen(m, step, *loops,
                                     facts=lambda channel, v, u: self._kept(v, u, self.plan.to, self.plan.size))
        m.d.comb += [
            step.eq(self.o.valid & self.o.ready),
            self.o.valid.eq(self.i.valid | ~live),
            self.i.ready.eq(self.o.ready & live),
            self.o.payload.last.eq(final),
        ]
        with m.If(live & ~edge if self.plan.zeroes else live):
            m.d.comb += self.o.payload.data.eq(self.i.payload.data)
        return m

    def _halve(self, m: Module, step: Signal, loops: tuple[int, int, int]) -> None:
        """Send live beats among zeros, and halve those at M/2.

        Row M/2 is used twice: it waits at the input between +M/2 and -M/2.
        """
        half, wait = self.plan.size // 2, self.plan.pipeline
        (_, v, u), final = nest(m, step, *loops)
        live = Value.cast(self._kept(v, u, self.plan.to, self.plan.size)[0])
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=wait)
        once, twice = v == half, Const(0, 1)
        if self.plan.dimensions == 2:
            upper = (u == half) & (v <= half)
            nyquist = upper | (u == self.plan.to - half)
            once, twice = (v == half) ^ nyquist, (v == half) & nyquist
        else:
            upper = Const(0, 1)
        used = live | upper
        m.d.comb += [
            step.eq(~fifo.stop & (self.i.valid | ~used)),
            self.i.ready.eq(~fifo.stop & live),
            fifo.push.eq(delayed(m, step, wait, "push")),
            fifo.data.last.eq(delayed(m, final, wait, "final")),
        ]
        used, once, twice = (delayed(m, bit, 1, name)
                             for name, bit in (("used", used), ("once", once), ("twice", twice)))
        for part in ("re", "im"):
            x = delayed(m, self.i.payload.data[part], 1, f"x_{part}")
            aligned = Signal(signed(self.width + 2), name=f"aligned_{part}", reset_less=True)
            m.d.sync += aligned.eq(Mux(used, Mux(twice, x, Mux(once, x << 1, x << 2)), 0))
            m.submodules[f"round_{part}"] = rounder = Requantiser(self.plan.result, in_width=len(aligned))
            m.d.comb += [
                rounder.i.eq(aligned),
                fifo.data.data[part].eq(rounder.o),
            ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 16 to 32, halved, 16 bits."""
        yield Example("spectral_pad16", cls(PadPlan(size=16, to=32, nyquist="average", width=16)),
                      "spectral padding of 16x9 half-spectra to 32x17, Nyquist bins halved")
