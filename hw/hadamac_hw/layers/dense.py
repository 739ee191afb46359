"""Dense layer: ``logits[k] = saturate(round_half_even((sum_n W[k,n] x[n] + bias[k]) / 2**shift[k]))``.

The bit-exact model is :func:`hadamac.model.dense.dense`.

The circuit first stores a frame of row pairs in one half of a double buffer.  It then works in rounds, each of which
computes ``lanes`` outputs.  In a round, the real numbers of the frame are read one a cycle, and every lane multiplies
them by its own weights and accumulates the products.  The results of a round leave one a cycle while the next round
is summed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Array, Cat, Const, Module, Mux, ShapeLike, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.dense import DensePlan
from hadamac.model.hadamard import SHIFTS
from hadamac.network.graph import ANSWERS
from hadamac.numeric import Requantise, integral
from hadamac.ops import dense as operations

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import Requantiser, delayed
from ..base.primitives import ChoiceAdder, FarRam, Multiplier
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Dense"]


class Dense(Block):
    """Real matrix-vector product over a frame of row pairs, or over both parts of a frame of bins.

    Parameters
    ----------
    weights : int (outputs, channels, rows, columns) of maps or (outputs, channels, rows, columns, 2) of bins
        Weights of ``weight_width`` bits.  For bins, the last axis has the weights of the real and the imaginary part.
    bias, shift : int (outputs,)
        ``bias`` is in units of the accumulator; ``shift`` is from -8 to 31.
    lanes : int
        Outputs that are summed at once; each lane has one multiplier.
    width, weight_width, out_width : int
        Bits of a part of a beat that arrives, of a weight and of a result.
    paired : bool
        Whether a beat that leaves holds two results, as a hidden layer's must.

    Members
    -------
    i : In(frames of Complex(width)), order (channel, row pair, x) or (channel, column, row)
    o : Out(frames of signed(out_width)), ``outputs`` beats, or Out(frames of Complex(out_width)), half as many
    overflow : Out(1)
        High if a logit has saturated since reset.

    Timing
    ------
    ``interval = 2 * ceil(outputs / lanes) * beats`` cycles a frame.
    """

    def __init__(self, *, weights: ArrayLike, bias: ArrayLike, shift: ArrayLike, lanes: int, width: int,
                 weight_width: int = 8, out_width: int = 24, paired: bool = False):
        bins = np.ndim(weights) == 5
        self.weights = integral("Dense weights", weights, (None,) * 4 + (2,) * bins)
        self.weights = self.weights.astype(np.int64)
        self.outputs, self.channels, rows, columns = self.weights.shape[:4]
        if not bins and rows % 2 and rows != 1:
            raise DescriptionError(f"Dense maps must have one row or an even number of rows, not {rows} x {columns}")
        self.bias = integral("Dense bias", bias, (self.outputs,)).astype(np.int64)
        self.shift = integral("Dense shift", shift, (self.outputs,)).astype(np.int64)
        self.width, self.weight_width, self.out_width, self.lanes = width, weight_width, out_width, lanes
        self.plan = plan = DensePlan(weights=self.weights, bias=self.bias, shift=self.shift, width=width,
                                     weight_width=weight_width, out_width=out_width, paired=paired)
        self.words = plan.streamed  # (outputs, beats, 2): in the order of the beats, both parts of each beat
        self.beats, most = plan.beats, plan.most_lanes
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
        self.paired = paired
        self.frame = (self.beats, (self.outputs + 1) // 2 if paired else self.outputs)
        super().__init__({
            "i": In(frames(Complex(width))), "o": Out(frames(Complex(out_width) if paired else signed(out_width))),
            "overflow": Out(1),
        })

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the logits (n, outputs) of maps (n, channels, rows, columns) or bins (n, channels, rows, columns)."""
        return self.plan.run(np.asarray(x))[0]

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: the network's last dense layer, if it has one, with all lanes that it can have."""
        if qnet.network.output in ANSWERS:
            return
        plan, results = qnet.dense.plan, "logits" if qnet.network.output == "classes" else "values"
        block = cls(weights=plan.weights, bias=plan.bias, shift=plan.shift, lanes=plan.most_lanes, width=plan.width,
                    weight_width=plan.weight_width, out_width=plan.out_width)
        yield Example("dense", block,
                      f"the network's dense layer, {plan.weights.shape[1]} channels to {len(plan.weights)} {results}")

    def lane_words(self, lane: int) -> list[int]:
        """Return the content of a lane's weight memory, in the order (round, beat, part)."""
        mask = (1 << self.weight_width) - 1
        words = []
        for output in range(lane, self.rounds * self.lanes, self.lanes):
            if output < self.outputs:
                words += [int(v) & mask for v in self.words[output].reshape(-1)]
            else:  # the lane has no output in the last round
                words += [0] * (2 * self.beats)
        return words

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline + self.lanes)
        m.submodules.buffer = buffer = FarRam(width=2 * self.width, depth=2 << (self.beats - 1).bit_length())
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
        m.d.sync += x.eq(Mux(delayed(m, odd, timing.FAR, "odd"), word.im, word.re))
        linear = Signal(range(self.plan.interval(self.lanes)))
        with m.If(step):
            m.d.sync += linear.eq(Mux(emptied, 0, linear + 1))
        summed = timing.FAR + 1 + timing.MULTIPLIER
        at = {
            "step": delayed(m, step, summed, "at_step"),
            "first": delayed(m, (beat == 0) & (odd == 0), summed, "at_first"),
            "turn": delayed(m, turn, summed - 1, "at_turn"),  # the bias of the round comes from a register
        }
        done = delayed(m, step & (beat == self.beats - 1) & (odd == 1), summed + 1, "done")
        sums = [self._lane(m, k, x, linear, at) for k in range(self.lanes)]
        self._serialise(m, fifo, sums, done, delayed(m, turn, summed + 1, "done_turn"))
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _per_turn(self, values: np.ndarray, lane: int, turn: Value, shape: ShapeLike) -> Value:
        """Return the constant that a lane uses in this round."""
        mine = [int(v) for v in values[lane :: self.lanes]]
        mine += [0] * (self.rounds - len(mine))
        return Const(mine[0], shape) if self.rounds == 1 else Array(Const(v, shape) for v in mine)[turn]

    def _lane(self, m: Module, lane: int, x: Value, linear: Value, at: Mapping[str, Value]) -> Signal:
        """Return the sum of a lane, which multiplies the numbers ``x`` by its weights and accumulates them."""
        m.submodules[f"weights{lane}"] = rom = FarRam(
            width=self.weight_width, depth=self.plan.interval(self.lanes), init=self.lane_words(lane), writable=False)
        m.submodules[f"product{lane}"] = product = Multiplier(a_width=self.width, b_width=self.weight_width)
        total = Signal(signed(self.acc_width), name=f"total{lane}", reset_less=True)
        bias = Signal.like(total, name=f"bias{lane}")
        m.submodules[f"sum{lane}"] = adder = ChoiceAdder(width=self.acc_width)
        m.d.comb += [
            rom.read_address.eq(linear), product.a.eq(x),
            product.b.eq(delayed(m, rom.read_data, 1, f"w{lane}").as_signed()),
            adder.a.eq(product.p), adder.first.eq(bias), adder.held.eq(total), adder.start.eq(at["first"]),
        ]
        m.d.sync += bias.eq(self._per_turn(self.bias, lane, at["turn"], signed(self.acc_width)))
        with m.If(at["step"]):
            m.d.sync += total.eq(adder.o)
        return total

    def _serialise(self, m: Module, fifo: Fifo, sums: Sequence[Signal], done: Value, turn: Value) -> None:
        """Capture the sums of a round, then align, requantise and push one of them a cycle."""
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
        ends = delayed(m, last, 1 + timing.requantise(rule), "last")
        m.d.comb += [rounder.i.eq(aligned), fifo.data.last.eq(ends)]
        if self.paired:
            self._pair(m, fifo, rounder.o, pushed, ends)
        else:
            m.d.comb += [fifo.data.data.eq(rounder.o), fifo.push.eq(pushed)]
        with m.If(rounder.overflow & pushed):
            m.d.sync += self.overflow.eq(1)


    def _pair(self, m: Module, fifo: Fifo, result: Value, valid: Value, ends: Value) -> None:
        """Push two results as one beat; the last of an odd number has no partner, in whose place there is a zero."""
        held, second = Signal(signed(self.out_width), reset_less=True), Signal()
        with m.If(valid):
            m.d.sync += [held.eq(result), second.eq(~second & ~ends)]
        m.d.comb += [
            fifo.data.data.re.eq(Mux(second, held, result)), fifo.data.data.im.eq(Mux(second, result, 0)),
            fifo.push.eq(valid & (second | ends)),
        ]


@circuit.register(operations.Dense)
def _dense(op: operations.Dense, lanes: int) -> Dense:
    """Return the dense layer of a network."""
    plan = op.plan
    return Dense(weights=plan.weights, bias=plan.bias, shift=plan.shift, lanes=lanes, width=plan.width,
                 weight_width=plan.weight_width, out_width=plan.out_width, paired=plan.paired)
