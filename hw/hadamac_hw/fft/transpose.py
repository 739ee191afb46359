"""Double buffers beside the row transforms, which separate real rows that share a complex transform, or join them.

A forward buffer separates two rows, an inverse one joins them.  :mod:`hadamac.model.fft.pairs` has the formulas.  Only
live columns are kept; the write address undoes a bit-reversed order.

In two dimensions, a half of a buffer holds one map and is read in the other direction than it is written, for the
column transforms.  In one dimension it holds the two channels of one complex transform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft.orders import bit_reversed
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.model.fft.rows import RowsPlan

from ..base.block import Block
from ..base.loops import nest
from ..base.numeric import Requantiser, delayed
from ..base.primitives import FarRam
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target
from .real import separated

__all__ = ["RowsForward", "RowsInverse", "TransposeForward", "TransposeInverse"]


class Read(NamedTuple):
    """Read of a buffer: whether it is the last of a half, whether the last of a frame, and the word that it gives."""

    emptied: Value
    final: Value
    word: View


class _Buffer(Block, ABC):
    """Two banks, double-buffered; subclasses say what a bank holds and how two words combine.

    Members
    -------
    i : In(frames of Complex(plan.width)), o : Out(frames of Complex(out_width))
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    A word is read every cycle as soon as a half is full, after ``half`` beats, and is pushed into the FIFO
    ``plan.transpose_pipeline`` cycles later.
    """

    def __init__(self, plan: Fft2dPlan | RowsPlan, frame: tuple[int, int], half: int):
        self.plan: Any = plan
        self.samples = plan.shape[1]
        self.live = plan.live
        self.column_bits = (plan.live - 1).bit_length()
        self.pair_bits = (plan.buffered_pairs - 1).bit_length()
        self.pipeline = plan.transpose_pipeline
        self.interval = plan.interval
        self.frame = frame
        self.latency = half + self.pipeline + timing.fifo(self.pipeline)
        super().__init__({
            "i": In(frames(Complex(plan.width))),
            "o": Out(frames(Complex(plan.width + plan.inverse))),
            "overflow": Out(1),
        })

    @abstractmethod
    def _write(self, m: Module, take: Value) -> Value:
        """Store the beat that is taken while ``take`` is high; return whether it is the last of a half."""

    @abstractmethod
    def _read(self, m: Module, step: Value) -> Read:
        """Issue a read while ``step`` is high; its word is pushed ``pipeline`` cycles later."""

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.halves = self.halves = halves = Halves()
        shape = self.o.payload.shape()
        m.submodules.fifo = fifo = Fifo(shape, inflight=self.pipeline)
        step = Signal()
        m.d.comb += [self.i.ready.eq(halves.writable), step.eq(halves.readable & ~fifo.stop)]
        self.banks = []
        for k in range(2):
            depth = 2 << (self.pair_bits + self.column_bits)
            m.submodules[f"bank{k}"] = bank = FarRam(width=2 * self.plan.width, depth=depth)
            m.d.comb += bank.write_data.eq(self.i.payload.data)
            self.banks.append(bank)
        take = self.i.valid & self.i.ready
        m.d.comb += halves.filled.eq(take & self._write(m, take))
        read = self._read(m, step)
        m.d.comb += [
            halves.emptied.eq(step & read.emptied),
            fifo.push.eq(delayed(m, step, self.pipeline, "push")),
            fifo.data.last.eq(delayed(m, read.final, self.pipeline, "final")),
            fifo.data.data.eq(read.word),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _store(self, m: Module, bank: FarRam, pair: Value, column: Value, enable: Value) -> None:
        """Write the beat to its place in ``bank``."""
        m.d.comb += [
            bank.write_address.eq(self._address(pair, column, self.halves.write_half)),
            bank.write_enable.eq(enable),
        ]

    def _store_spectrum(self, m: Module, pair: Value, position: Value, take: Value) -> None:
        """Write a bin of a complex transform in bit-reversed order: bank 0 holds v >= 0, bank 1 holds -v."""
        v = position[::-1]
        negative = Signal(len(v))
        m.d.comb += negative.eq(-v)
        self._store(m, self.banks[0], pair, v, take & (v < self.live))
        self._store(m, self.banks[1], pair, negative, take & (negative < self.live) & (v != 0))

    def _fetch(self, m: Module, pair: Value, column: Value) -> list[View]:
        """Read one place of both banks; return their words, ``timing.FAR`` cycles later."""
        words = []
        for bank in self.banks:
            m.d.comb += bank.read_address.eq(self._address(pair, column, self.halves.read_half))
            words.append(Complex(self.plan.width)(bank.read_data))
        return words

    def _address(self, pair: Value, column: Value, half: Value) -> Value:
        """Return an address, whose fields are whole bits because all sizes are powers of two."""
        return Cat(column[: self.column_bits], pair[: self.pair_bits], half)

    def _separated(self, m: Module, step: Value, pair: Value, v: Value, odd: Value) -> View:
        """Return the bin v of one of the rows of a pair, the second one if ``odd``, ``pipeline`` cycles later."""
        plus, other = self._fetch(m, pair, v)
        odd = delayed(m, odd, timing.FAR, "odd")
        minus = Mux(delayed(m, v == 0, timing.FAR, "dc"), plus, other)
        sums = separated(m, plus, Complex(self.plan.width)(minus), odd)
        out = Signal(Complex(self.plan.width))
        pushed = delayed(m, step, self.pipeline, "counted")
        for name in ("re", "im"):
            value = sums[name]
            m.submodules[f"halve_{name}"] = halve = Requantiser(self.plan.halving, in_width=len(value))
            m.d.comb += [halve.i.eq(value), out[name].eq(halve.o)]
            with m.If(halve.overflow & pushed):
                m.d.sync += self.overflow.eq(1)
        return out

    def _joined(self, m: Module, pair: Value, v: Value, lone: Value) -> View:
        """Return the bin v = 0 .. W - 1 of the spectrum of a pair, ``pipeline`` cycles later.

        Bank 0 holds the spectra of first rows, bank 1 those of second ones, which count as zero where ``lone`` is high.
        """
        negative = Signal(len(v))
        m.d.comb += negative.eq(-v)
        mirrored = v[-1]
        column = Mux(mirrored, negative, v)
        g0, g1 = self._fetch(m, pair, column)
        dead = delayed(m, column >= self.live, timing.FAR, "dead")
        lone = delayed(m, lone, timing.FAR, "lone")
        mirrored = delayed(m, mirrored, timing.FAR + 1, "mirrored")
        whole = 2 * (self.live - 1) == self.samples
        real = delayed(m, (v == 0) | (v == self.samples // 2) if whole else v == 0, timing.FAR, "real")
        part = signed(self.plan.width)
        g0r, g0i, g1r, g1i = (Signal(part, name=n, reset_less=True) for n in ("g0r", "g0i", "g1r", "g1i"))
        m.d.sync += [
            g0r.eq(Mux(dead, 0, g0.re)),
            g1r.eq(Mux(dead | lone, 0, g1.re)),
            g0i.eq(Mux(dead | real, 0, g0.im)),
            g1i.eq(Mux(dead | real | lone, 0, g1.im)),
        ]
        out = Signal(Complex(self.plan.width + 1), reset_less=True)
        m.d.sync += [
            out.re.eq(Mux(mirrored, g0r + g1i, g0r - g1i)),
            out.im.eq(Mux(mirrored, g1r - g0i, g1r + g0i)),
        ]
        return out


class TransposeForward(_Buffer):
    """Buffer that turns row spectra of packed pairs into columns of single rows.

    In: (pair, v bit-reversed), W beats a pair.  Out: (v = 0 .. s, y), H beats a column.
    """

    def __init__(self, plan: Fft2dPlan):
        super().__init__(plan, plan.beats, plan.beats[0])

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return columns (..., s + 1, H) of the row spectra (..., H/2, W) of pairs, v bit-reversed."""
        return self.plan.separate_rows(x[..., bit_reversed(self.samples)])[0]

    def _write(self, m: Module, take: Value) -> Value:
        (pair, position), final = nest(m, take, self.plan.buffered_pairs, self.samples, name="write")
        self._store_spectrum(m, pair, position, take)
        return final

    def _read(self, m: Module, step: Value) -> Read:
        (v, y), final = nest(m, step, self.live, self.plan.shape[0], name="read")
        return Read(final, final, self._separated(m, step, y[1:], v, y[0]))


class TransposeInverse(_Buffer):
    """Buffer that turns transformed columns into packed row spectra, which are one bit wider.

    In: (v, y bit-reversed), H beats a column.  Out: (pair, v = 0 .. W - 1), W beats a pair.
    """

    def __init__(self, plan: Fft2dPlan):
        super().__init__(plan, plan.beats, plan.beats[0])

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the spectra (..., H/2, W) of row pairs from columns (..., s + 1, H), y bit-reversed."""
        return self.plan.join_rows(x[..., bit_reversed(self.plan.shape[0])])

    def _write(self, m: Module, take: Value) -> Value:
        (v, position), final = nest(m, take, self.live, self.plan.shape[0], name="write")
        y = position[::-1]
        for bank, odd in zip(self.banks, (~y[0], y[0])):
            self._store(m, bank, y[1:], v, take & odd)
        return final

    def _read(self, m: Module, step: Value) -> Read:
        (pair, v), final = nest(m, step, self.plan.buffered_pairs, self.samples, name="read")
        return Read(final, final, self._joined(m, pair, v, Const(0, 1)))


class RowsForward(_Buffer):
    """Buffer that turns the spectra of pairs of channels into those of single channels.

    In: (pair of channels, v bit-reversed), W beats a pair.  Out: (channel, v = 0 .. s).  The last of an odd number of
    channels has no partner, whose bins are not read.
    """

    def __init__(self, plan: RowsPlan):
        super().__init__(plan, (plan.pairs * plan.shape[1], plan.channels * plan.live), plan.shape[1])

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return bins (n, channels, s + 1) of the spectra (n, pairs, W) of pairs, v bit-reversed."""
        columns = self.plan.separate_rows(x[:, :, None, bit_reversed(self.samples)])[0]
        return np.swapaxes(columns, -1, -2).reshape(len(x), -1, self.live)[:, : self.plan.channels]

    def _write(self, m: Module, take: Value) -> Value:
        (_, position), _ = nest(m, take, self.plan.pairs, self.samples, name="write")
        self._store_spectrum(m, Const(0, 1), position, take)
        return position == self.samples - 1

    def _read(self, m: Module, step: Value) -> Read:
        (channel, v), final = nest(m, step, self.plan.channels, self.live, name="read")
        emptied = (v == self.live - 1) & channel[0] | final
        return Read(emptied, final, self._separated(m, step, Const(0, 1), v, channel[0]))


class RowsInverse(_Buffer):
    """Buffer that turns the spectra of channels into those of pairs of channels, which are one bit wider.

    In: (channel, v = 0 .. s).  Out: (pair of channels, v = 0 .. W - 1), W beats a pair.
    """

    def __init__(self, plan: RowsPlan):
        frame = (plan.channels * plan.live, plan.pairs * plan.shape[1])
        super().__init__(plan, frame, min(plan.channels, 2) * plan.live)

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the spectra (n, pairs, W) of pairs of channels from the bins (n, channels, s + 1) of channels."""
        x = np.pad(x, ((0, 0), (0, self.plan.channels % 2), (0, 0)))
        columns = np.swapaxes(x.reshape(len(x), self.plan.pairs, 2, self.live), -1, -2)
        return self.plan.join_rows(columns)[:, :, 0]

    def _write(self, m: Module, take: Value) -> Value:
        (channel, v), final = nest(m, take, self.plan.channels, self.live, name="write")
        for bank, odd in zip(self.banks, (~channel[0], channel[0])):
            self._store(m, bank, Const(0, 1), v, take & odd)
        return (v == self.live - 1) & channel[0] | final

    def _read(self, m: Module, step: Value) -> Read:
        (pair, v), final = nest(m, step, self.plan.pairs, self.samples, name="read")
        lone = pair == self.plan.pairs - 1 if self.plan.channels % 2 else Const(0, 1)
        return Read(v == self.samples - 1, final, self._joined(m, Const(0, 1), v, lone))
