"""Double buffer between row and column transforms, read in the other direction.

Both buffers hold one channel per half.  The forward one separates the two real rows that shared
a complex transform; the inverse one joins two rows into one.  Formulas: :mod:`hadamac.model.fft.planar`.
Only live columns are kept; the row transform's bit-reversed output order is undone by the write
address.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.planar import Fft2dPlan

from ..base.numeric import Requantiser, delayed
from ..base.primitives import Ram
from ..base.stream import Complex, Fifo, Halves, frames, nest
from .real import separated

__all__ = ["TransposeForward", "TransposeInverse"]


class _Transpose(wiring.Component):
    """Two banks, double-buffered; subclasses say what a bank holds and how two words combine."""

    pipeline: int

    def __init__(self, plan: Fft2dPlan, out_width: int):
        self.plan = plan
        self.size, self.live = plan.size, plan.radius + 1
        self.column_bits = plan.radius.bit_length()
        super().__init__({
            "i": In(frames(Complex(plan.width))), "o": Out(frames(Complex(out_width))), "overflow": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.halves = self.halves = halves = Halves()
        shape = self.o.payload.shape()
        m.submodules.fifo = self.fifo = fifo = Fifo(shape, inflight=self.pipeline)
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

    def _store(self, m, bank, pair, column, enable):
        m.d.comb += [
            bank.write_address.eq(self._address(pair, column, self.halves.write_half)),
            bank.write_enable.eq(enable),
        ]

    def _fetch(self, m, pair, column):
        words = []
        for bank in self.banks:
            m.d.comb += bank.read_address.eq(self._address(pair, column, self.halves.read_half))
            words.append(Complex(self.plan.width)(bank.read_data))
        return words

    def _address(self, pair, column, half):
        """Powers of two throughout: fields of the address."""
        return Cat(column[: self.column_bits], pair[: (self.size // 2).bit_length() - 1], half)


class TransposeForward(_Transpose):
    """Row spectra of packed pairs to columns of single rows.

    In: (pair, v bit-reversed), N beats a pair.  Out: (v = 0 .. radius, y), N beats a column.  Bank 0
    holds v >= 0, bank 1 holds -v.

    Timing: reads one word a cycle as soon as a half is full; ``cycles.TRANSPOSE_FORWARD`` cycles
    from read to FIFO.
    """

    pipeline = cycles.TRANSPOSE_FORWARD

    def __init__(self, plan: Fft2dPlan):
        super().__init__(plan, plan.width)

    def _write(self, m, take):
        (pair, position), final = nest(m, take, self.size // 2, self.size, name="write")
        v = position[::-1]
        negative = Signal(len(v))
        m.d.comb += negative.eq(-v)
        self._store(m, self.banks[0], pair, v, take & (v < self.live))
        self._store(m, self.banks[1], pair, negative, take & (negative < self.live) & (v != 0))
        return final

    def _read(self, m, step):
        (v, y), final = nest(m, step, self.live, self.size, name="read")
        plus, other = self._fetch(m, y[1:], v)
        odd = delayed(m, y[0], timing.RAM, "odd")
        minus = Mux(delayed(m, v == 0, timing.RAM, "dc"), plus, other)
        minus = Complex(self.plan.width)(minus)
        sums = separated(m, plus, minus, odd)
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
    """Columns after their transform to packed row spectra.

    In: (v, y bit-reversed), M beats a column.  Out: (pair, v = 0 .. M - 1), one bit wider.  Bank 0
    holds even rows, bank 1 odd ones.  Timing: as above with ``cycles.TRANSPOSE_INVERSE``.
    """

    pipeline = cycles.TRANSPOSE_INVERSE

    def __init__(self, plan: Fft2dPlan):
        super().__init__(plan, plan.width + 1)

    def _write(self, m, take):
        (v, position), final = nest(m, take, self.live, self.size, name="write")
        y = position[::-1]
        for bank, odd in zip(self.banks, (~y[0], y[0])):
            self._store(m, bank, y[1:], v, take & odd)
        return final

    def _read(self, m, step):
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
            g0r.eq(Mux(dead, 0, g0.re)), g1r.eq(Mux(dead, 0, g1.re)),
            g0i.eq(Mux(dead | real, 0, g0.im)), g1i.eq(Mux(dead | real, 0, g1.im)),
        ]
        out = Signal(Complex(self.plan.width + 1), reset_less=True)
        m.d.sync += [
            out.re.eq(Mux(mirrored, g0r + g1i, g0r - g1i)),
            out.im.eq(Mux(mirrored, g1r - g0i, g1r + g0i)),
        ]
        return final, out
