"""The stages of a streaming FFT: delay-feedback butterfly, twiddle product, reorder memory.

They pass tokens; what a token is, and why nothing here ever stops, is told in :mod:`hadamac_hw.fft`.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import Butterfly, Twiddle, twiddles

from .numeric import Requantiser, add_in_halves, add_with_carry, subtract_with_borrow
from .primitives import Multiplier, Ram
from .stream import Complex, delayed

__all__ = ["DelayButterfly", "Lag", "Reorder", "Tokens", "TwiddleProduct"]


def Tokens(width: int) -> wiring.Signature:
    """A pipeline's tokens: ``step`` (time passes), ``valid`` (a sample is here; implies step), and, ``timing.LEAD``
    cycles later, its ``data``."""
    return wiring.Signature({"step": Out(1), "valid": Out(1), "data": Out(Complex(width))})


class Lag(wiring.Component):
    """Control of a delay by ``lag`` samples within blocks of ``block``, which empties itself.

    An output is due with every sample from number ``lag`` of a block on, and, once the block is
    complete, with every step, until all of it has left.  Before then the next block has no output due.

    Members
    -------
    step, valid : In(1)
        As of :func:`Tokens`.
    index : Out(range(block)), odd : Out(1)
        Of the sample of this cycle, if valid: position in its block, and the block's number modulo 2.
    late : Out(1)
        ``index >= lag``.
    due : Out(1)
        An output leaves in this cycle.
    drained : Out(range(lag))
        How many have left by themselves.
    """

    def __init__(self, *, block: int, lag: int):
        self.block, self.lag = block, lag
        super().__init__({
            "step": In(1), "valid": In(1), "index": Out(range(block)), "odd": Out(1), "late": Out(1), "due": Out(1),
            "drained": Out(range(lag)),
        })

    def elaborate(self, platform):
        m = Module()
        count, draining = Signal(range(2 * self.block)), Signal()
        # What the next cycle asks of the counters is registered: these signals enable much.
        final, last = Signal(), Signal(init=self.lag == 1)
        m.d.comb += [Cat(self.index, self.odd).eq(count), self.due.eq((self.valid & self.late) | (self.step & draining))]
        with m.If(draining & self.step):
            m.d.sync += [self.drained.eq(Mux(last, 0, self.drained + 1)), draining.eq(~last)]
            if self.lag > 1:
                m.d.sync += last.eq(~last & (self.drained == self.lag - 2))
        with m.If(self.valid):
            m.d.sync += [count.eq(count + 1), final.eq(self.index == self.block - 2)]
            with m.If(final):
                m.d.sync += draining.eq(1)
        if 2 * self.lag == self.block:
            m.d.comb += self.late.eq(self.index[-1])
        else:
            with m.If(self.valid):
                m.d.sync += self.late.eq((self.late | (self.index == self.lag - 1)) & ~final)
        return m


class DelayButterfly(wiring.Component):
    """``a + b`` for the late half of each block, then ``a - b`` by itself.

    A long line is a circular memory that holds first the early samples, then the differences.  A
    short one has no time for that loop: two chains of registers, one before and one behind the adders.

    Parameters
    ----------
    rule : Butterfly
    turn : bool
        The next butterfly rotates: the second half of the differences leaves here exchanged for its
        -j multiple, ``-j (re + j im) = im - j re``, with ``~re`` for ``-re``; the next adders add the 1.

    Timing: ``timing.BUTTERFLY`` cycles and ``delay`` samples.
    """

    def __init__(self, rule: Butterfly, *, turn: bool):
        self.rule, self.turn = rule, turn
        super().__init__({"i": In(Tokens(rule.in_width)), "o": Out(Tokens(rule.out_width))})

    def elaborate(self, platform):
        m = Module()
        delay, wide = self.rule.delay, Complex(self.rule.out_width)
        m.submodules.lag = lag = Lag(block=2 * delay, lag=delay)
        m.d.comb += [lag.step.eq(self.i.step), lag.valid.eq(self.i.valid)]
        late = delayed(m, lag.late, timing.LEAD, "late")
        turned = delayed(m, lag.late & lag.odd, timing.LEAD, "turned") if self.rule.rotate else 0
        b = self.i.data

        early = Signal(wide)
        total, difference = Signal(wide, reset_less=True), Signal(wide, reset_less=True)
        a_re, a_im = (part[: self.rule.in_width].as_signed() for part in (early.re, early.im))
        m.d.sync += [total.re.eq(a_re + b.re), difference.re.eq(a_re - b.re)]
        if self.rule.rotate:
            m.d.sync += [total.im.eq(add_with_carry(a_im, b.im, turned)),
                         difference.im.eq(subtract_with_borrow(a_im, b.im, turned))]
        else:
            m.d.sync += [total.im.eq(a_im + b.im), difference.im.eq(a_im - b.im)]
        late = delayed(m, late, 1, "added")
        build = self._registers if delay <= timing.LINE_IN_REGISTERS else self._memory
        out = Signal(wide, reset_less=True)
        m.d.sync += out.eq(Mux(late, total, build(m, lag, early, difference, late)))
        m.d.comb += [
            self.o.data.eq(out),
            self.o.step.eq(delayed(m, self.i.step, timing.BUTTERFLY, "o_step")),
            self.o.valid.eq(delayed(m, lag.due, timing.BUTTERFLY, "o_valid")),
        ]
        return m

    def _turn(self, m, lag, data, cycles):
        """``data``, turned where the next butterfly wants it; ``cycles`` behind the control."""
        if not self.turn:
            return data
        turn = delayed(m, lag.drained[-1], cycles, "turn")
        out = Signal.like(data)
        m.d.comb += [out.re.eq(Mux(turn, data.im, data.re)), out.im.eq(Mux(turn, ~data.re, data.im))]
        return out

    # Both build the line: they drive ``early`` and return the differences that leave it.

    def _registers(self, m, lag, early, difference, late):
        places = range(self.rule.delay)
        before = [Signal(Complex(self.rule.in_width), name=f"before{k}", reset_less=True) for k in places]
        behind = [Signal.like(difference, name=f"behind{k}") for k in places]
        with m.If(delayed(m, self.i.valid, timing.LEAD, "shift")):
            m.d.sync += [r.eq(v) for r, v in zip(before, [self.i.data, *before])]
        with m.If(delayed(m, lag.due, timing.LEAD + 1, "shift_behind")):
            m.d.sync += [r.eq(v) for r, v in zip(behind, [difference, *behind])]
        m.d.comb += [early.re.eq(before[-1].re), early.im.eq(before[-1].im)]
        return self._turn(m, lag, behind[-1], timing.LEAD + 1)

    def _memory(self, m, lag, early, difference, late):
        m.submodules.line = line = Ram(width=early.shape().size, depth=self.rule.delay)
        read, write = Signal(range(self.rule.delay)), Signal(range(self.rule.delay))
        store = delayed(m, self.i.valid, timing.LEAD + 2, "store")
        with m.If(lag.due):
            m.d.sync += read.eq(read + 1)
        with m.If(store):
            m.d.sync += write.eq(write + 1)
        sample, word, fed = (Signal(early.shape(), name=n, reset_less=True) for n in ("sample", "word", "fed"))
        m.d.sync += [
            sample.re.eq(self.i.data.re), sample.im.eq(self.i.data.im), word.eq(Mux(late, difference, sample)),
            fed.eq(self._turn(m, lag, early, timing.LEAD)),
        ]
        m.d.comb += [
            line.read_address.eq(read), early.eq(line.read_data),
            line.write_address.eq(write), line.write_data.eq(word), line.write_enable.eq(store),
        ]
        return fed


class TwiddleProduct(wiring.Component):
    """Complex product of each sample with its twiddle; operand and product requantised.

    Members
    -------
    overflow : Out(1), number : Out(range(flight))
        An operand saturated, of the frame with that number modulo ``flight``.

    Timing: ``timing.twiddle`` cycles.
    """

    def __init__(self, rule: Twiddle, *, size: int, twiddle_width: int, flight: int):
        self.rule, self.size, self.twiddle_width, self.flight = rule, size, twiddle_width, flight
        super().__init__({
            "i": In(Tokens(rule.in_width)), "o": Out(Tokens(rule.product.width)), "overflow": Out(1),
            "number": Out(range(flight)),
        })

    def elaborate(self, platform):
        m = Module()
        rule, width = self.rule, self.twiddle_width
        table = twiddles(rule.exponents, rule.block, width)
        mask = (1 << width) - 1
        words = [(int(w.real) & mask) | ((int(w.imag) & mask) << width) for w in table]
        m.submodules.table = rom = Ram(width=2 * width, depth=rule.block, init=words, writable=False)
        count = Signal(range(self.size * self.flight if rule.operand.saturates else rule.block))
        with m.If(self.i.valid):
            m.d.sync += count.eq(count + 1)
        narrow = timing.requantise(rule.operand)
        parts = {"wre": rom.read_data[:width].as_signed(), "wim": rom.read_data[width:].as_signed()}
        m.d.comb += rom.read_address.eq(delayed(m, count[: (rule.block - 1).bit_length()], narrow, "address"))
        for part in ("re", "im"):
            m.submodules[f"operand_{part}"] = operand = Requantiser(rule.operand, in_width=rule.in_width)
            m.d.comb += operand.i.eq(self.i.data[part])
            parts[part] = operand.o
            if rule.operand.saturates:
                with m.If(operand.overflow & delayed(m, self.i.valid, timing.LEAD + narrow, f"valid_{part}")):
                    m.d.comb += self.overflow.eq(1)
        if rule.operand.saturates:
            number = count[(self.size - 1).bit_length() :]
            m.d.comb += self.number.eq(delayed(m, number, timing.LEAD + narrow, "number"))

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
            self.o.valid.eq(delayed(m, self.i.valid, latency, "valid")),
        ]
        return m


class Reorder(wiring.Component):
    """Bit-reversed samples to ``order``, through a memory of two frames.

    Members
    -------
    step, valid, data : In
        A token; here control and data come together.
    due : Out(1), index : Out(range(size * flight))
        A bin is read in this cycle, the one at position ``index`` modulo size; above, its frame's number.
    o : Out(Complex(width))
        That bin, ``timing.RAM`` cycles later.

    Timing: reads follow writes by ``timing.reorder_lag`` samples.
    """

    def __init__(self, *, size: int, width: int, order: str, flight: int):
        self.size, self.width, self.order, self.flight = size, width, order, flight
        super().__init__({
            "step": In(1), "valid": In(1), "data": In(Complex(width)),
            "due": Out(1), "index": Out(range(size * flight)), "o": Out(Complex(width)),
        })

    def elaborate(self, platform):
        m = Module()
        size, bits = self.size, (self.size - 1).bit_length()
        m.submodules.memory = memory = Ram(width=2 * self.width, depth=2 * size)
        m.submodules.lag = lag = Lag(block=size, lag=timing.reorder_lag(size, self.order))
        with m.If(lag.due):
            m.d.sync += self.index.eq(self.index + 1)
        top, bank = self.index[bits - 1], self.index[bits]
        m.d.comb += [
            lag.step.eq(self.step), lag.valid.eq(self.valid), self.due.eq(lag.due),
            memory.write_address.eq(Cat(lag.index[::-1], lag.odd)), memory.write_data.eq(self.data),
            memory.write_enable.eq(self.valid),
            memory.read_address.eq(Cat(self.index[: bits - 1], ~top if self.order == "centred" else top, bank)),
            self.o.eq(memory.read_data),
        ]
        return m
