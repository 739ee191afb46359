"""Spectral pooling and padding of half-spectra, any size, with Nyquist rules; no multiplier.

Definitions, formats and beat order: :mod:`hadamac.model.nyquist`.  By addressing alone, combinational, but for the
rule ``average``: pooling in two dimensions buffers a column, because bin u needs bin -u; padding rounds halves.
"""

from __future__ import annotations

from math import prod

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.numeric import Requantise

from ..base.numeric import Requantiser, add_with_carry, delayed
from ..base.primitives import Ram
from ..base.stream import Complex, Fifo, Halves, frames, nest

__all__ = ["SpectralPad", "SpectralPool"]


class _Spectral(wiring.Component):
    """Checks, sizes, streams, and which bin of a half-spectrum is where."""

    multipliers = 0

    def __init__(self, kind: type, plan, channels: int, members: dict):
        name = type(self).__name__
        if not isinstance(plan, kind):
            raise DescriptionError(f"{name} plan must be a {kind.__name__}, not {plan!r}")
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            raise DescriptionError(f"{name} channels must be a positive integer, not {channels!r}")
        self.plan, self.channels, self.width = plan, channels, plan.width
        self.frame = tuple(channels * prod(shape) for shape in plan.shapes)
        self.interval = max(self.frame)
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape)} | members)

    def model(self, x):
        """Bit-exact: ``plan.run``."""
        return self.plan.run(x)[0]

    def _bins(self, m, step, size: int):
        """``(channel, v, u), final`` of half-spectra of `size`; u = 0 where there are no rows."""
        rows = size if self.plan.dimensions == 2 else 1
        return nest(m, step, self.channels, size // 2 + 1, rows)

    def _kept(self, v, u, size: int, keep: int):
        """``(live, edge)``: whether bin (v, u) of `size` is among the `keep` lowest, and whether in a place of M/2."""
        column, edge = v <= keep // 2, v == keep // 2
        if self.plan.dimensions == 1:
            return column, edge
        return column & ((u < (keep + 1) // 2) | (u >= size - keep // 2)), edge | (u == size - keep // 2)


class SpectralPool(_Spectral):
    """A :class:`~hadamac.model.nyquist.PoolPlan` on the spectra of ``channels`` maps or signals.

    Parameters
    ----------
    plan : PoolPlan
    channels : int

    Members
    -------
    i : In(frames of Complex(width)), channels * N * (N//2 + 1) beats, order (channel, v, u)
    o : Out(frames of Complex(width)), channels * M * (M//2 + 1) beats; in one dimension both without N and M
    overflow : Out(1)
        An average saturated since reset; stays low under the other rules.

    Timing
    ------
    ``interval``: as many cycles a frame as beats come in.  ``latency`` 0, combinational: a live beat leaves in the
    cycle in which it comes, a dead one is swallowed.  Where two dimensions are averaged, a live column is read when
    all of it is there, M beats in M cycles: ``latency = N + plan.pipeline`` and the FIFO's cycles.
    """

    def __init__(self, plan: PoolPlan, *, channels: int = 1):
        super().__init__(PoolPlan, plan, channels, {"overflow": Out(1)})
        self.latency = plan.latency

    def elaborate(self, platform):
        m = Module()
        if self.plan.averages and self.plan.dimensions == 2:
            self._average(m)
        else:
            self._select(m)
        return m

    def _select(self, m):
        size, keep = self.plan.size, self.plan.keep
        take = self.i.valid & self.i.ready
        (channel, v, u), _ = self._bins(m, take, size)
        live, edge = self._kept(v, u, size, keep)
        final_row = size - 1 if self.plan.dimensions == 2 and keep > 1 else 0
        m.d.comb += [
            self.o.valid.eq(self.i.valid & live), self.i.ready.eq(self.o.ready | ~live),
            self.o.payload.data.eq(self.i.payload.data),
            self.o.payload.last.eq((channel == self.channels - 1) & (v == keep // 2) & (u == final_row)),
        ]
        if self.plan.zeroes:
            with m.If(edge):
                m.d.comb += self.o.payload.data.eq(0)
        elif self.plan.averages:  # of X[M/2] and its conjugate
            with m.If(edge):
                m.d.comb += self.o.payload.data.im.eq(0)

    def _average(self, m):
        """One bank holds rows 0 .. M/2 of a column, the other rows -M/2 .. -1, both by |u|.

        Addresses are registered on both sides, so that what ``halves`` promises still holds.
        """
        size, keep, half = self.plan.size, self.plan.keep, self.plan.keep // 2
        wait, bits = self.plan.pipeline, half.bit_length()
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=wait)
        take, step = self.i.valid & self.i.ready, Signal()
        (_, v, u), _ = self._bins(m, take, size)
        column = take & (v <= half)
        m.d.comb += [
            self.i.ready.eq(halves.writable), halves.filled.eq(column & (u == size - 1)),
            step.eq(halves.readable & ~fifo.stop),
        ]
        (_, v, row), final = nest(m, step, self.channels, half + 1, keep, name="read")
        second = row >= half
        address = delayed(m, Cat(Mux(second, keep - row, row)[:bits], halves.read_half), 1, "address")
        m.d.comb += halves.emptied.eq(step & (row == keep - 1))
        word, words = delayed(m, self.i.payload.data.as_value(), 1, "word"), []
        for name, place, mine in (("plus", u, u <= half), ("minus", size - u, u >= size - half)):
            m.submodules[name] = bank = Ram(width=2 * self.width, depth=2 << bits)
            m.d.comb += [
                bank.write_address.eq(delayed(m, Cat(place[:bits], halves.write_half), 1, f"{name}_address")),
                bank.write_enable.eq(delayed(m, column & mine, 1, f"{name}_enable")),
                bank.write_data.eq(word), bank.read_address.eq(address),
            ]
            words.append(Complex(self.width)(bank.read_data))
        edge = v == half
        paired = {"re": (edge | (row == half)) & (row != 0), "im": (edge ^ (row == half)) & (row != 0)}
        self._mean(m, fifo, words, second, edge, paired)
        m.d.comb += [
            fifo.push.eq(delayed(m, step, wait, "push")), fifo.data.last.eq(delayed(m, final, wait, "final")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))

    def _mean(self, m, fifo, words, second, edge, paired):
        """Half the sum of a bank's word and, where ``paired``, the other's, else its own.

        At the edge column the other is conjugate.  Its corner, and its row 0, whose partner it is itself, are real:
        their imaginary parts are taken from themselves.
        """
        plus, minus = words
        second, edge = (delayed(m, bit, 1 + timing.RAM, name) for bit, name in ((second, "second"), (edge, "edge")))
        rule = Requantise(1, self.width, True)
        for part in ("re", "im"):
            other = second ^ delayed(m, paired[part], 1 + timing.RAM, f"paired_{part}")
            a, b = (Signal(signed(self.width), name=f"{n}_{part}", reset_less=True) for n in "ab")
            total = Signal(signed(self.width + 1), name=f"total_{part}", reset_less=True)
            m.d.sync += [a.eq(Mux(second, minus[part], plus[part])), b.eq(Mux(other, minus[part], plus[part]))]
            if part == "re":
                m.d.sync += total.eq(a + b)
            else:
                negative = delayed(m, edge, 1, "negative")
                m.d.sync += total.eq(add_with_carry(a, Mux(negative, ~b, b).as_signed(), negative))
            m.submodules[f"halve_{part}"] = halve = Requantiser(rule, in_width=len(total))
            m.d.comb += [halve.i.eq(total), fifo.data.data[part].eq(halve.o)]
            with m.If(halve.overflow & fifo.push):
                m.d.sync += self.overflow.eq(1)


class SpectralPad(_Spectral):
    """A :class:`~hadamac.model.nyquist.PadPlan` on the spectra of ``channels`` maps or signals.

    Parameters
    ----------
    plan : PadPlan
    channels : int

    Members
    -------
    i : In(frames of Complex(width)), channels * M * (M//2 + 1) beats, order (channel, v, u)
    o : Out(frames of Complex(width)), channels * N * (N//2 + 1) beats; in one dimension both without M and N

    Timing
    ------
    ``interval``: as many cycles a frame as beats leave, one a cycle.  ``latency`` 0, combinational; where words are
    halved ``plan.pipeline`` and the FIFO's cycles.
    """

    def __init__(self, plan: PadPlan, *, channels: int = 1):
        super().__init__(PadPlan, plan, channels, {})
        self.latency = plan.latency

    def elaborate(self, platform):
        m = Module()
        step = Signal()
        (_, v, u), final = self._bins(m, step, self.plan.to)
        live, edge = self._kept(v, u, self.plan.to, self.plan.size)
        if self.plan.averages:
            self._halve(m, step, v, u, live, final)
            return m
        m.d.comb += [
            step.eq(self.o.valid & self.o.ready), self.o.valid.eq(self.i.valid | ~live),
            self.i.ready.eq(self.o.ready & live), self.o.payload.last.eq(final),
        ]
        with m.If(live & ~edge if self.plan.zeroes else live):
            m.d.comb += self.o.payload.data.eq(self.i.payload.data)
        return m

    def _halve(self, m, step, v, u, live, final):
        """Row M/2 is used twice: it waits at the input between +M/2 and -M/2."""
        half, wait = self.plan.size // 2, self.plan.pipeline
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
            step.eq(~fifo.stop & (self.i.valid | ~used)), self.i.ready.eq(~fifo.stop & live),
            fifo.push.eq(delayed(m, step, wait, "push")), fifo.data.last.eq(delayed(m, final, wait, "final")),
        ]
        used, once, twice = (delayed(m, bit, 1, name)
                             for name, bit in (("used", used), ("once", once), ("twice", twice)))
        for part in ("re", "im"):
            x = delayed(m, self.i.payload.data[part], 1, f"x_{part}")
            aligned = Signal(signed(self.width + 2), name=f"aligned_{part}", reset_less=True)
            m.d.sync += aligned.eq(Mux(used, Mux(twice, x, Mux(once, x << 1, x << 2)), 0))
            m.submodules[f"round_{part}"] = rounder = Requantiser(
                Requantise(2, self.width, False), in_width=len(aligned))
            m.d.comb += [rounder.i.eq(aligned), fifo.data.data[part].eq(rounder.o)]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
