"""Dense layer: ``logits[k] = saturate(round_half_even((sum_n W[k,n] x[n] + bias[k]) / 2**shift[k]))``.

Model: :func:`hadamac.model.dense.dense`.  A frame of row pairs is buffered (two halves); then for
every group of ``lanes`` outputs its reals pass by one a cycle, and each lane multiplies them with its
own weight and accumulates.  A group's results leave one a cycle while the next is summed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.dense import DensePlan
from hadamac.model.hadamard import SHIFTS
from hadamac.numeric import Requantise, integral
from hadamac.ops import dense as operations

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier, Ram
from ..base.stream import Complex, Fifo, Halves, frames, nest

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Dense"]


class Dense(Block):
    """Real matrix-vector product over a frame of row pairs, or over both parts of a frame of bins.

    Parameters
    ----------
    weights : int (outputs, channels, M, M) of maps or (outputs, channels, rows, columns, 2) of bins
        Of ``weight_width`` bits; of bins the real and the imaginary part's.
    bias, shift : int (outputs,)
        ``bias`` in accumulator units; ``shift`` from -8 to 31.
    lanes : int
        Outputs summed at once, one multiplier each.
    width, weight_width, out_width : int

    Members
    -------
    i : In(frames of Complex(width)), order (channel, row pair, x) or (channel, column, row)
    o : Out(frames of signed(out_width)), ``outputs`` beats
    overflow : Out(1)

    Timing
    ------
    ``interval = 2 * ceil(outputs / lanes) * beats`` cycles a frame.
    """

    def __init__(self, *, weights, bias, shift, lanes: int, width: int, weight_width: int = 8, out_width: int = 24):
        bins = np.ndim(weights) == 5
        self.weights = integral("Dense weights", weights, (None,) * 4 + (2,) * bins)
        self.weights = self.weights.astype(np.int64)
        self.outputs, self.channels, rows, columns = self.weights.shape[:4]
        if not bins and (rows != columns or rows % 2):
            raise DescriptionError(f"Dense maps must be square and of even size, not {rows} x {columns}")
        self.bias = integral("Dense bias", bias, (self.outputs,)).astype(np.int64)
        self.shift = integral("Dense shift", shift, (self.outputs,)).astype(np.int64)
        self.width, self.weight_width, self.out_width, self.lanes = width, weight_width, out_width, lanes
        self.plan = plan = DensePlan(weights=self.weights, bias=self.bias, shift=self.shift, width=width,
                                     weight_width=weight_width, out_width=out_width)
        self.words = plan.streamed  # in the order of beats, both parts of a beat: (outputs, beats, 2)
        self.beats, most = plan.reals // 2, plan.most_lanes
        if not isinstance(lanes, int) or not 1 <= lanes <= most:
            raise DescriptionError(f"Dense lanes must be from 1 to {most}, not {lanes!r}")
        limit = 2 ** (weight_width - 1)
        if self.weights.min() < -limit or self.weights.max() >= limit:
            raise DescriptionError(f"Dense weights must fit {weight_width} signed bits, not {self.weights.min()} "
                                   f".. {self.weights.max()}")
        if self.shift.min() < SHIFTS[0] or self.shift.max() > SHIFTS[1]:
            raise DescriptionError(f"Dense shift must be from {SHIFTS[0]} to {SHIFTS[1]}, not {self.shift.min()} .. "
                                   f"{self.shift.max()}")
        self.rounds, self.drop = plan.rounds(lanes), plan.drop
        exact = width + weight_width + timing.tree(2 * self.beats)
        self.acc_width = 1 + max(exact, 1 + int(np.abs(self.bias).max(initial=0)).bit_length())
        self.pipeline, self.latency = plan.pipeline(lanes), plan.latency(lanes)
        self.interval, self.multipliers = plan.interval(lanes), plan.multipliers(lanes)
        self.frame = (self.beats, self.outputs)
        super().__init__({
            "i": In(frames(Complex(width))), "o": Out(frames(signed(out_width))), "overflow": Out(1),
        })

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the logits (n, outputs) of maps (n, channels, M, M) or bins (n, channels, rows, columns)."""
        return self.plan.run(np.asarray(x))[0]

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: the network's own dense layer, with a lane for each output."""
        plan = qnet.dense.plan
        block = cls(weights=plan.weights, bias=plan.bias, shift=plan.shift, lanes=len(plan.weights), width=plan.width,
                    weight_width=plan.weight_width, out_width=plan.out_width)
        yield Example("dense", block,
                      f"the network's dense layer, {plan.weights.shape[1]} channels to {len(plan.weights)} logits")

    def lane_words(self, lane: int) -> list[int]:
        """Return what lane's weight memory holds, in order (round, beat, part)."""
        mask = (1 << self.weight_width) - 1
        words = []
        for output in range(lane, self.rounds * self.lanes, self.lanes):
            if output < self.outputs:
                words += [int(v) & mask for v in self.words[output].reshape(-1)]
            else:  # a lane without an output in the last round
                words += [0] * (2 * self.beats)
        return words

    def elaborate(self, platform):
        m = Module()
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline + self.lanes)
        m.submodules.buffer = buffer = Ram(width=2 * self.width, depth=2 << (self.beats - 1).bit_length())
        take, step = self.i.valid & self.i.ready, Signal()
        (write,), filled = nest(m, take, self.beats, name="write")
        (turn, beat, odd), emptied = nest(m, step, self.rounds, self.beats, 2, name="step")
        bits = (self.beats - 1).bit_length()
        m.d.comb += [
            self.i.ready.eq(halves.writable), halves.filled.eq(take & filled),
            step.eq(halves.readable & ~fifo.stop), halves.emptied.eq(step & emptied),
            buffer.write_address.eq(Cat(write[:bits], halves.write_half)),
            buffer.write_data.eq(self.i.payload.data), buffer.write_enable.eq(take),
            buffer.read_address.eq(Cat(beat[:bits], halves.read_half)),
        ]
        word = Complex(self.width)(buffer.read_data)
        x = Signal(signed(self.width), reset_less=True)
        m.d.sync += x.eq(Mux(delayed(m, odd, timing.RAM, "odd"), word.im, word.re))
        linear = Signal(range(self.interval))
        with m.If(step):
            m.d.sync += linear.eq(Mux(emptied, 0, linear + 1))
        summed = timing.RAM + 1 + timing.MULTIPLIER
        at = {
            "step": delayed(m, step, summed, "at_step"),
            "first": delayed(m, (beat == 0) & (odd == 0), summed, "at_first"),
            "turn": delayed(m, turn, summed, "at_turn"),
        }
        done = delayed(m, step & (beat == self.beats - 1) & (odd == 1), summed + 1, "done")
        sums = [self._lane(m, k, x, linear, at) for k in range(self.lanes)]
        self._serialise(m, fifo, sums, done, delayed(m, turn, summed + 1, "done_turn"))
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _per_turn(self, values, lane, turn, shape):
        """The lane's constant of this round."""
        mine = [int(v) for v in values[lane :: self.lanes]]
        mine += [0] * (self.rounds - len(mine))
        return Const(mine[0], shape) if self.rounds == 1 else Array(Const(v, shape) for v in mine)[turn]

    def _lane(self, m, lane, x, linear, at):
        m.submodules[f"weights{lane}"] = rom = Ram(
            width=self.weight_width, depth=self.interval, init=self.lane_words(lane), writable=False)
        m.submodules[f"product{lane}"] = product = Multiplier(a_width=self.width, b_width=self.weight_width)
        total = Signal(signed(self.acc_width), name=f"total{lane}", reset_less=True)
        bias = self._per_turn(self.bias, lane, at["turn"], signed(self.acc_width))
        m.d.comb += [
            rom.read_address.eq(linear), product.a.eq(x),
            product.b.eq(delayed(m, rom.read_data, 1, f"w{lane}").as_signed()),
        ]
        with m.If(at["step"]):
            m.d.sync += total.eq(Mux(at["first"], bias, total) + product.p)
        return total

    def _serialise(self, m, fifo, sums, done, turn):
        """Capture a round's sums; shift them out, aligned and requantised, one a cycle."""
        captured = [Signal(signed(self.acc_width), name=f"captured{k}", reset_less=True) for k in range(self.lanes)]
        left_width = max(1, int(self.drop - self.shift.min()).bit_length())
        lefts = [Signal(left_width, name=f"left{k}", reset_less=True) for k in range(self.lanes)]
        remaining, count = Signal(range(self.lanes + 1)), Signal(range(self.outputs))
        busy = remaining != 0
        for k in range(self.lanes):
            following = captured[k + 1] if k + 1 < self.lanes else 0
            following_left = lefts[k + 1] if k + 1 < self.lanes else 0
            mine = self._per_turn(self.drop - self.shift, k, turn, left_width)
            m.d.sync += [
                captured[k].eq(Mux(done, sums[k], following)), lefts[k].eq(Mux(done, mine, following_left)),
            ]
        with m.If(done):
            short = self.outputs - (self.rounds - 1) * self.lanes  # outputs of the last round
            m.d.sync += remaining.eq(Mux(turn == self.rounds - 1, short, self.lanes))
        with m.Elif(busy):
            m.d.sync += remaining.eq(remaining - 1)
        rule = Requantise(self.drop, self.out_width, True)
        aligned = Signal(signed(self.acc_width + (1 << left_width) - 1), reset_less=True)
        m.submodules.round = rounder = Requantiser(rule, in_width=len(aligned))
        last = count == self.outputs - 1
        with m.If(busy):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
        pushed = delayed(m, busy, 1 + timing.requantise(rule), "busy")
        m.d.sync += aligned.eq(captured[0] << lefts[0])
        m.d.comb += [
            rounder.i.eq(aligned), fifo.data.data.eq(rounder.o), fifo.push.eq(pushed),
            fifo.data.last.eq(delayed(m, last, 1 + timing.requantise(rule), "last")),
        ]
        with m.If(rounder.overflow & pushed):
            m.d.sync += self.overflow.eq(1)


@circuit.register(operations.Dense)
def _dense(op: operations.Dense, lanes: int) -> Dense:
    """Return the dense layer of a network."""
    plan = op.plan
    return Dense(weights=plan.weights, bias=plan.bias, shift=plan.shift, lanes=lanes, width=plan.width,
                 weight_width=plan.weight_width, out_width=plan.out_width)
