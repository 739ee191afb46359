"""Modulus of complex words, of a beat's own two parts or of two maps'.  Model: :mod:`hadamac.model.modulus`.

The root is found digit by digit, one a cycle (each a subtraction whose sign is the digit), and half a digit further
than the result's last, so that rounding is exact.  No multiplier is spent on it, and its adder is no wider than the
result.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model import modulus as model
from hadamac.numeric import Requantise
from hadamac.ops import modulus as operations
from hadamac.ops import pair_modulus

from ..base.block import Block
from ..base.circuits import circuit
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, frames, nest

__all__ = ["Hypotenuse", "Modulus", "PairModulus"]


def _check(what, width, **counts):
    if not isinstance(width, int) or not 4 <= width <= 17:
        raise DescriptionError(f"{what} width must be an integer from 4 to 17, not {width!r}")
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise DescriptionError(f"{what} {name} must be a positive integer, not {value!r}")


class Hypotenuse(wiring.Component):
    """``saturate(round(sqrt(a**2 + b**2)), width)``, free-running.

    Parameters
    ----------
    width : int
        4 to 17.

    Members
    -------
    a, b : In(signed(width)), o : Out(signed(width))
    overflow : Out(1)
        Belongs to ``o`` of the same cycle.

    Timing
    ------
    ``latency = model.ModulusPlan(width).pipeline`` cycles, one result a cycle: square, add, a cycle for each of the
    ``width + 1`` digits, round, saturate.  Two multipliers.
    """

    multipliers = 2

    def __init__(self, *, width: int):
        _check("Hypotenuse", width)
        self.width = width
        self.latency = model.ModulusPlan(width).pipeline
        part = signed(width)
        super().__init__({"a": In(part), "b": In(part), "o": Out(part), "overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        squares = []
        for name, word in (("a", self.a), ("b", self.b)):
            m.submodules[f"square_{name}"] = square = Multiplier(a_width=self.width, b_width=self.width)
            m.d.comb += [square.a.eq(word), square.b.eq(word)]
            squares.append(square.p[:-1])  # at most 2**(2 width - 2): the sign is 0
        radicand = Signal(2 * self.width, name="radicand", reset_less=True)
        m.d.sync += radicand.eq(squares[0] + squares[1])
        # Four times the sum: the root has one binary digit more.
        root = self._root(m, Cat(Const(0, 2), radicand))
        # Twice the root, its fraction dropped.  A last digit of 1 means more than a half: the 1 below says so.
        rule = Requantise(2, self.width, True)
        m.submodules.round = rounder = Requantiser(rule, in_width=self.width + 3)
        m.d.comb += [
            rounder.i.eq(Cat(Const(1, 1), root, Const(0, 1)).as_signed()),
            self.o.eq(rounder.o), self.overflow.eq(rounder.overflow),
        ]
        return m

    def _root(self, m, radicand):
        """``floor(sqrt(radicand))``: with k digits found the remainder is at most twice them, of k + 1 bits."""
        digits = len(radicand) // 2
        root, remainder = Const(0, 0), Const(0, 0)
        for k in range(digits):
            radicand, pair = radicand[:-2], radicand[-2:]
            longer = Cat(pair, remainder)
            difference = (longer - Cat(Const(1, 2), root)).as_signed()
            rest = Signal(k + 2, name=f"rest{k}", reset_less=True)
            found = Signal(k + 1, name=f"root{k}", reset_less=True)
            m.d.sync += [rest.eq(Mux(difference[-1], longer, difference)), found.eq(Cat(~difference[-1], root))]
            root, remainder, radicand = found, rest, delayed(m, radicand, 1, f"radicand{k}")
        return root


class Modulus(Block):
    """``|i|`` in the real part, 0 in the imaginary part.

    Parameters
    ----------
    width : int
        Bits of a part, 4 to 17.

    Members
    -------
    i, o : frames of Complex(width)
    overflow : Out(1)
        A modulus saturated since reset.

    Timing
    ------
    One beat a cycle; ``latency`` cycles from beat to beat.  Two multipliers.
    """

    multipliers = 2

    def __init__(self, *, width: int):
        _check("Modulus", width)
        self.width = width
        self.pipeline = model.ModulusPlan(width).pipeline
        self.latency = self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x):
        """Complex words (n, ...)."""
        return model.ModulusPlan(self.width).run(x)[0]

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        m.submodules.hypotenuse = hypotenuse = Hypotenuse(width=self.width)
        push = delayed(m, self.i.valid & self.i.ready, self.pipeline, "push")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop), fifo.push.eq(push),
            hypotenuse.a.eq(self.i.payload.data.re), hypotenuse.b.eq(self.i.payload.data.im),
            fifo.data.data.re.eq(hypotenuse.o),
            fifo.data.last.eq(delayed(m, self.i.payload.last, self.pipeline, "last")),
        ]
        with m.If(push & hypotenuse.overflow):
            m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m


class PairModulus(Block):
    """Moduli of complex maps that come as a real and an imaginary map each, two pixels a beat.

    ``o.re = sqrt(a.re**2 + b.re**2)`` and ``o.im = sqrt(a.im**2 + b.im**2)``, where a is a beat of the real map, which
    waits in a memory, and b the same beat of the imaginary one.

    Parameters
    ----------
    width : int
        Bits of a part, 4 to 17.
    beats : int
        Of a map.
    pairs : int
        Of maps in a frame.

    Members
    -------
    i : In(frames of Complex(width)), pairs * 2 * beats beats, order (pair, map, beat)
    o : Out(frames of Complex(width)), pairs * beats beats, order (pair, beat)
    overflow : Out(1)
        A modulus saturated since reset.

    Timing
    ------
    One beat a cycle, ``interval`` = 2 pairs beats cycles a frame; a result leaves ``latency - beats`` cycles after its
    imaginary map's beat came.  Four multipliers.
    """

    multipliers = 4

    def __init__(self, *, width: int, beats: int, pairs: int = 1):
        _check("PairModulus", width, beats=beats, pairs=pairs)
        self.width, self.beats, self.pairs = width, beats, pairs
        self.pipeline = timing.RAM + model.ModulusPlan(width).pipeline
        self.interval = 2 * pairs * beats
        self.frame = (self.interval, pairs * beats)
        self.latency = beats + self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x):
        """Frames (n, pairs, 2, beats) of complex words to (n, pairs, beats)."""
        return model.ModulusPlan(self.width).run_pairs(x)[0]

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        m.submodules.memory = memory = Ram(width=2 * self.width, depth=self.beats)
        take = self.i.valid & self.i.ready
        (_, second, beat), final = nest(m, take, self.pairs, 2, self.beats)
        push = delayed(m, take & second, self.pipeline, "push")
        # One half is enough: the next real map follows the imaginary one, which has read what it overwrites.
        m.d.comb += [
            self.i.ready.eq(~fifo.stop), memory.write_address.eq(beat), memory.read_address.eq(beat),
            memory.write_data.eq(self.i.payload.data), memory.write_enable.eq(take & ~second),
            fifo.push.eq(push), fifo.data.last.eq(delayed(m, final, self.pipeline, "last")),
        ]
        a = Complex(self.width)(memory.read_data)
        b = Complex(self.width)(delayed(m, self.i.payload.data.as_value(), timing.RAM, "imaginary"))
        for part in ("re", "im"):
            m.submodules[f"hypotenuse_{part}"] = hypotenuse = Hypotenuse(width=self.width)
            m.d.comb += [
                hypotenuse.a.eq(a[part]), hypotenuse.b.eq(b[part]), fifo.data.data[part].eq(hypotenuse.o),
            ]
            with m.If(push & hypotenuse.overflow):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m


@circuit.register(operations.Modulus)
def _modulus(op: operations.Modulus, lanes: int) -> Modulus:
    """Return the modulus of a network."""
    return Modulus(width=op.width)


@circuit.register(pair_modulus.PairModulus)
def _pair_modulus(op: pair_modulus.PairModulus, lanes: int) -> PairModulus:
    """Return the modulus of scattering."""
    return PairModulus(width=op.width, beats=op.stage.size**2 // 2, pairs=op.stage.channels)
