"""Double buffer between row and column transforms, which is read in the other direction.

Each half of a buffer holds one map.  The forward buffer separates the two real rows that shared a complex transform;
the inverse buffer joins two rows into one.  :mod:`hadamac.model.fft.planar` has the formulas.  Only live columns are
kept; the write address undoes the bit-reversed order of the first transform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft.orders import bit_reversed
from hadamac.model.fft.planar import Fft2dPlan

from ..base.block import Block
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Ram
from ..base.stream import Complex, Fifo, Halves, frames, nest
from ..base.targets import Target
from .real import separated

__all__ = ["TransposeForward", "TransposeInverse"]


class _Transpose(Block, ABC):
    """Two banks, double-buffered; subclasses say what a bank holds and how two words combine.

    Members
    -------
    i : In(frames of Complex(plan.width)), o : Out(frames of Complex(out_width))
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    A word is read every cycle as soon as a half is full, and is pushed into the FIFO
    ``plan.transpose_pipeline`` cycles later.
    """

    def __init__(self, plan: Fft2dPlan, out_width: int):
        self.plan: Fft2dPlan = plan
        self.size = plan.size
        self.live = plan.radius + 1
        self.column_bits = plan.radius.bit_length()
        self.pipeline = plan.transpose_pipeline
        self.interval = plan.interval
        pairs, columns = plan.size * plan.size // 2, self.live * plan.size
        self.frame = (columns, pairs) if plan.inverse else (pairs, columns)
        self.latency = self.frame[0] + self.pipeline + timing.fifo(self.pipeline)
        super().__init__({
            "i": In(frames(Complex(plan.width))),
            "o": Out(frames(Complex(out_width))),
            "overflow": Out(1),
        })

    @abstractmethod
    def _write(self, m: Module, take: Value) -> Value:
        """Store the beat that is taken while ``take`` is high; return whether it is the last of a half."""

    @abstractmethod
    def _read(self, m: Module, step: Value) -> tuple[Value, Value]:
        """Issue a read while ``step`` is high.

        Return whether it is the last of a half, and the word that is pushed ``pipeline`` cycles after its read.
        """

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.halves = self.halves = halves = Halves()
        shape = self.o.payload.shape()
        m.submodules.fifo = fifo = Fifo(shape, inflight=self.pipeline)
        step = Signal()
        m.d.comb += [self.i.ready.eq(halves.writable), step.eq(halves.readable & ~fifo.stop)]
        pairs = self.size // 2
        depth = 2 * pairs << self.column_bits
        self.banks = []
        for k in range(2):
            m.submodules[f"bank{k}"] = bank = Ram(width=2 * self.plan.width, depth=depth)
            m.d.comb += bank.write_data.eq(self.i.payload.data)
            self.banks.append(bank)
        take = self.i.valid & self.i.ready
        m.d.comb += halves.filled.eq(take & self._write(m, take))
        final, data = self._read(m, step)
        m.d.comb += [
            halves.emptied.eq(step & final),
            fifo.push.eq(delayed(m, step, self.pipeline, "push")),
            fifo.data.last.eq(delayed(m, final, self.pipeline, "final")),
            fifo.data.data.eq(data),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _store(self, m: Module, bank: Ram, pair: Value, column: Value, enable: Value) -> None:
        """Write the beat to its place in ``bank``."""
        m.d.comb += [
            bank.write_address.eq(self._address(pair, column, self.halves.write_half)),
            bank.write_enable.eq(enable),
        ]

    def _fetch(self, m: Module, pair: Value, column: Value) -> list[View]:
        """Read one place of both banks; return their words, ``timing.RAM`` cycles later."""
        words = []
        for bank in self.banks:
            m.d.comb += bank.read_address.eq(self._address(pair, column, self.halves.read_half))
            words.append(Complex(self.plan.width)(bank.read_data))
        return words

    def _address(self, pair: Value, column: Value, half: Value) -> Value:
        """Return an address, whose fields are whole bits because all sizes are powers of two."""
        return Cat(column[: self.column_bits], pair[: (self.size // 2).bit_length() - 1], half)


class TransposeForward(_Transpose):
    """Buffer that turns row spectra of packed pairs into columns of single rows.

    In: (pair, v bit-reversed), N beats a pair.  Out: (v = 0 .. radius, y), N beats a column.  Bank 0 holds v >= 0,
    bank 1 holds -v.
    """

    def __init__(self, plan: Fft2dPlan):
        super().__init__(plan, plan.width)

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return columns (..., radius + 1, N) of the row spectra (..., N/2, N) of pairs, v bit-reversed."""
        return self.plan.separate_rows(x[..., bit_reversed(self.size)])[0]

    def _write(self, m: Module, take: Value) -> Value:
        (pair, position), final = nest(m, take, self.size // 2, self.size, name="write")
        v = position[::-1]
        negative = Signal(len(v))
        m.d.comb += negative.eq(-v)
        self._store(m, self.banks[0], pair, v, take & (v < self.live))
        self._store(m, self.banks[1], pair, negative, take & (negative < self.live) & (v != 0))
        return final

    def _read(self, m: Module, step: Value) -> tuple[Value, Value]:
        (v, y), final = nest(m, step, self.live, self.size, name="read")
        plus, other = self._fetch(m, y[1:], v)
        odd = delayed(m, y[0], timing.RAM, "odd")
        minus = Mux(delayed(m, v == 0, timing.RAM, "dc"), plus, other)
        sums = separated(m, plus, Complex(self.plan.width)(minus), odd)
        out = Signal(Complex(self.plan.width))
        pushed = delayed(m, step, self.pipeline, "counted")
        for name in ("re", "im"):
            value = sums[name]
            m.submodules[f"halve_{name}"] = halve = Requantiser(self.plan.halving, in_width=len(value))
            m.d.comb += [halve.i.eq(value), out[name].eq(halve.o)]
            with m.If(halve.overflow & pushed):
                m.d.sync += self.overflow.eq(1)
        return final, out


class TransposeInverse(_Transpose):
    """Buffer that turns transformed columns into packed row spectra, which are one bit wider.

    In: (v, y bit-reversed), N beats a column.  Out: (pair, v = 0 .. N - 1), N beats a pair.  Bank 0 holds even rows,
    bank 1 odd ones.
    """

    def __init__(self, plan: Fft2dPlan):
        super().__init__(plan, plan.width + 1)

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the spectra (..., N/2, N) of row pairs from columns (..., radius + 1, N), y bit-reversed."""
        return self.plan.join_rows(x[..., bit_reversed(self.size)])

    def _write(self, m: Module, take: Value) -> Value:
        (v, position), final = nest(m, take, self.live, self.size, name="write")
        y = position[::-1]
        for bank, odd in zip(self.banks, (~y[0], y[0])):
            self._store(m, bank, y[1:], v, take & odd)
        return final

    def _read(self, m: Module, step: Value) -> tuple[Value, Value]:
        (pair, v), final = nest(m, step, self.size // 2, self.size, name="read")
        negative = Signal(len(v))
        m.d.comb += negative.eq(-v)
        mirrored = v[-1]
        column = Mux(mirrored, negative, v)
        g0, g1 = self._fetch(m, pair, column)
        dead = delayed(m, column >= self.live, timing.RAM, "dead")
        mirrored = delayed(m, mirrored, timing.RAM + 1, "mirrored")
        whole = 2 * self.plan.radius == self.size
        real = delayed(m, (v == 0) | (v == self.size // 2) if whole else v == 0, timing.RAM, "real")
        part = signed(self.plan.width)
        g0r, g0i, g1r, g1i = (Signal(part, name=n, reset_less=True) for n in ("g0r", "g0i", "g1r", "g1i"))
        m.d.sync += [
            g0r.eq(Mux(dead, 0, g0.re)),
            g1r.eq(Mux(dead, 0, g1.re)),
            g0i.eq(Mux(dead | real, 0, g0.im)),
            g1i.eq(Mux(dead | real, 0, g1.im)),
        ]
        out = Signal(Complex(self.plan.width + 1), reset_less=True)
        m.d.sync += [
            out.re.eq(Mux(mirrored, g0r + g1i, g0r - g1i)),
            out.im.eq(Mux(mirrored, g1r - g0i, g1r + g0i)),
        ]
        return final, out
