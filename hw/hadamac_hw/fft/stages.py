"""Stages of a streaming FFT: delay-feedback butterfly and twiddle product.

They pass tokens; :mod:`hadamac_hw.fft.streaming` explains what a token is and why nothing here ever stops.
"""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft import cycles
from hadamac.model.fft.steps import Butterfly, Twiddle, table_words, twiddles

from ..base.numeric import Requantiser, add_and_round, delayed
from ..base.primitives import ButterflyAdder, Multiplier, Ram
from ..base.stream import Complex
from ..base.targets import BLOCK_FROM, Target
from .lag import Lag, Tokens
from .octant import OctantTable
from .rescale import Mantissa

__all__ = ["DelayButterfly", "TwiddleProduct"]


class DelayButterfly(wiring.Component):
    """Butterfly that gives ``a + b`` while the late half of a block enters, and ``a - b`` afterwards by itself.

    The delay line is circular: it holds first the early samples a, then the differences.  Both pass the adders on
    their way in (:class:`~hadamac_hw.base.primitives.ButterflyAdder`) and on their way out.

    The second butterfly of a pair multiplies the late samples of odd blocks by -j.  Since
    ``-j (re + j im) = im - j re``, the parts are exchanged, and ``-re`` is ``~re`` plus a 1 that the adders add.

    Members
    -------
    i : In(Tokens(in_width))
    o : Out(Tokens(out_width))

    Timing
    ------
    ``rule.latency`` cycles and ``delay`` samples.
    """

    def __init__(self, rule: Butterfly):
        self.rule = rule
        super().__init__({
            "i": In(Tokens(rule.in_width)),
            "o": Out(Tokens(rule.out_width)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        rule, wide, data = self.rule, Complex(self.rule.out_width), self.i.data
        m.submodules.lag = lag = Lag(block=2 * rule.delay, lag=rule.delay, blocks=2 if rule.rotate else 1)
        m.d.comb += [lag.step.eq(self.i.step), lag.valid.eq(self.i.valid)]
        turn = lag.late & lag.entering[-1] if rule.rotate else Const(0, 1)
        b, total = Signal(Complex(rule.in_width), reset_less=True), Signal(wide, reset_less=True)
        early = Signal(wide)
        m.d.sync += b.eq(data)
        if rule.rotate:
            with m.If(delayed(m, turn, cycles.LEAD, "turn")):
                m.d.sync += b.eq(Cat(data.im, ~data.re))

        def adders(name: str, subtract: bool, mine: Value | int = 1) -> View:
            """Return the word of two adders: ``early``, or ``early + b`` while late samples enter.

            With ``subtract`` it is ``b``, or ``early - b`` while late samples enter.  The adders act as for early
            samples whenever ``mine`` is low.
            """
            late = delayed(m, lag.late & mine, cycles.LEAD + 1, f"{name}_late")
            carry = {"re": late if subtract else 0, "im": turn}
            if subtract:
                carry["im"] = lag.late & mine & ~turn
            carry["im"] = delayed(m, carry["im"], cycles.LEAD + 1, f"{name}_carry")
            out = Signal(wide, name=f"{name}_o")
            for part in ("re", "im"):
                m.submodules[f"{name}_{part}"] = adder = ButterflyAdder(width=rule.in_width, subtract=subtract)
                m.d.comb += [
                    adder.a.eq(early[part]),
                    adder.b.eq(b[part]),
                    adder.late.eq(late),
                    adder.carry.eq(carry[part]),
                    out[part].eq(adder.o),
                ]
            return out

        m.d.sync += total.eq(adders("total", False))
        if rule.delay > cycles.LINE_IN_REGISTERS:
            line = self._memory(m, lag, adders("difference", True))
        else:
            line = self._registers(m, lag, adders)
        m.d.comb += [
            early.eq(line),
            self.o.data.eq(total),
            self.o.step.eq(delayed(m, self.i.step, cycles.BUTTERFLY, "o_step")),
            self.o.valid.eq(delayed(m, lag.due, cycles.BUTTERFLY, "o_valid")),
        ]
        return m

    # Both methods return the word that leaves the delay line, LEAD + 1 cycles after its control, and store the word
    # that enters it in the same cycle.

    def _registers(self, m: Module, lag: Lag, adders: Callable[[str, bool, Value | int], View]) -> View:
        """Make a delay line of registers, each with adders of its own so that they are close to it."""
        places = []
        for k in range(self.rule.delay):
            mine = lag.entering[0] == k if self.rule.delay == 2 else 1
            place = Signal(Complex(self.rule.out_width), name=f"place{k}", reset_less=True)
            held = adders(f"difference{k}", True, mine)
            with m.If(delayed(m, self.i.valid & mine, cycles.LEAD + 1, f"enter{k}")):
                m.d.sync += place.eq(held)
            places.append(place)
        if len(places) == 1:
            return places[0]
        out, read = Signal.like(places[0], name="out", reset_less=True), delayed(m, lag.leaving[0], cycles.LEAD, "read")
        m.d.sync += out.eq(Mux(read, *(p.as_value() for p in places[::-1])))
        return out

    def _memory(self, m: Module, lag: Lag, held: View) -> Value:
        """Make a delay line of a memory, which ``held`` enters."""
        delay = self.rule.delay
        m.submodules.line = line = Ram(width=held.shape().size, depth=delay)
        write, store = Signal(range(delay)), delayed(m, self.i.valid, cycles.LEAD + 2, "store")
        with m.If(store):
            m.d.sync += write.eq(write + 1)
        # There is one register more than the memory needs: after a block RAM, which may be far away, or before LUT RAM.
        far = int(delay >= BLOCK_FROM)
        read = delayed(m, lag.leaving[: (delay - 1).bit_length()], 1 - far, "read")
        entering = Signal.like(held, name="held_1", reset_less=True)
        m.d.sync += entering.eq(held)
        m.d.comb += [
            line.read_address.eq(read),
            line.write_address.eq(write),
            line.write_data.eq(entering),
            line.write_enable.eq(store),
        ]
        return delayed(m, line.read_data, far, "early")


class TwiddleProduct(wiring.Component):
    """Complex product of each sample with its twiddle; operand and product are requantised.

    Parameters
    ----------
    rule : Twiddle
    size : int
        Samples of a frame.
    twiddle_width : int
        Bits of a twiddle's parts.
    flight : int
        Frames are numbered modulo this power of two.

    Members
    -------
    i : In(Tokens(in_width))
    o : Out(Tokens(out_width))
    overflow : Out(1)
        An operand saturates in this cycle.
    number : Out(range(flight))
        Number of the frame to which that operand belongs.

    Timing
    ------
    ``rule.latency`` cycles.
    """

    def __init__(self, rule: Twiddle, *, size: int, twiddle_width: int, flight: int):
        self.rule = rule
        self.size = size
        self.twiddle_width = twiddle_width
        self.flight = flight
        super().__init__({
            "i": In(Tokens(rule.in_width)),
            "o": Out(Tokens(rule.out_width)),
            "overflow": Out(1),
            "number": Out(range(flight)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        rule, width = self.rule, self.twiddle_width
        count = Signal(range(self.size * self.flight if rule.operand.saturates else rule.block))
        with m.If(self.i.valid):
            m.d.sync += count.eq(count + 1)
        factor = self._factor(m, count[: (rule.block - 1).bit_length()], rule.product_latency + cycles.LEAD)
        operand, up = self._mantissa(m) if rule.most else (self._operand(m), Const(0, 0))
        waits = rule.product_latency - rule.operand_latency
        parts = {part: delayed(m, operand[part], waits, f"x_{part}") for part in ("re", "im")}
        parts |= {"wre": factor[:width].as_signed(), "wim": factor[width:].as_signed()}
        if rule.operand.saturates:
            number = count[(self.size - 1).bit_length() :]
            m.d.comb += self.number.eq(delayed(m, number, cycles.LEAD + rule.operand_latency, "number"))

        pairs = {"re": (("re", "wre"), ("im", "wim")), "im": (("re", "wim"), ("im", "wre"))}
        for part, factors in pairs.items():
            first, second = (self._product(m, parts[x], parts[w], f"{x}_{w}") for x, w in factors)
            total = add_and_round(m, first, second, rule.product.drop, subtract=part == "re", name=part)
            m.d.comb += self.o.data[part].eq(self._grown(m, total, up, part) if rule.most else total)
        m.d.comb += [
            self.o.step.eq(delayed(m, self.i.step, rule.latency, "step")),
            self.o.valid.eq(delayed(m, self.i.valid, rule.latency, "valid")),
        ]
        return m

    def _product(self, m: Module, x: Value, w: Value, name: str) -> Value:
        """Return ``x w``, from one multiplier or, if ``x`` is wide, from two.

        One of two takes the high and the other the low bits of ``x``; a cycle more joins their products.
        """
        low = self.rule.low

        def multiply(x: Value, name: str) -> Value:
            m.submodules[f"product_{name}"] = p = Multiplier(a_width=len(x), b_width=len(w))
            m.d.comb += [p.a.eq(x), p.b.eq(w)]
            return p.p

        if not low:
            return multiply(x, name)
        above, below = multiply(x[low:].as_signed(), name), multiply(Cat(x[:low], 0).as_signed(), f"{name}_low")
        joined = Signal(signed(len(x) + len(w)), name=f"{name}_joined", reset_less=True)
        m.d.sync += joined.eq(Cat(below[:low], above + (below >> low)))
        return joined

    def _factor(self, m: Module, count: Value, wait: int) -> Value:
        """Return the twiddle of sample ``count`` of a block, ``wait`` cycles later, its real part in the low half."""
        rule, width = self.rule, self.twiddle_width
        if rule.block > cycles.FULL_TABLE:
            # In the parts of a block the exponent is n times 0, 2, 1, 3 (or 0, 1): n counts, and each part adds its
            # factor at every sample.
            m.submodules.table = octants = OctantTable(size=rule.block, width=width)
            parts = 2 if rule.exponents[rule.block // 4 + 1] else 1
            n, part, exponent, ends = count[:-parts], count[-parts:][::-1], Signal(len(count)), Signal()
            with m.If(self.i.valid):
                m.d.sync += [ends.eq(n == (1 << len(n)) - 2), exponent.eq(Mux(ends, 0, exponent + part))]
            m.d.comb += octants.exponent.eq(delayed(m, exponent, wait - cycles.OCTANT, "exponent"))
            return octants.o.as_value()
        words = table_words(twiddles(rule.exponents, rule.block, width), width)
        m.submodules.table = rom = Ram(width=2 * width, depth=rule.block, init=words, writable=False)
        far = int(rule.block >= BLOCK_FROM)
        m.d.comb += rom.read_address.eq(delayed(m, count, wait - timing.RAM - far, "address"))
        return delayed(m, rom.read_data, far, "factor")

    def _mantissa(self, m: Module) -> tuple[View, Value]:
        """Return the mantissa of the word, and the shift that its product has to undergo, when the product is there."""
        m.submodules.mantissa = mantissa = Mantissa(self.rule)
        m.d.comb += mantissa.i.eq(self.i.data)
        return mantissa.o, delayed(m, mantissa.up, timing.MULTIPLIER + timing.SUM, "up")

    def _operand(self, m: Module) -> dict[str, Value]:
        """Return the parts of the word, requantised to what a multiplier takes."""
        rule, out = self.rule, {}
        for part in ("re", "im"):
            m.submodules[f"operand_{part}"] = operand = Requantiser(rule.operand, in_width=rule.in_width)
            m.d.comb += operand.i.eq(self.i.data[part])
            out[part] = operand.o
            if rule.operand.saturates:
                valid = delayed(m, self.i.valid, cycles.LEAD + rule.operand_latency, f"valid_{part}")
                with m.If(operand.overflow & valid):
                    m.d.comb += self.overflow.eq(1)
        return out

    def _grown(self, m: Module, total: Value, up: Value, part: str) -> Value:
        """Return a mantissa's product shifted up by ``up``, two bits of which take effect in each cycle, the lowest
        first."""
        for low in range(0, self.rule.most.bit_length(), 2):
            pair = up[low : low + 2]
            bits = min(len(total) + ((1 << len(pair)) - 1 << low), self.rule.out_width)
            grown = Signal(signed(bits), name=f"{part}_grown{low}", reset_less=True)
            with m.Switch(pair):
                for k in range(1 << len(pair)):
                    with m.Case(k):
                        m.d.sync += grown.eq(total << (k << low))
            total, up = grown, delayed(m, up, 1, f"{part}_up{low}")
        return total
