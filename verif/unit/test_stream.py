# amaranth: UnusedElaboratable=no
"""Tests of the parts of every block, cycle by cycle: loop counters, delays, FIFO, double buffer, flat ports; refusals."""

from __future__ import annotations

from itertools import product

import pytest
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac_hw.base.block import Block
from hadamac_hw.base.guard import FrameGuard
from hadamac_hw.base.loops import foreseen, nest
from hadamac_hw.base.numeric import delayed
from hadamac_hw.base.slice import Slice
from hadamac_hw.base.stream import Complex, Fifo, Halves, frames
from hadamac_hw.cores.flat import FlatTop, bytes_of
from hadamac_hw.layers.pwl import Relu
from support.seeds import refused, rng


def simulate(m: Module, testbench) -> None:
    sim = Simulator(m)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


@pytest.mark.parametrize("limits", [(1,), (5,), (2, 3), (1, 4), (3, 1, 2), (1, 1, 1)], ids=str)
def test_nest_counts_like_nested_loops(limits):
    m = Module()
    step = Signal()
    m.d.sync += Signal(name="clocked").eq(1)  # loops of one pass have no register
    indices, final = nest(m, step, *limits)
    seen = []
    go = rng("nest", limits).random(60) < 0.6

    async def bench(ctx):
        for on in go.tolist():
            ctx.set(step, on)
            if on:
                seen.append((tuple(ctx.get(i) for i in indices), bool(ctx.get(final))))
            await ctx.tick()

    simulate(m, bench)
    loop = list(product(*(range(n) for n in limits)))
    expected = [(loop[k % len(loop)], k % len(loop) == len(loop) - 1) for k in range(len(seen))]
    assert seen == expected and len(seen) > 20


@pytest.mark.parametrize("limits", [(1,), (5,), (2, 3), (1, 4), (3, 1, 2), (1, 1, 1)], ids=str)
def test_facts_are_those_of_the_present_beat(limits):
    """In registers, of the first beat and of every beat after it."""
    m, step, seen = Module(), Signal(), []
    go = rng("foreseen", limits).random(60) < 0.6

    def facts(*counters):
        return counters[-1] == limits[-1] - 1, (counters[0] == 0) & (counters[-1] >= 1)

    registers = foreseen(m, step, *limits, facts=facts)

    async def bench(ctx):
        for on in go.tolist():
            ctx.set(step, on)
            if on:
                seen.append(tuple(ctx.get(register) for register in registers))
            await ctx.tick()

    simulate(m, bench)
    loop = list(product(*(range(n) for n in limits)))
    assert seen == [(*facts(*loop[k % len(loop)]), k % len(loop) == len(loop) - 1) for k in range(len(seen))]
    assert len(seen) > 20


@pytest.mark.parametrize("inflight", (1, 14))
def test_what_a_fifo_holds_leaves_without_a_hole(inflight):
    """Push runs of any length, and begin to take at any time: from the first word on, one leaves in every cycle."""
    for run, ready_from in product((1, 2, 3, 4, 5, 8), range(0, 18)):
        fifo, given = Fifo(unsigned(8), inflight=inflight), []

        async def bench(ctx):
            for t in range(40):
                ctx.set(fifo.push, t < run)
                ctx.set(fifo.data, t)
                ctx.set(fifo.o.ready, t >= ready_from)
                if ctx.get(fifo.o.valid) and t >= ready_from:
                    given.append((t, ctx.get(fifo.o.payload)))
                await ctx.tick()

        simulate(fifo, bench)
        first = given[0][0]
        assert given == [(first + k, k) for k in range(run)], (run, ready_from)


@pytest.mark.parametrize("cycles", (0, 1, 4))
def test_delayed(cycles):
    m = Module()
    x, y = Signal(signed(8)), Signal(signed(8))
    m.d.comb += y.eq(delayed(m, x, cycles))
    m.d.sync += Signal().eq(1)
    values, seen = rng("delayed").integers(-128, 128, 30).tolist(), []

    async def bench(ctx):
        for v in values:
            ctx.set(x, v)
            seen.append(ctx.get(y))
            await ctx.tick()

    simulate(m, bench)
    assert seen == [0] * cycles + values[: len(values) - cycles]


def test_halves_are_a_queue_of_two():
    """Fill and empty halves at random, as the rules allow it, and compare with a queue of two places."""
    m = Module()
    m.submodules.halves = halves = Halves()
    r = rng("halves")

    async def bench(ctx):
        queue, write, read = 0, 0, 0
        for _ in range(500):
            assert ctx.get(halves.writable) == (queue < 2) and ctx.get(halves.readable) == (queue > 0)
            assert ctx.get(halves.write_half) == write and ctx.get(halves.read_half) == read
            fill, empty = bool(queue < 2 and r.random() < 0.6), bool(queue > 0 and r.random() < 0.6)
            ctx.set(halves.filled, fill)
            ctx.set(halves.emptied, empty)
            await ctx.tick()
            queue, write, read = queue + fill - empty, write ^ fill, read ^ empty

    simulate(m, bench)


def test_layouts_and_widths():
    assert Complex(12).size == 24 and Complex(12)["im"].offset == 12
    assert [bytes_of(w) for w in (1, 8, 9, 16, 17)] == [8, 8, 16, 16, 24]
    assert Fifo(unsigned(4), inflight=3).depth == timing.fifo_depth(3) == 16
    core = FlatTop(Relu(width=12))
    assert core.frame is None
    members = {name: member.shape for name, member in core.signature.members.items()}
    assert members["s_axis_tdata"] == members["m_axis_tdata"] == 32
    assert frames(signed(5)).members["payload"].shape.size == 6


class Several(Block):
    """A block with streams of 12 bits, none of which are connected."""

    def __init__(self, *, inputs: int, outputs: int = 1):
        self.frame = ((5,) * inputs, 5)
        ends = {f"i{k}": In(frames(unsigned(12))) for k in range(inputs)}
        starts = {"o" if outputs == 1 else f"o{k}": Out(frames(unsigned(12))) for k in range(outputs)}
        super().__init__(ends | starts)


def test_a_core_of_several_inputs_has_ports_for_each():
    block = Several(inputs=2)
    assert block.beats_in == (5, 5) and len(block.input_streams) == 2 and len(block.output_streams) == 1
    core = FlatTop(block)
    assert core.guarded and {name for name in core.signature.members if name.startswith("s_")} == {
        f"s_axis{k}_t{port}" for k in (0, 1) for port in ("data", "valid", "ready", "last")}
    assert not block.offers("overflow") and not Relu(width=12).offers("frame_error")
    with refused("FlatTop needs a block with one output stream, not 2", DescriptionError):
        FlatTop(Several(inputs=1, outputs=2))


def test_refusals():
    for inflight in (-1, 1.5, None):
        with refused(f"Fifo inflight must be a non-negative integer, not {inflight!r}", DescriptionError):
            Fifo(unsigned(8), inflight=inflight)
    for length in (0, -3, 2.0):
        with refused(f"FrameGuard length must be a positive integer, not {length!r}", DescriptionError):
            FrameGuard(unsigned(8), length=length)


@pytest.mark.parametrize("share", (0.2, 0.5, 0.9, 1.0))
def test_a_slice_loses_nothing_and_passes_a_beat_a_cycle(share):
    """Beats leave in their order under any stalls, one a cycle without them; ``ready`` does not depend on ``o.ready``."""
    block, r, given, taken = Slice(unsigned(8)), rng("slice", share), [], []

    async def bench(ctx):
        offered = 0
        for _ in range(400):
            ctx.set(block.i.valid, ctx.get(block.i.valid) if offered else bool(r.random() < share))
            offered = ctx.get(block.i.valid)
            ctx.set(block.i.payload.data, len(given) % 256)
            ready = ctx.get(block.i.ready)
            ctx.set(block.o.ready, bool(r.random() < share))
            assert ctx.get(block.i.ready) == ready
            if offered and ready:
                given.append(len(given) % 256)
                offered = 0
            if ctx.get(block.o.valid) and ctx.get(block.o.ready):
                taken.append(ctx.get(block.o.payload.data))
            await ctx.tick()
            if not offered:
                ctx.set(block.i.valid, 0)

    simulate(block, bench)
    assert taken == given[: len(taken)] and len(given) - len(taken) <= 2
    assert len(taken) >= (399 if share == 1 else 20)
