"""Hadamard product with accumulation over input channels.

``Y[o,b] = saturate(round_half_even((sum_c W[o,c,b] X[c,b] + bias[o] [b = 0]) / 2**shift[o]))``.  The bins b are
counted in the order of the stream, and b = 0 is DC.  The bit-exact model is :func:`hadamac.model.hadamard.hadamard`.

The circuit first stores a frame in one half of a double buffer.  It then takes one step for every output channel, bin
and fold.  A *fold* is a group of ``lanes`` input channels: a step forms their ``lanes`` complex products, adds them in
an adder tree, and accumulates the sums of successive folds.  Results therefore leave in the order (output channel,
bin) and need no buffer of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.arrivals import power
from hadamac.errors import DescriptionError, FitError
from hadamac.model.hadamard import BIAS, SHIFTS, HadamardPlan
from hadamac.numeric import Requantise, integral
from hadamac.ops.filters import Filters
from hadamac.ops.mix import Mix
from hadamac.ops.product import Product

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import Requantiser, delayed
from ..base.primitives import ChoiceAdder, FarRam, Ram
from ..base.stream import Complex, Fifo, Halves, frames
from ..base.targets import Target
from .lookups import bias_starts, index_words, lane_words, output_words
from .products import adder_tree, complex_product

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Hadamard"]


def _index(index: ArrayLike | None, sets: int, loadable: bool) -> np.ndarray | None:
    """Return the numbers of the weights that bins share; raise DescriptionError unless they fit ``sets`` weights."""
    if index is None:
        return None
    numbers = integral("Hadamard index", index, (None,)).astype(int)
    if loadable:
        raise DescriptionError("Hadamard index must be left out where weights are loadable: each bin has its own")
    if sorted(set(numbers.tolist())) != list(range(sets)):
        raise DescriptionError(f"Hadamard index must contain each number from 0 to {sets - 1}, not {numbers.min()} .. "
                               f"{numbers.max()}")
    if sets > 1 and len(numbers) <= timing.RAM:
        raise DescriptionError(f"Hadamard index must have more than {timing.RAM} bins, not {len(numbers)}: a new "
                               "frame could overtake the lookup")
    return numbers


class Hadamard(Block):
    """Matrix-vector product of complex numbers, with a matrix of its own for each bin.

    Parameters
    ----------
    weights : complex (outputs, inputs, bins)
        Weights with integral parts of ``weight_width`` bits; the bins are in the order of the stream.
    bias, shift : int (outputs,)
        ``bias`` is real, in units of the accumulator, and is added to the DC bin only; ``shift`` is from -8 to 31.
    lanes : int
        Input channels that are multiplied in each cycle, a divisor of ``inputs``.  A lane has 4 real multipliers, or 2
        if ``real`` is set.
    width, weight_width : int
        Bits of a part of a data word, in and out, and of a part of a weight.
    banks : 1 or 2
        Number of sets of weights.  ``bank`` chooses one; it is sampled when the computation of a frame begins.
    loadable : bool
        Whether ``load`` and ``bank`` exist; without them the weights are in ROMs.
    real : bool
        Whether the weights have no imaginary part, which halves the multipliers and the weight memory.
    index : int (bins,), optional
        Number of the weights that each bin takes, where bins share weights: those of a pointwise convolution, or those
        beyond the modes of a Fourier layer.  ``weights`` are then (outputs, inputs, sets of weights).
    everywhere : bool
        Whether the bias is added to both parts of every bin.  With real weights the parts may be pixels of a map.
    ramps : int (outputs, 2), optional
        What the bias grows by from row to row and from column to column of a map of ``columns`` columns.
    columns : int

    Members
    -------
    i : In(frames of Complex(width)), inputs * bins beats, order (channel, bin)
    o : Out(frames of Complex(width)), outputs * bins beats, order (channel, bin)
    load : In(stream of bank, lane, address, data)
        Port that writes one entry of a memory; it is always ready.  A ``lane`` below ``lanes`` is the weight memory of
        that lane: ``data`` is the complex weight, real part low, of fold f = address % folds,
        bin (address // folds) % bins, output address // (folds * bins) and input channel f * lanes + lane.
        ``lane == lanes`` is the table of outputs: ``data`` is the ``bias`` of output ``address``, and above it
        ``left``, the number of bits by which its accumulator is shifted up before all of them drop ``drop`` bits.
    bank : In(1)
    overflow : Out(1)
        High if a word has saturated since reset.

    Timing
    ------
    ``interval = outputs * bins * inputs / lanes`` cycles a frame.  The computation starts one cycle after the last
    beat of a frame has arrived.
    """

    def __init__(self, *, weights: ArrayLike, bias: ArrayLike, shift: ArrayLike, lanes: int, width: int,
                 weight_width: int = 8, banks: int = 1, loadable: bool = True, real: bool = False,
                 index: ArrayLike | None = None, everywhere: bool = False, ramps: ArrayLike | None = None,
                 columns: int = 1):
        self.weights = integral("Hadamard weights", weights, (None, None, None)).astype(np.complex128)
        self.outputs, self.inputs, sets = self.weights.shape
        numbers, full = _index(index, sets, loadable), self.weights
        if numbers is not None and sets > 1:
            full = self.weights[..., numbers]
        self.bias = integral("Hadamard bias", bias, (self.outputs,)).astype(np.int64)
        self.shift = integral("Hadamard shift", shift, (self.outputs,)).astype(np.int64)
        self.width, self.weight_width, self.lanes, self.banks = width, weight_width, lanes, banks
        self.loadable, self.real = loadable, bool(real)
        if not isinstance(lanes, int) or lanes < 1 or self.inputs % lanes:
            raise DescriptionError(f"Hadamard lanes must divide the {self.inputs} input channels, not {lanes!r}")
        if banks not in ((1, 2) if loadable else (1,)):
            raise DescriptionError(f"Hadamard banks must be 1{' or 2' if loadable else ' in ROM'}, not {banks!r}")
        if self.shift.min() < SHIFTS[0] or self.shift.max() > SHIFTS[1]:
            raise DescriptionError(f"Hadamard shift must be from {SHIFTS[0]} to {SHIFTS[1]}, not {self.shift.min()} .. "
                                   f"{self.shift.max()}")
        limit = 2 ** (weight_width - 1)
        for part in (self.weights.real, self.weights.imag):
            if part.min() < -limit or part.max() >= limit:
                raise DescriptionError(f"Hadamard weights must fit {weight_width} signed bits, not {part.min():.0f} "
                                       f".. {part.max():.0f}")
        if real and self.weights.imag.any():
            raise DescriptionError("Hadamard weights must be real where they are said to be, not "
                                   f"{self.weights[self.weights.imag != 0][0]}")
        steps = None if ramps is None else integral("Hadamard ramps", ramps, (self.outputs, 2)).astype(np.int64)
        self.plan = plan = HadamardPlan(weights=full, bias=self.bias, shift=self.shift, width=width,
                                        weight_width=weight_width, real=self.real, index=numbers, everywhere=everywhere,
                                        ramps=steps, columns=columns)
        self.bins = plan.bins
        self.folds, self.drop = plan.folds(lanes), plan.drop
        self.bias_width = plan.bias_width
        if self.bias_width > BIAS:
            raise FitError(f"Hadamard bias must fit {BIAS} signed bits, not {np.abs(self.bias).max()}")
        self.pipeline, self.latency = plan.pipeline(lanes), plan.latency(lanes)
        self.interval, self.multipliers = plan.interval(lanes), plan.multipliers(lanes)
        self.frame = (self.inputs * self.bins, self.outputs * self.bins)
        shape = frames(Complex(width))
        members = {"i": In(shape), "o": Out(shape), "overflow": Out(1)}
        if loadable:
            load = data.StructLayout({
                "bank": 1, "lane": range(lanes + 1), "address": range(max(self.interval, 2)),
                "data": max((2 - self.real) * weight_width, plan.row_width),
            })
            members |= {"load": In(stream.Signature(load)), "bank": In(1)}
        super().__init__(members)

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the words (n, outputs, bins) for frames (n, inputs, bins) of complex words."""
        return self.plan.run(np.asarray(x))[0]

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 4 to 4 channels of 28 bins, whose weights are loaded at run time."""
        block = cls(weights=np.zeros((4, 4, 28)), bias=[0] * 4, shift=[8] * 4, lanes=2, width=16, banks=2)
        yield Example("hadamard4x4", block,
                      "Hadamard product, 4 to 4 channels of 28 bins, 2 lanes, 2 loadable banks")

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        lanes = self._buffer(m, halves)
        step = Signal()
        m.d.comb += step.eq(halves.readable & ~fifo.stop)
        (output, b, fold), final = nest(m, step, self.outputs, self.bins, self.folds, name="step")
        m.d.comb += halves.emptied.eq(step & final)
        linear, bank, last_bank = Signal(range(max(self.plan.interval(self.lanes), 2))), Signal(), Signal()
        with m.If(step):
            m.d.sync += [linear.eq(Mux(final, 0, linear + 1)), last_bank.eq(bank)]
        m.d.comb += bank.eq(Mux(linear == 0, self.bank, last_bank) if self.banks == 2 else 0)
        weight_memories, wait = self._weights(m), self.plan.lookup
        x_address = delayed(m, self._slot(b, fold, halves.read_half), wait, "x_address")
        w_address: Value = Cat(linear, bank)
        if self.plan.index is not None:
            w_address = self._shared_address(m, output, b, fold)
        products = []
        for k, (x_memory, w_memory) in enumerate(zip(lanes, weight_memories)):
            m.d.comb += [x_memory.read_address.eq(x_address), w_memory.read_address.eq(w_address)]
            w = w_memory.read_data
            weight = {"re": w.as_signed()} if self.real else Complex(self.weight_width)(w)
            products.append(complex_product(m, k, Complex(self.width)(x_memory.read_data), weight))
        arrived = wait + timing.FAR + timing.MULTIPLIER + 1 + timing.tree(self.lanes)
        total = adder_tree(m, products)
        row, table = arrived - 1 - timing.FAR, m.submodules.table  # what a sum begins with is a register after it
        m.d.comb += table.read_address.eq(Cat(delayed(m, output, row, "output"), delayed(m, bank, row, "table_bank")))
        control = {
            "step": step, "first": fold == 0, "done": step & (fold == self.folds - 1), "final": final,
        }
        early: dict[str, Value] = {"dc": Const(1, 1) if self.plan.everywhere else b == 0}
        if self.plan.ramps is not None:
            early = {"bin": step & (fold == 0), "top": b == 0, "edge": b % self.plan.columns == 0}
        at = {k: delayed(m, v, arrived, k) for k, v in control.items()}
        early = {k: delayed(m, v, arrived - 1, k) for k, v in early.items()}
        starts, left = bias_starts(m, self.plan, table.read_data, early)
        self._accumulate(m, fifo, total, starts, left, at)
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _shared_address(self, m: Module, output: Value, b: Value, fold: Value) -> Value:
        """Return the address of weights that bins share, ``plan.lookup`` cycles after the step that needs them."""
        plan, low = self.plan, fold[: (self.folds - 1).bit_length()]
        if not plan.lookup:
            return Cat(low, output)
        m.submodules.index = index = Ram(width=(plan.sets - 1).bit_length(), depth=power(plan.bins),
                                         init=index_words(plan), writable=False)
        m.d.comb += index.read_address.eq(b)
        low, output = delayed(m, low, plan.lookup, "weight_fold"), delayed(m, output, plan.lookup, "weight_output")
        return Cat(low, index.read_data, output)

    def _slot(self, b: Value, fold: Value, half: Value) -> Value:
        """Return the address of a bin of a fold, in which each index has bits of its own."""
        parts = [b[: (self.bins - 1).bit_length()], fold[: (self.folds - 1).bit_length()], half]
        return Cat(*parts)

    def _buffer(self, m: Module, halves: Halves) -> list[FarRam]:
        """Add one double buffer for each lane, write the input into them, and return them."""
        depth = 2 << ((self.bins - 1).bit_length() + (self.folds - 1).bit_length())
        take = self.i.valid & self.i.ready
        (fold, lane, b), final = nest(m, take, self.folds, self.lanes, self.bins, name="write")
        m.d.comb += [self.i.ready.eq(halves.writable), halves.filled.eq(take & final)]
        memories = []
        for k in range(self.lanes):
            m.submodules[f"buffer{k}"] = memory = FarRam(width=2 * self.width, depth=depth)
            m.d.comb += [
                memory.write_address.eq(self._slot(b, fold, halves.write_half)),
                memory.write_data.eq(self.i.payload.data), memory.write_enable.eq(take & (lane == k)),
            ]
            memories.append(memory)
        return memories

    def _weights(self, m: Module) -> list[FarRam]:
        """Add the table of outputs and the weight memories with their load port, and return the weight memories."""
        if self.loadable:
            m.d.comb += self.load.ready.eq(1)

        def loadable(name: str, lane: int, words: list[int], width: int) -> FarRam:
            span = 1 << max(1, (len(words) - 1).bit_length())
            words = words + [0] * (span - len(words))
            memory = FarRam(width=width, depth=span * self.banks, init=words * self.banks, writable=self.loadable)
            m.submodules[name] = memory
            if self.loadable:
                load = self.load.payload
                m.d.comb += [
                    memory.write_address.eq(Cat(load.address[: span.bit_length() - 1], load.bank)),
                    memory.write_data.eq(load.data), memory.write_enable.eq(self.load.valid & (load.lane == lane)),
                ]
            return memory

        loadable("table", self.lanes, output_words(self.plan), self.plan.row_width)
        bits = (2 - self.real) * self.weight_width
        return [loadable(f"weights{k}", k, lane_words(self.plan, self.lanes, k), bits) for k in range(self.lanes)]

    def _accumulate(self, m: Module, fifo: Fifo, total: tuple[Value, Value], starts: Sequence[Value], left: Value,
                    at: Mapping[str, Value]) -> None:
        """Accumulate the sums of the folds, align and requantise the result, and push it into the FIFO."""
        wide = signed(self.bias_width + 1)
        left = delayed(m, left, 1, "left")
        rule = Requantise(self.drop, self.width, True)
        done = delayed(m, at["done"], 2 + timing.requantise(rule), "result")
        m.d.comb += [
            fifo.push.eq(done),
            fifo.data.last.eq(delayed(m, at["final"], 2 + timing.requantise(rule), "result_final")),
        ]
        for part, value, start in zip(("re", "im"), total, starts):
            acc = Signal(wide, name=f"acc_{part}", reset_less=True)
            m.submodules[f"sum_{part}"] = adder = ChoiceAdder(width=len(acc))
            m.d.comb += [adder.a.eq(value), adder.first.eq(start), adder.held.eq(acc), adder.start.eq(at["first"])]
            with m.If(at["step"]):
                m.d.sync += acc.eq(adder.o)
            moved = signed(len(acc) + (1 << self.plan.left_width) - 1)
            aligned = Signal(moved, name=f"aligned_{part}", reset_less=True)
            m.d.sync += aligned.eq(acc << left.as_unsigned())
            m.submodules[f"round_{part}"] = rounder = Requantiser(rule, in_width=len(aligned))
            m.d.comb += [rounder.i.eq(aligned), fifo.data.data[part].eq(rounder.o)]
            with m.If(rounder.overflow & done):
                m.d.sync += self.overflow.eq(1)


@circuit.register(Product)
@circuit.register(Filters)
@circuit.register(Mix)
def _hadamard(op: Product | Filters | Mix, lanes: int) -> Hadamard:
    """Return the product of a network, whose weights are ROMs."""
    plan = op.plan
    return Hadamard(weights=plan.stored, bias=plan.bias, shift=plan.shift, lanes=lanes, width=plan.width,
                    weight_width=plan.weight_width, loadable=False, real=plan.real, index=plan.index,
                    everywhere=plan.everywhere, ramps=plan.ramps, columns=plan.columns)
