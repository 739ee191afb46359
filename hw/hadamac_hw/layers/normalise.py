"""Normalisation of a spectrum by each channel's own mean and deviation.  Model: :mod:`hadamac.model.normalise`.

The bins of a channel go into a ring buffer while their statistics accumulate.  Once these are known, the bins are read
back, centred and scaled, while the next channel comes in.  The scale is a mantissa and an exponent: a centred word is
first shifted by the exponent, to the operand of one multiplier, and the last shift is the same for all words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.normalise import OPERAND, NormalisePlan, live_multiplicity
from hadamac.model.rsqrt import NORMALISED
from hadamac.ops import normalise as operations

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import Requantiser, add_and_round, delayed, rounded, saturated
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target
from .normalise_statistics import Statistics

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Normalise"]


class Normalise(Block):
    """Normalisation, a :class:`~hadamac.model.normalise.NormalisePlan`, of every channel of a frame.

    Parameters
    ----------
    plan : NormalisePlan
    channels : int

    Members
    -------
    i, o : frames of Complex(plan.width), channels * bins beats, order (channel, bin), bin 0 DC
    overflow : Out(1)
        A word was clipped since reset.

    Timing
    ------
    ``interval = channels * plan.interval = channels * max(bins, plan.statistics + plan.release)`` cycles a frame, with
    ``plan.statistics`` cycles from a channel's last beat to its scale;
    ``latency = bins + plan.statistics + pipeline + timing.fifo(pipeline)`` from a frame's first beat to its first
    result, with ``pipeline = plan.pipeline``.

    Eight multipliers: two for the squares, one for the variance, one for the reciprocal root, two for K z, two for the
    scale; if K is a power of two, K z is a shift, and there are six.  The buffer has ``plan.buffer`` words.  A
    correction changes only the words of the reciprocal root's table and the last shift.
    """

    plan: NormalisePlan

    def __init__(self, plan: NormalisePlan, *, channels: int = 1):
        if not isinstance(plan, NormalisePlan):
            raise DescriptionError(f"Normalise plan must be a NormalisePlan, not {plan!r}")
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            raise DescriptionError(f"Normalise channels must be a positive integer, not {channels!r}")
        self.plan, self.channels, self.width = plan, channels, plan.width
        self.pipeline = plan.pipeline
        self.interval = channels * plan.interval
        self.latency = plan.bins + plan.statistics + self.pipeline + timing.fifo(self.pipeline)
        self.multipliers = plan.multipliers
        self.depth = plan.buffer
        self.frame = (channels * plan.bins, channels * plan.bins)
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape), "overflow": Out(1)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words for complex words x (n, channels, bins)."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        m.submodules.statistics = statistics = Statistics(plan)
        m.submodules.buffer = buffer = Ram(width=2 * self.width, depth=self.depth)
        take, step, taken, room = Signal(), Signal(), Signal(), Signal()
        entry = self._enter(m, take, room, taken)
        m.d.comb += [
            statistics.taken.eq(taken),
            statistics.valid.eq(entry["valid"]),
            statistics.first.eq(entry["first"]),
            statistics.final.eq(entry["final"]),
            statistics.doubled.eq(entry["doubled"]),
            statistics.i.eq(entry["i"]),
        ]
        reading = Signal()
        (_,), read = nest(m, step, plan.bins, name="read")
        (_,), last = nest(m, step & read, self.channels, name="channel")
        m.d.comb += [
            step.eq(reading & ~fifo.stop),
            taken.eq(statistics.ready & (~reading | (step & read))),
        ]
        with m.If(taken):
            m.d.sync += reading.eq(1)
        with m.Elif(step & read):
            m.d.sync += reading.eq(0)
        (write_slot,), _ = nest(m, entry["valid"], self.depth, name="write_slot")
        (read_slot,), _ = nest(m, step, self.depth, name="read_slot")
        m.d.comb += [
            buffer.write_address.eq(write_slot),
            buffer.write_data.eq(entry["i"]),
            buffer.write_enable.eq(entry["valid"]),
            buffer.read_address.eq(read_slot),
        ]
        # `room` lags by two cycles, so two words are kept in reserve.
        level = Signal(range(self.depth + 1))
        m.d.sync += [
            level.eq(level + entry["valid"] - delayed(m, step, 1, "went")),
            room.eq(level < self.depth - 2),
        ]
        held = self._held(m, statistics, taken)
        push = delayed(m, step, self.pipeline, "push")
        m.d.comb += [
            fifo.push.eq(push),
            fifo.data.last.eq(delayed(m, read & last, self.pipeline, "last")),
        ]
        z = Complex(self.width)(buffer.read_data)
        for part in ("re", "im"):
            value, overflow = self._scaled(m, part, z[part], held)
            m.d.comb += fifo.data.data[part].eq(value)
            with m.If(overflow & push):
                m.d.sync += self.overflow.eq(1)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _held(self, m: Module, statistics: Statistics, taken: Value) -> dict[str, Value]:
        """Return the sum, exponent and mantissa that apply to the words at the stage that uses each of them.

        A stage changes to the channel's own words when the channel's first bin gets there.
        """
        plan = self.plan
        held = {}
        for name, value, cycles in (
            ("sum", statistics.sum, timing.RAM + timing.MULTIPLIER),
            ("exponent", statistics.exponent, plan.centre),
            ("mantissa", statistics.mantissa, plan.centre + plan.narrow),
        ):
            held[name] = Signal(value.shape(), name=f"held_{name}", reset_less=True)
            with m.If(delayed(m, taken, cycles, f"taken_{name}")):
                m.d.sync += held[name].eq(value)
        return held

    def _enter(self, m: Module, take: Signal, room: Value, taken: Value) -> dict[str, Value]:
        """Return the gate's output, the inputs of the statistics, which come a cycle after ``take``."""
        (index,), final = nest(m, take, self.plan.bins, name="write")
        ended = take & final
        busy, released = Signal(), delayed(m, taken, self.plan.release - 1, "released")
        with m.If(ended):  # until the channel's scale is in use: a second channel must not end before that
            m.d.sync += busy.eq(1)
        with m.Elif(released):
            m.d.sync += busy.eq(0)
        m.d.comb += [
            self.i.ready.eq(room & ~(final & busy)),
            take.eq(self.i.valid & self.i.ready),
        ]
        word = self.i.payload.data.as_value()
        if self.plan.over == "map":  # DC does not count in the variance, and is 0 in the result
            word = Mux(index == 0, 0, word)
        entry = {
            "valid": take,
            "first": index == 0,
            "final": final,
            "doubled": self._doubled(m, take, index),
            "i": word,
        }
        return {name: delayed(m, value, timing.GATE, f"gate_{name}") for name, value in entry.items()}

    def _doubled(self, m: Module, take: Value, index: Value) -> Value:
        """Return whether this bin counts twice: a register that toggles before each bin at which that changes."""
        weights = self.plan.multiplicity
        before = [k for k in range(len(weights)) if weights[k] != weights[(k + 1) % len(weights)]]
        if not before:
            return Const(weights[0] == 2, 1)
        doubled = Signal(init=weights[0] == 2)
        with m.If(take & Cat(*(index == k for k in before)).any()):
            m.d.sync += doubled.eq(~doubled)
        return doubled

    def _scaled(self, m: Module, part: str, z: Value, held: Mapping[str, Value]) -> tuple[Value, Value]:
        """Return ``(y, overflow)`` of a part, ``pipeline - timing.RAM`` cycles later."""
        plan = self.plan
        c = self._times_count(m, part, z)
        if plan.over == "bins" and part == "re":
            c, s1 = (Cat(v, v[-1].replicate(plan.centred_bits - len(v))) for v in (c, held["sum"]))
            c = add_and_round(m, c, s1, 0, subtract=True, name="centred")
        elif plan.over == "bins":
            c = delayed(m, c, timing.SUM, "centred_im")
        operand, clipped = self._narrowed(m, part, c[: plan.centred_bits], held["exponent"])
        m.submodules[f"product_{part}"] = product = Multiplier(a_width=OPERAND, b_width=OPERAND)
        m.d.comb += [
            product.a.eq(operand),
            product.b.eq(Cat(held["mantissa"], Const(0, OPERAND - NORMALISED))),
        ]
        m.submodules[f"round_{part}"] = rounder = Requantiser(plan.result, in_width=2 * OPERAND)
        m.d.comb += rounder.i.eq(product.p)
        clipped = delayed(m, clipped, timing.MULTIPLIER + timing.requantise(plan.result), f"clipped_{part}")
        return rounder.o, rounder.overflow | clipped

    def _times_count(self, m: Module, part: str, z: Value) -> Value:
        """Return ``K z``, ``timing.MULTIPLIER`` cycles later."""
        count = self.plan.full_bins
        bits = count.bit_length()
        if self.plan.shifts:
            return Cat(Const(0, bits - 1), delayed(m, z, timing.MULTIPLIER, f"z_{part}")).as_signed()
        m.submodules[f"count_{part}"] = product = Multiplier(a_width=self.width, b_width=bits + 1)
        m.d.comb += [
            product.a.eq(z),
            product.b.eq(count),
        ]
        return product.p[: self.width + bits].as_signed()

    def _narrowed(self, m: Module, part: str, c: Value, exponent: Value) -> tuple[Signal, Signal]:
        """Return ``(c', clipped)``: c shifted up by guard and down by the exponent, rounded and clipped.

        They come ``plan.narrow`` cycles after c.  ``|c| < 2 sqrt(K) 2**exponent`` bounds the word that the remaining
        shifts will leave, so that upper bits can be dropped on the way.
        """
        plan = self.plan
        kept = plan.guard + 2 + ((plan.full_bins - 1).bit_length() + 1) // 2  # sign, 2 sqrt(K) 2**guard
        value, sticky = Cat(Const(0, plan.guard + 1), c), Const(0, 1)  # one bit below for the rounding
        for top in range(len(exponent), 0, -2):
            low = max(top - 2, 0)
            pair, unit = exponent[low:top], 1 << low
            length = min(len(value), kept + 1 + unit - 1)
            moved = Signal(length, name=f"moved{top}_{part}", reset_less=True)
            lost = Signal(name=f"lost{top}_{part}")
            with m.Switch(pair):
                for k in range(1 << len(pair)):
                    with m.Case(k):
                        shifted = Cat(value[k * unit :], value[-1].replicate(k * unit))[:length]
                        m.d.sync += [
                            moved.eq(shifted),
                            lost.eq(sticky | value[: k * unit].any()),
                        ]
            value, sticky, exponent = moved, lost, delayed(m, exponent, 1, f"exponent{top}_{part}")
        wide = Cat(value[1:], value[-1]).as_signed()
        whole = rounded(m, wide, value[0], ~sticky, name=f"narrow_{part}")
        return saturated(m, whole, OPERAND)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 8 channels of the bins |u|, v <= 7, 16 bits."""
        plan = NormalisePlan(multiplicity=live_multiplicity(7), width=16, fraction=11, over="bins")
        yield Example("normalise8x120", cls(plan, channels=8),
                      "normalisation of 8 channels of the bins |u|, v <= 7, SQ(5,11) out")


@circuit.register(operations.Normalise)
def _normalise(op: operations.Normalise, lanes: int) -> Normalise:
    """Return the normalisation of a network."""
    return Normalise(op.plan, channels=op.stage.channels)
