# amaranth: UnusedElaboratable=no
"""Tests of frame guard, output FIFO and cores of several inputs as emitted, with every kind of broken frame and stall."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac_hw.base.block import Block
from hadamac_hw.base.emit import emit
from hadamac_hw.base.guard import FrameGuard
from hadamac_hw.base.numeric import delayed
from hadamac_hw.base.stream import Fifo, Frame, frames
from hadamac_hw.cores.flat import FlatTop
from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import run_case
from support.cores import Core
from support.seeds import rng


class Guarded(Block):
    """A frame guard whose error is shown at the port that a core has for overflow."""

    latency = timing.GUARD

    def __init__(self, length: int):
        self.length = length
        super().__init__({"i": In(frames(unsigned(12))), "o": Out(frames(unsigned(12))), "overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.guard = guard = FrameGuard(unsigned(12), length=self.length)
        wiring.connect(m, wiring.flipped(self.i), guard.i)
        wiring.connect(m, guard.o, wiring.flipped(self.o))
        m.d.comb += self.overflow.eq(guard.error)
        return m


class Buffered(Block):
    """A block without arithmetic: a gate, `inflight` registers and the FIFO."""

    def __init__(self, inflight: int):
        self.inflight = inflight
        self.latency = inflight + timing.fifo(inflight)
        super().__init__({"i": In(frames(unsigned(12))), "o": Out(frames(unsigned(12)))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = Fifo(Frame(unsigned(12)), inflight=self.inflight)
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            fifo.push.eq(delayed(m, self.i.valid & self.i.ready, self.inflight, "push")),
            fifo.data.eq(delayed(m, self.i.payload.as_value(), self.inflight, "data")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m


class Combined(Block):
    """The exclusive or of the beats of two streams, whose frames have `length` beats."""

    def __init__(self, length: int):
        self.frame = ((length, length), length)
        self.interval = length
        shape = frames(unsigned(12))
        super().__init__({"i0": In(shape), "i1": In(shape), "o": Out(shape)})

    def elaborate(self, platform):
        m = Module()
        both = self.i0.valid & self.i1.valid
        m.d.comb += [
            self.o.valid.eq(both),
            self.i0.ready.eq(both & self.o.ready),
            self.i1.ready.eq(both & self.o.ready),
            self.o.payload.data.eq(self.i0.payload.data ^ self.i1.payload.data),
            self.o.payload.last.eq(self.i0.payload.last),
        ]
        return m


def guarded(sent: list[list[int]], length: int) -> tuple[list[list[int]], bool]:
    """Return frames of any length as the guard's docstring promises, filled with zeros or cut, and the error flag."""
    return [(f + [0] * length)[:length] for f in sent], any(len(f) != length for f in sent)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_guard(length):
    core, r = Core(Guarded(length), f"guard{length}"), rng("guard", length)
    good = [r.integers(0, 4096, length).tolist() for _ in range(12)]
    whole = np.array(good)
    none = core.play_all(whole, whole, np.zeros(12), interval=length)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + 1)
    lengths = [length, *range(1, 2 * length + 3), length, length, 3 * length, 1, 1, length + 1, length, *[1] * 3, length]
    sent = [r.integers(1, 4096, n).tolist() for n in lengths]
    expected, error = guarded(sent, length)
    words = np.concatenate(sent)[None]
    last = np.concatenate([np.eye(n, dtype=int)[-1] for n in lengths])
    core.play(words, np.array(expected), input_last=last, overflow=error, patience=500)
    core.play(words, np.array(expected), input_last=last, overflow=error, frame_gap=2, reset_after=length + 2,
              stalls=["none", "both"], patience=500)


@pytest.mark.parametrize("lengths", [(4, 4, 4), (4, 1, 4), (4, 6, 4), (2, 9, 3)], ids=str)
def test_each_input_of_a_core_has_a_guard(lengths):
    """Send broken frames to the second of two inputs, while those on the first are whole."""
    r = rng("combined", lengths)
    sent = [r.integers(0, 4096, n).tolist() for n in lengths]
    whole = r.integers(0, 4096, (len(lengths), 4))
    mended, error = guarded(sent, 4)
    last = np.concatenate([np.eye(n, dtype=int)[-1] for n in lengths])
    result = run_case(
        emit(FlatTop(Combined(4)), "combined"), "combined", source="s_axis0", input=whole,
        more_inputs={"s_axis1": Beats.of(np.concatenate(sent), last)}, expected=whole ^ np.array(mended), patience=500,
        final={"frame_error": int(error), "overflow": 0})
    if not error:
        assert result["none"].latency == timing.GUARD and result["none"].interval == 4


@pytest.mark.parametrize("inflight", [0, 1, 13])
def test_fifo(inflight):
    core = Core(Buffered(inflight), f"fifo{inflight}")
    x = rng("fifo", inflight).integers(0, 4096, (12, 32))
    results = core.play_all(x, x, np.zeros(12), interval=32)
    none, shy = results["none"].output_cycles, results["shy"].output_cycles
    np.testing.assert_array_equal(none, results["none"].input_cycles + core.block.latency)
    # A sink that takes a beat every second cycle never finds the FIFO empty, though the gate stops and goes.
    np.testing.assert_array_equal(np.diff(shy), 2)
