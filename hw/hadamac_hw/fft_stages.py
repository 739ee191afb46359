"""The stages of a streaming FFT: delay-feedback butterfly, twiddle product, reorder memory.

They pass tokens; what a token is, and why nothing here ever stops, is told in :mod:`hadamac_hw.fft`.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import Butterfly, Twiddle, twiddles

from .numeric import Requantiser, add_in_halves, add_with_carry
from .primitives import Multiplier, Ram
from .stream import Complex, delayed

__all__ = ["DelayButterfly", "FrameCounter", "Reorder", "Tokens", "TwiddleProduct"]


def Tokens(width: int) -> wiring.Signature:
    """A pipeline's tokens: ``step`` (one is here), ``start`` (first of a frame), ``data``."""
    return wiring.Signature({"step": Out(1), "start": Out(1), "data": Out(Complex(width))})


class FrameCounter(wiring.Component):
    """Position within a frame: ``active`` and ``index`` belong to the token of this cycle."""

    def __init__(self, length: int):
        self.length = length
        super().__init__({"step": In(1), "start": In(1), "active": Out(1), "index": Out(range(length))})

    def elaborate(self, platform):
        m = Module()
        index, running = Signal(range(self.length)), Signal()
        m.d.comb += [self.active.eq(self.step & (self.start | running)), self.index.eq(Mux(self.start, 0, index))]
        with m.If(self.active):
            m.d.sync += [index.eq(self.index + 1), running.eq(self.index != self.length - 1)]
        return m


class DelayButterfly(wiring.Component):
    """``a + b`` for the late half of each block, ``a - b`` one line length later.

    A long line is a circular memory that holds first the early samples, then the differences.  A
    short one has no time for that loop: two chains of registers, one before and one behind the adders.

    Timing: ``timing.butterfly`` cycles and ``delay`` tokens.
    """

    def __init__(self, rule: Butterfly):
        self.rule = rule
        super().__init__({"i": In(Tokens(rule.in_width)), "o": Out(Tokens(rule.out_width))})

    def elaborate(self, platform):
        m = Module()
        delay, latency = self.rule.delay, timing.butterfly(self.rule)
        fetch = latency - 2  # cycles until the early sample is at hand
        bits = delay.bit_length() - 1
        phase, now = Signal(bits + 2), Signal(bits + 2)
        pending = Signal(range(delay + 1))
        begin, late, turn, turning = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            now.eq(Mux(self.i.start, 0, phase)),
            late.eq(now[bits]),
            turn.eq(turning & ~self.i.start if self.rule.rotate else 0),
            begin.eq(self.i.step & ~self.i.start & (pending == 1)),
        ]
        following = (now + 1)[: bits + 2]
        with m.If(self.i.step):
            # Whether the next token is turned is a register of its own: it drives a multiplexer per data bit.
            m.d.sync += [phase.eq(following), turning.eq(following[bits:].all())]
            with m.If(self.i.start):
                m.d.sync += pending.eq(delay)
            with m.Elif(pending != 0):
                m.d.sync += pending.eq(pending - 1)

        # -j * (re + j im) = im - j re: exchange here; -re is ~re and a carry, which the adders take.
        b = Signal(Complex(self.rule.in_width), reset_less=True)
        m.d.sync += b.eq(self.i.data)
        if self.rule.rotate:
            with m.If(turn):
                m.d.sync += [b.re.eq(self.i.data.im), b.im.eq(~self.i.data.re)]
        b = delayed(m, b, fetch - 1, "b")
        steps = [delayed(m, self.i.step, k, f"step{k}") for k in range(fetch + 2)]
        late = delayed(m, late, fetch, "late")
        turn = delayed(m, turn, fetch, "turn")

        wide = Complex(self.rule.out_width)
        early = Signal(wide)
        total, difference = Signal(wide, reset_less=True), Signal(wide, reset_less=True)
        a_re, a_im = (part[: self.rule.in_width].as_signed() for part in (early.re, early.im))
        m.d.sync += [
            total.re.eq(a_re + b.re), difference.re.eq(a_re - b.re),
            total.im.eq(add_with_carry(a_im, b.im, turn)), difference.im.eq(add_with_carry(a_im, ~b.im, ~turn)),
        ]
        late1 = delayed(m, late, 1, "late1")
        out = Signal(wide, reset_less=True)
        m.d.sync += out.eq(Mux(late1, total, self._feedback(m, early, b, difference, late1, steps)))
        m.d.comb += [
            self.o.data.eq(out),
            self.o.step.eq(delayed(m, self.i.step, latency, "o_step")),
            self.o.start.eq(delayed(m, begin, latency, "o_start")),
        ]
        return m

    def _feedback(self, m, early, b, difference, late1, steps):
        """Build the line: drive ``early``, and return what leaves it in the early half of a block."""
        delay, wide = self.rule.delay, Complex(self.rule.out_width)
        fetch = len(steps) - 2
        if delay <= timing.LINE_IN_REGISTERS:
            before = [Signal(Complex(self.rule.in_width), name=f"before{k}", reset_less=True) for k in range(delay)]
            behind = [Signal(wide, name=f"behind{k}", reset_less=True) for k in range(delay)]
            with m.If(steps[fetch]):
                m.d.sync += [r.eq(v) for r, v in zip(before, [b, *before])]
            with m.If(steps[fetch + 1]):
                m.d.sync += [r.eq(v) for r, v in zip(behind, [difference, *behind])]
            m.d.comb += [early.re.eq(before[-1].re), early.im.eq(before[-1].im)]
            return behind[-1]
        m.submodules.line = line = Ram(width=wide.size, depth=delay)
        pointer = Signal(range(delay))
        with m.If(self.i.step):
            m.d.sync += pointer.eq(pointer + 1)
        sample, store = Signal(wide, reset_less=True), Signal(wide, reset_less=True)
        m.d.sync += [sample.re.eq(b.re), sample.im.eq(b.im), store.eq(Mux(late1, difference, sample))]
        m.d.comb += [
            line.read_address.eq(pointer), early.eq(line.read_data),
            line.write_address.eq(delayed(m, pointer, fetch + 2, "store_pointer")),
            line.write_data.eq(store),
            line.write_enable.eq(delayed(m, steps[fetch], 2, "store_step")),
        ]
        return delayed(m, early, 1, "early")


class TwiddleProduct(wiring.Component):
    """Complex product of each sample with its twiddle; operand and product requantised.

    Timing: ``timing.twiddle`` cycles.  ``overflow`` pulses when an operand of a frame saturated.
    """

    def __init__(self, rule: Twiddle, *, size: int, twiddle_width: int):
        self.rule, self.size, self.twiddle_width = rule, size, twiddle_width
        super().__init__({
            "i": In(Tokens(rule.in_width)), "o": Out(Tokens(rule.product.width)), "overflow": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        rule, width = self.rule, self.twiddle_width
        m.submodules.counter = counter = FrameCounter(self.size)
        table = twiddles(rule.exponents, rule.block, width)
        mask = (1 << width) - 1
        words = [(int(w.real) & mask) | ((int(w.imag) & mask) << width) for w in table]
        m.submodules.table = rom = Ram(width=2 * width, depth=rule.block, init=words, writable=False)
        m.d.comb += [
            counter.step.eq(self.i.step), counter.start.eq(self.i.start),
            rom.read_address.eq(counter.index[: (rule.block - 1).bit_length()]),
        ]
        narrow = timing.requantise(rule.operand)
        meet = max(narrow, timing.RAM)
        parts = {}
        for part in ("re", "im"):
            m.submodules[f"operand_{part}"] = operand = Requantiser(rule.operand, in_width=rule.in_width)
            m.d.comb += operand.i.eq(self.i.data[part])
            parts[part] = delayed(m, operand.o, meet - narrow, f"x_{part}")
            if rule.operand.saturates:
                active = delayed(m, counter.active, narrow, f"active_{part}")
                with m.If(operand.overflow & active):
                    m.d.comb += self.overflow.eq(1)
        factor = delayed(m, rom.read_data, meet - timing.RAM, "w")
        parts |= {"wre": factor[:width].as_signed(), "wim": factor[width:].as_signed()}

        def product(x, w):
            m.submodules[f"product_{x}_{w}"] = p = Multiplier(a_width=rule.operand.width, b_width=width)
            m.d.comb += [p.a.eq(parts[x]), p.b.eq(parts[w])]
            return p.p

        sums = {
            "re": add_in_halves(m, product("re", "wre"), product("im", "wim"), subtract=True, name="re"),
            "im": add_in_halves(m, product("re", "wim"), product("im", "wre"), subtract=False, name="im"),
        }
        for part, value in sums.items():
            m.submodules[f"round_{part}"] = rounder = Requantiser(rule.product, in_width=len(value))
            m.d.comb += [rounder.i.eq(value), self.o.data[part].eq(rounder.o)]
        latency = timing.twiddle(rule)
        m.d.comb += [
            self.o.step.eq(delayed(m, self.i.step, latency, "step")),
            self.o.start.eq(delayed(m, self.i.start, latency, "start")),
        ]
        return m


class Reorder(wiring.Component):
    """Bit-reversed tokens to natural order, through a memory of two frames.

    Timing: reading starts ``timing.reorder_tokens`` tokens after the frame's first write;
    ``valid`` and ``data`` follow the read's token by 2 cycles.
    """

    def __init__(self, *, size: int, width: int):
        self.size, self.width = size, width
        super().__init__({
            "i": In(Tokens(width)), "valid": Out(1), "last": Out(1), "data": Out(Complex(width)),
        })

    def elaborate(self, platform):
        m = Module()
        size = self.size
        m.submodules.writer = writer = FrameCounter(size)
        m.submodules.reader = reader = FrameCounter(size)
        m.submodules.memory = memory = Ram(width=2 * self.width, depth=2 * size)
        wait, half, read_half = Signal(range(timing.reorder_tokens(size) + 1)), Signal(), Signal()
        bank = Signal()
        m.d.comb += [
            writer.step.eq(self.i.step), writer.start.eq(self.i.start),
            half.eq(bank ^ self.i.start),
            memory.write_address.eq(Cat(writer.index[::-1], half)),
            memory.write_data.eq(self.i.data), memory.write_enable.eq(writer.active),
            reader.step.eq(self.i.step), reader.start.eq(wait == 1),
            memory.read_address.eq(Cat(reader.index, Mux(reader.start, bank, read_half))),
        ]
        with m.If(self.i.step):
            m.d.sync += bank.eq(half)
            with m.If(self.i.start):
                m.d.sync += wait.eq(timing.reorder_tokens(size))
            with m.Elif(wait != 0):
                m.d.sync += wait.eq(wait - 1)
            with m.If(reader.start):
                m.d.sync += read_half.eq(bank)
        m.d.comb += [
            self.valid.eq(delayed(m, reader.active, timing.RAM, "valid")),
            self.last.eq(delayed(m, reader.index == size - 1, timing.RAM, "last")),
            self.data.eq(memory.read_data),
        ]
        return m
