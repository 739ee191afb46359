"""Streaming transforms of real frames, two at once or one of twice the points, to packed half-spectra.

Formulas, packing and scaling are in :mod:`hadamac.model.fft.real`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.model.fft.check import given_plan
from hadamac.model.fft.real import RealFftPlan
from hadamac.model.fft.steps import table_words

from ..base.block import Block
from ..base.loops import nest
from ..base.numeric import Requantiser, add_with_carry, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target
from .streaming import Fft

__all__ = ["RealFft", "separated"]


def separated(m: Module, plus: View, minus: View, second: Value, *, packed: Value | None = None,
              name: str = "separated") -> View:
    """Return ``2 A`` (or, while ``second``, ``2 B``) from ``Z[k]`` and ``Z[-k]``, two cycles later and one bit wider.

    While ``packed``, ``plus`` is ``Z[0]``, ``minus`` is the Nyquist word, and the result is ``2 A[0] + j 2 A[N/2]``.
    """
    packed = Const(0, 1) if packed is None else packed
    width = len(plus.re)
    a, b, c, d = (Signal(signed(width), name=f"{name}_{n}", reset_less=True) for n in "abcd")
    at_plus, at_minus = Mux(second, plus.im, plus.re), Mux(second, minus.im, minus.re)
    adds = delayed(m, packed, 1, f"{name}_packed")
    out = Signal(Complex(width + 1), name=name, reset_less=True)
    m.d.sync += [
        a.eq(at_plus),
        b.eq(Mux(packed, at_plus, at_minus)),
        c.eq(Mux(packed, at_minus, Mux(second, minus.re, plus.im))),
        d.eq(Mux(packed, at_minus, Mux(second, plus.re, minus.im))),
        out.re.eq(a + b),
        out.im.eq(add_with_carry(c, Mux(adds, d, ~d).as_signed(), ~adds)),
    ]
    return out


class RealFft(Block):
    """Streaming FFT of real frames.

    Parameters
    ----------
    plan : RealFftPlan, or its parameters as keywords

    Members
    -------
    i : In(frames of Complex(width))
        ``plan.points`` beats.  Two frames: one in the real parts, one in the imaginary parts.  One frame: two
        samples a beat, the earlier one in the real part.
    o : Out(frames of Complex(width))
        ``plan.points`` beats.  Two frames: the half-spectrum of the one, then that of the other; each is one word of
        DC and the Nyquist bin, then bins 1, 2, ...  One frame: its half-spectrum.
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``interval`` is ``plan.points`` cycles a frame, ``latency`` that of the plan.
    """

    def __init__(self, plan: RealFftPlan | None = None, **parameters: Any):  # the parameters of a RealFftPlan
        plan = given_plan("RealFft", RealFftPlan, plan, parameters)
        self.plan: RealFftPlan = plan
        self.interval = plan.points
        self.latency = plan.latency
        self.multipliers = plan.multipliers
        self.frame = (plan.points, plan.points)
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the result of :meth:`RealFftPlan.run`, bit for bit."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan, wait = self.plan, self.plan.pipeline
        n = plan.points
        m.submodules.fft = fft = Fft(plan.inner, order="bit-reversed")
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=wait)
        wiring.connect(m, wiring.flipped(self.i), fft.i)
        banks = self._write(m, fft.o, halves)
        step = Signal()
        m.d.comb += step.eq(halves.readable & ~fifo.stop)
        (k,), final = nest(m, step, n, name="read")
        words = [Complex(plan.inner.out_width)(bank.read_data) for bank in banks]
        combine = self._two if plan.frames == 2 else self._one
        address, data, overflow = combine(m, k, *words)
        for bank in banks:
            m.d.comb += bank.read_address.eq(Cat(address, halves.read_half))
        push = delayed(m, step, wait, "push")
        m.d.comb += [
            halves.emptied.eq(step & final),
            fifo.push.eq(push),
            fifo.data.data.eq(data),
            fifo.data.last.eq(delayed(m, final, wait, "final")),
        ]
        with m.If(fft.overflow | (overflow & push)):
            m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _write(self, m: Module, bins: stream.Interface, halves: Halves) -> list[Ram]:
        """Store the stream of the complex transform's bins and return the banks.

        Bank 0 holds Z[v] for v < N/2; bank 1 holds Z[-v] for v > N/2, and the Nyquist word at address 0.
        """
        n, bits = self.plan.points, self.plan.points.bit_length() - 1
        take = bins.valid & bins.ready
        (position,), final = nest(m, take, n, name="write")
        v = position[::-1]
        negative = Signal(bits)
        m.d.comb += [bins.ready.eq(halves.writable), halves.filled.eq(take & final), negative.eq(-v)]
        banks = []
        for k, (address, mine) in enumerate(((v, ~v[-1]), (negative, v[-1]))):
            m.submodules[f"bank{k}"] = bank = Ram(width=2 * self.plan.inner.out_width, depth=n)
            m.d.comb += [
                bank.write_address.eq(Cat(address[: bits - 1], halves.write_half)),
                bank.write_enable.eq(take & mine),
                bank.write_data.eq(bins.payload.data),
            ]
            banks.append(bank)
        return banks

    def _two(self, m: Module, k: Value, plus: View, minus: View) -> tuple[Value, View, Value]:
        """Return ``(address, data, overflow)`` of word k: words 0 .. N/2 - 1 of A, then of B."""
        address, second = k[:-1], delayed(m, k[-1], timing.RAM, "second")
        packed = delayed(m, address == 0, timing.RAM, "packed")
        return address, *self._rounded(m, separated(m, plus, minus, second, packed=packed))

    def _one(self, m: Module, k: Value, low: View, high: View) -> tuple[Value, View, Value]:
        """Return ``(address, data, overflow)`` of word k, ``A + w B``.

        At k = 0 the real part of A serves as its imaginary part too, and w is 1 - j.
        """
        plan, width = self.plan, self.plan.twiddle_width
        address = Mux(k[-1], -k, k)[: len(k) - 1]
        # Z[k] is in bank 0 for k < N/2; the words at address 0 are their own mirror images.
        mirrored, alone = delayed(m, k[-1], timing.RAM, "mirrored"), delayed(m, address == 0, timing.RAM, "alone")
        dc = delayed(m, k == 0, timing.RAM + 2, "dc")
        plus, minus = Signal.like(low, name="plus"), Signal.like(low, name="minus")
        m.d.comb += [plus.eq(Mux(mirrored, high, low)), minus.eq(Mux(mirrored ^ alone, low, high))]
        a, b = (separated(m, plus, minus, Const(second, 1), name=name) for second, name in enumerate("ab"))
        words = table_words(plan.twiddles, width)
        m.submodules.table = table = Ram(width=2 * width, depth=plan.points, init=words, writable=False)
        m.d.comb += table.read_address.eq(delayed(m, k, 2, "exponent"))
        w = {"re": table.read_data[:width].as_signed(), "im": table.read_data[width:].as_signed()}
        sums = Signal(Complex(plan.width + 2 + width), name="sums", reset_less=True)
        for part, (first, second) in {"re": (("re", "re"), ("im", "im")), "im": (("re", "im"), ("im", "re"))}.items():
            products = []
            for x, y in (first, second):
                m.submodules[f"product_{x}_{y}"] = p = Multiplier(a_width=plan.width + 2, b_width=width)
                m.d.comb += [p.a.eq(b[x]), p.b.eq(w[y])]
                products.append(p.p)
            turned = Signal(signed(plan.width + 3 + width), name=f"turned_{part}", reset_less=True)
            m.d.sync += turned.eq(products[0] - products[1] if part == "re" else products[0] + products[1])
            straight = Mux(dc, a.re, a.im) if part == "im" else a.re
            straight = delayed(m, straight, timing.MULTIPLIER + 1, f"straight_{part}")
            m.d.sync += sums[part].eq(turned + (straight << (width - 2)))
        return address, *self._rounded(m, sums)

    def _rounded(self, m: Module, word: View) -> tuple[View, Value]:
        """Return ``(data, overflow)`` of the output."""
        out = Signal(Complex(self.plan.width), name="rounded")
        overflow: Value = Const(0)
        for part in ("re", "im"):
            m.submodules[f"round_{part}"] = rounder = Requantiser(self.plan.result, in_width=len(word[part]))
            m.d.comb += [rounder.i.eq(word[part]), out[part].eq(rounder.o)]
            overflow = overflow | rounder.overflow
        return out, overflow
