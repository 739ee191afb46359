"""A target's text, with behavioural models of its cells, gives the generic text's bits in the same cycles."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.cost.estimate import estimate, plan
from hadamac_hw.base.block import Block
from hadamac_hw.base.emit import emit
from hadamac_hw.base.numeric import delayed
from hadamac_hw.base.primitives import FarRam, Ram
from hadamac_hw.base.stream import Fifo, Frame, frames
from hadamac_hw.base.targets import ECP5, GOWIN, ICE40, NEXUS, TARGETS, Target, find_target
from hadamac_hw.cores.flat import FlatTop
from hadamac_hw.fft.iterative import IterativeFft
from hadamac_hw.fft.streaming import Fft
from hadamac_hw.network import Top
from hadamac_hw.sim.verify import verify
from support.cores import Core
from support.seeds import refused, rng
from support.stimuli import uniform
from support.tiny import images, one_group, quantised


def retarget(core: Core, target=ECP5) -> Core:
    """Return the core with a target's text and the models of the target's cells."""
    core.verilog = emit(FlatTop(core.block), core.name, platform=target) + target.models
    return core


class Probe(Block):
    """Block that writes the upper part of a beat to the address in its lower part, and answers with the word before."""

    def __init__(self, memory: Ram | FarRam, bits: int):
        self.memory, self.bits = memory, bits
        super().__init__({"i": In(frames(unsigned(bits + memory.width))), "o": Out(frames(unsigned(memory.width)))})
        self.latency = memory.LATENCY + timing.FIFO

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self.memory
        m.submodules.fifo = fifo = Fifo(Frame(unsigned(memory.width)), inflight=memory.LATENCY)
        take = self.i.valid & self.i.ready
        address = self.i.payload.data[: self.bits]
        m.d.comb += [self.i.ready.eq(~fifo.stop), memory.read_address.eq(address)]
        if memory.writable:  # a cycle later, because a word is not read and written in one
            m.d.comb += [
                memory.write_enable.eq(delayed(m, take, 1, "write")),
                memory.write_address.eq(delayed(m, address, 1, "address")),
                memory.write_data.eq(delayed(m, self.i.payload.data[self.bits :], 1, "value")),
            ]
        m.d.comb += [
            fifo.push.eq(delayed(m, take, memory.LATENCY, "push")), fifo.data.data.eq(memory.read_data),
            fifo.data.last.eq(delayed(m, self.i.payload.last, memory.LATENCY, "last")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m


@pytest.mark.parametrize("depth", [64, 100])
@pytest.mark.parametrize("writable", [True, False])
def test_short_memories_outside_block_ram(depth, writable):
    """Where block RAMs are few, memories of up to 128 words are LUT RAM or logic, in as many cycles."""
    play_memory(depth, writable, ECP5.choosing(lambda depth, width, writable: depth > 128), blocks=False)


@pytest.mark.parametrize("depth, writable", [(24, True), (32, True), (64, True), (1000, True), (1024, False), (2048, True),
                                             (4000, True), (8192, False), (16384, True), (500, True)])
@pytest.mark.parametrize("target", [ECP5, GOWIN, NEXUS], ids=lambda target: target.name)
def test_memory_in_every_slicing(depth, writable, target):
    """Initial words are read, and others written, at both ends and at random; a written word is read two cycles later."""
    play_memory(depth, writable, target, blocks=depth >= 32)


@pytest.mark.parametrize("depth, writable", [(24, True), (64, True), (1024, False)])
def test_far_memory(depth, writable):
    """With registers around it, a word is read two cycles later, and a write is seen as soon as without them."""
    play_memory(depth, writable, ECP5, blocks=depth >= 32, kind=FarRam)


def play_memory(depth: int, writable: bool, target: Target, *, blocks: bool, kind: type[Ram | FarRam] = Ram) -> None:
    """Simulate a memory with the text of a target, which is block RAM or is not."""
    r = rng("memory", depth, writable)
    width, bits = (20 if depth <= 2048 else 5), (depth - 1).bit_length()
    held = r.integers(0, 1 << width, depth)
    memory = kind(width=width, depth=depth, init=held.tolist(), writable=writable)
    assert kind.LATENCY == timing.RAM + 2 * (kind is FarRam)
    core = retarget(Core(Probe(memory, bits), f"memory{depth}"), target)
    text = core.verilog.removesuffix(target.models)
    assert any(cell in text for cell in target.blocks) == blocks
    if not blocks and depth >= 32:  # of which synthesis itself would make block RAM
        assert ('ram_style = "distributed"' if writable else 'rom_style = "logic"') in core.verilog
    addresses = np.concatenate([[0, depth - 1, 0, depth - 1, 17, 16, 17], r.integers(0, depth, 300)])
    # Two beats to one address in neighbouring cycles would read and write it in one.
    addresses = addresses[np.append(True, addresses[1:] != addresses[:-1])]
    values = r.integers(0, 1 << width, len(addresses))
    expected = []
    for a, v in zip(addresses, values):
        expected.append(held[a])
        if writable:
            held[a] = v
    core.play(((values << bits) | addresses)[None], np.array(expected)[None], stalls=["none"],
              expected_latency=core.block.latency)


@pytest.mark.parametrize("size, order, target", [(16, "natural", ECP5), (256, "bit-reversed", ECP5),
                                                 (64, "natural", GOWIN), (64, "natural", NEXUS)],
                         ids=lambda value: value.name if isinstance(value, Target) else None)
def test_fft(size, order, target):
    block = Fft(size=size, width=16, twiddle_width=18, order=order)
    core = retarget(Core(block, f"{target.name}_fft{size}"), target)
    x = uniform(rng("fft", size), 16, 3, size)
    core.play(x, block.model(x), overflow=block.plan.run(x)[1].any(), stalls=["none", "both", "bursts"],
              expected_latency=block.latency + 1, expected_interval=size)


def test_iterative_fft():
    block = IterativeFft(size=64, width=16)
    core = retarget(Core(block, "ice40_fft64"), ICE40)
    x = uniform(rng("iterative"), 16, 3, 64)
    over = block.plan.run(x).overflow
    user = np.zeros(x.shape, dtype=int)
    user[:, -1] = over
    core.play(x, block.model(x), overflow=over.any(), user=0 * user, expected_user=user, stalls=["none", "both"],
              expected_latency=block.latency, expected_interval=block.interval)


def test_network(tmp_path):
    r = rng("network")
    qnet = quantised(one_group(), r)
    text = emit(Top(qnet), "ecp5_network", platform=ECP5)
    assert text.count("MULT18X18D") >= estimate(qnet).multipliers
    result = verify(text + ECP5.models, "ecp5_network", qnet, images(one_group(), r, 4), build_dir=tmp_path,
                    folding=plan(qnet))
    assert result.matching == 4


def test_find_target():
    assert find_target("generic") is None and find_target("ecp5") is ECP5
    with refused(f"Target must be one of {', '.join(TARGETS)}, not 'spartan'"):
        find_target("spartan")
