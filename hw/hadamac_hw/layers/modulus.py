"""Modulus of complex words: of a beat's own two parts, or of the pixels of two maps.

The root is found digit by digit, one a cycle: each is a subtraction whose sign is the digit.  It is found one binary
digit further than the result's last, so that rounding is exact.  No multiplier is spent on it, and its adder is no
wider than the result.  Model: :mod:`hadamac.model.modulus`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.modulus import WIDTHS, ModulusPlan
from hadamac.ops import modulus as operations
from hadamac.ops import pair_modulus

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Hypotenuse", "Modulus", "PairModulus"]


def _check(what: str, width: int, **counts: int) -> None:
    """Raise DescriptionError for an impossible width, or a count that is no positive integer."""
    low, high = WIDTHS
    if not isinstance(width, int) or not low <= width <= high:
        raise DescriptionError(f"{what} width must be an integer from {low} to {high}, not {width!r}")
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise DescriptionError(f"{what} {name} must be a positive integer, not {value!r}")


class Hypotenuse(wiring.Component):
    """Hypotenuse ``saturate(round(sqrt(a**2 + b**2)), width)``, free-running.

    This is a part of the blocks below: it has no stream.

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
    ``latency = plan.pipeline`` cycles, one result a cycle: square, add, a cycle for each of the ``width + 1`` digits,
    round, saturate.  Two multipliers.
    """

    def __init__(self, *, width: int):
        _check("Hypotenuse", width)
        self.plan, self.width = ModulusPlan(width), width
        self.multipliers = self.plan.multipliers
        self.latency = self.plan.pipeline
        part = signed(width)
        super().__init__({"a": In(part), "b": In(part), "o": Out(part), "overflow": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        squares = []
        for name, word in (("a", self.a), ("b", self.b)):
            m.submodules[f"square_{name}"] = square = Multiplier(a_width=self.width, b_width=self.width)
            m.d.comb += [
                square.a.eq(word),
                square.b.eq(word),
            ]
            squares.append(square.p[:-1])  # at most 2**(2 width - 2): the sign is 0
        radicand = Signal(2 * self.width, name="radicand", reset_less=True)
        m.d.sync += radicand.eq(squares[0] + squares[1])
        # Four times the sum: its root has one binary digit more.
        root = self._root(m, Cat(Const(0, 2), radicand))
        # Appending a 1 to twice the root rounds an odd one up; a tie cannot occur.
        m.submodules.round = rounder = Requantiser(self.plan.result, in_width=self.width + 3)
        m.d.comb += [
            rounder.i.eq(Cat(Const(1, 1), root, Const(0, 1)).as_signed()),
            self.o.eq(rounder.o),
            self.overflow.eq(rounder.overflow),
        ]
        return m

    def _root(self, m: Module, radicand: Value) -> Value:
        """Return ``floor(sqrt(radicand))``, a cycle later for each of its digits.

        With k digits found the remainder is at most twice their value, so it has k + 1 bits.
        """
        digits = len(radicand) // 2
        root, remainder = Const(0, 0), Const(0, 0)
        for k in range(digits):
            radicand, pair = radicand[:-2], radicand[-2:]
            longer = Cat(pair, remainder)
            difference = (longer - Cat(Const(1, 2), root)).as_signed()
            rest = Signal(k + 2, name=f"rest{k}", reset_less=True)
            found = Signal(k + 1, name=f"root{k}", reset_less=True)
            m.d.sync += [
                rest.eq(Mux(difference[-1], longer, difference)),
                found.eq(Cat(~difference[-1], root)),
            ]
            root, remainder, radicand = found, rest, delayed(m, radicand, 1, f"radicand{k}")
        return root


class Modulus(Block):
    """Modulus of complex words: ``|i|`` in the real part, 0 in the imaginary part.

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
    One beat a cycle; ``latency = pipeline + timing.fifo(pipeline)`` cycles from beat to beat, with
    ``pipeline = plan.pipeline``.  Two multipliers.
    """

    plan: ModulusPlan

    def __init__(self, *, width: int):
        _check("Modulus", width)
        self.plan, self.width = ModulusPlan(width), width
        self.multipliers = self.plan.multipliers
        self.pipeline = self.plan.pipeline
        self.latency = self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words for complex words x (n, ...)."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        m.submodules.hypotenuse = hypotenuse = Hypotenuse(width=self.width)
        push = delayed(m, self.i.valid & self.i.ready, self.pipeline, "push")
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            fifo.push.eq(push),
            hypotenuse.a.eq(self.i.payload.data.re),
            hypotenuse.b.eq(self.i.payload.data.im),
            fifo.data.data.re.eq(hypotenuse.o),
            fifo.data.last.eq(delayed(m, self.i.payload.last, self.pipeline, "last")),
        ]
        with m.If(push & hypotenuse.overflow):
            m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 16 bits."""
        yield Example("modulus", cls(width=16), "modulus of complex words, exactly rounded")


class PairModulus(Block):
    """Moduli of complex maps that arrive as a real and an imaginary map each, two pixels a beat.

    ``o.re = sqrt(a.re**2 + b.re**2)`` and ``o.im = sqrt(a.im**2 + b.im**2)``: a is a beat of the real map, which waits
    in a memory, and b is the same beat of the imaginary map.

    Parameters
    ----------
    width : int
        Bits of a part, 4 to 17.
    beats : int
        Beats of a map.
    pairs : int
        Pairs of maps in a frame.

    Members
    -------
    i : In(frames of Complex(width)), pairs * 2 * beats beats, order (pair, map, beat)
    o : Out(frames of Complex(width)), pairs * beats beats, order (pair, beat)
    overflow : Out(1)
        A modulus saturated since reset.

    Timing
    ------
    One beat a cycle, ``interval = 2 pairs beats`` cycles a frame; a result leaves ``latency - beats`` cycles after the
    beat of its imaginary map arrived, ``latency = beats + pipeline + timing.fifo(pipeline)``, with
    ``pipeline = timing.RAM + plan.pipeline``.  Four multipliers.
    """

    plan: ModulusPlan

    def __init__(self, *, width: int, beats: int, pairs: int = 1):
        _check("PairModulus", width, beats=beats, pairs=pairs)
        self.plan, self.width, self.beats, self.pairs = ModulusPlan(width), width, beats, pairs
        self.multipliers = 2 * self.plan.multipliers
        self.pipeline = timing.RAM + self.plan.pipeline
        self.interval = 2 * pairs * beats
        self.frame = (self.interval, pairs * beats)
        self.latency = beats + self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words (n, pairs, beats) for frames x (n, pairs, 2, beats) of complex words."""
        return self.plan.run_pairs(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        m.submodules.memory = memory = Ram(width=2 * self.width, depth=self.beats)
        take = self.i.valid & self.i.ready
        (_, second, beat), final = nest(m, take, self.pairs, 2, self.beats)
        push = delayed(m, take & second, self.pipeline, "push")
        # A single buffer is enough: the next real map only overwrites words that this imaginary map has read.
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            memory.write_address.eq(beat),
            memory.read_address.eq(beat),
            memory.write_data.eq(self.i.payload.data),
            memory.write_enable.eq(take & ~second),
            fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, final, self.pipeline, "last")),
        ]
        a = Complex(self.width)(memory.read_data)
        b = Complex(self.width)(delayed(m, self.i.payload.data.as_value(), timing.RAM, "imaginary"))
        for part in ("re", "im"):
            m.submodules[f"hypotenuse_{part}"] = hypotenuse = Hypotenuse(width=self.width)
            m.d.comb += [
                hypotenuse.a.eq(a[part]),
                hypotenuse.b.eq(b[part]),
                fifo.data.data[part].eq(hypotenuse.o),
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
    return PairModulus(width=op.width, beats=op.stage.pixels // 2, pairs=op.stage.channels)
