# amaranth: UnusedElaboratable=no
"""Whole networks as emitted: the predicted bits under every stall, the estimated cycles and memory to the last one."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.hdl import Mux, Signal

from hadamac.cost.estimate import Estimate, Plan, estimate, plan
from hadamac.quantised import PRESETS, QuantNetwork
from hadamac.quantised.quantise import quantise
from hadamac_hw.base.emit import emit
from hadamac_hw.base.primitives import Ram
from hadamac_hw.network import Top
from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.verify import expected_words
from support import tiny
from support.phases import Phase, play_phases
from support.seeds import rng

# Network, preset, darkening of the calibration images (bright ones saturate then), folding, the stage that sets the
# interval.  Where it is not the input, frames back to back wait.
CASES = {
    "two_default": (tiny.two_groups, "default", 1, None, "input"),
    "two_default_lanes": (tiny.two_groups, "default", 1, Plan((1, 2), 5), "input"),
    "two_mixed": (tiny.two_groups, "default", 1, Plan((1, 2), 5, ("streaming", "iterative", "iterative", "streaming")),
                  "ifft0"),
    "two_compact": (tiny.two_groups, "compact", 3, None, "input"),
    "two_compact_slow": (tiny.two_groups, "compact", 1, Plan((1, 1), 1), "dense"),
    "wide_halving": (tiny.wide, "halving", 1, Plan((1, 1), 3), "hadamard1"),
}


@dataclass(frozen=True)
class Built:
    """A network, emitted, and images for it."""

    name: str
    q: QuantNetwork
    folding: Plan
    estimate: Estimate
    verilog: str
    images: np.ndarray

    def sent(self, *frames: np.ndarray) -> Beats:
        """Frames of any number of pixels each, `last` with the final one."""
        last = np.concatenate([np.arange(f.size) == f.size - 1 for f in frames])
        return Beats.of(np.concatenate([f.reshape(-1) for f in frames]).astype(int), last)

    def expected(self, images) -> Beats:
        return Beats.of(expected_words(self.q, self.q.predict(np.asarray(images, dtype=np.uint8))))


def build(name: str) -> Built:
    make, preset, dim, folding, _ = CASES[name]
    network, r = make(), rng(name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 16)
    q = quantise(network, params, images // dim, PRESETS[preset])
    folding = folding or plan(q)
    return Built(name, q, folding, estimate(q, folding), emit(Top(q, folding=folding), name), images)


@pytest.mark.parametrize("name", list(CASES))
def test_bits_cycles_and_size(name):
    net = build(name)
    arrays = re.findall(r"^ *reg (?:signed )?(?:\[(\d+):0\] )?\S+ \[(\d+):0\];$", net.verilog, re.M)
    assert sum((int(high or 0) + 1) * (int(last) + 1) for high, last in arrays) == net.estimate.memory_bits
    assert len(re.findall(r" \* \$signed\(", net.verilog)) == net.estimate.multipliers
    slowest = max(net.estimate.stages, key=lambda s: s.interval)
    assert slowest.name == CASES[name][-1]

    images = net.images[:6]
    flags = net.q.predict(images).overflow
    options = {"input": images.reshape(6, -1).astype(int), "expected": net.expected(images),
               "final": {"status": int(flags.any())}}
    results = run_case(net.verilog, name, **options, expected_latency=net.estimate.latency,
                       expected_interval=net.estimate.interval)
    starts = results["none"].output_cycles.reshape(6, -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts), net.estimate.interval)
    run_case(net.verilog, name, **options, stalls=["none", "both"], frame_gap=17, reset_after=images[0].size * 3 // 2)
    run_case(net.verilog, name, input=images[:1].reshape(1, -1).astype(int), expected=net.expected(images[:1]),
             stalls=["none"], expected_latency=net.estimate.latency)


@pytest.mark.parametrize("stall", ["none", "both"])
def test_status_broken_frames_and_reset(stall):
    """Short frames are filled with black, long ones cut; each flag rises for its own reason and falls with reset."""
    net = build("two_compact")
    images = np.concatenate([net.images[:4] // 3, net.images])  # the first were there when formats were chosen
    flags = net.q.predict(images).overflow
    dark, bright = images[~flags], images[flags]
    assert len(dark) >= 3 and len(bright) >= 1
    a, b, c = dark[:3]
    half = a.copy().reshape(-1)
    half[a.size // 2 :] = 0
    half = half.reshape(a.shape)
    extra = np.concatenate([b.reshape(-1), np.arange(40)])
    quiet = not net.q.predict(half[None]).overflow[0]
    pieces = [c, a.reshape(-1)[: a.size // 2], b, extra, c, a.reshape(-1)[:1], b]
    one_pixel = np.zeros_like(a)
    one_pixel[0, 0] = a[0, 0]
    quiet &= not net.q.predict(one_pixel[None]).overflow[0]
    phases = [
        Phase(net.sent(a, b, c), net.expected([a, b, c]), final={"status": 0}),
        Phase(net.sent(*pieces), net.expected([c, half, b, b, c, one_pixel, b]), final={"status": 2 + (not quiet)}),
        Phase(net.sent(a, b), net.expected([a, b]), final={"status": 0}),
        Phase(net.sent(bright[0], b), net.expected([bright[0], b]), final={"status": 1}),
        Phase(net.sent(bright[0], b), net.expected([bright[0], b]), cut=a.size + 100),
        Phase(net.sent(b, c), net.expected([b, c]), final={"status": 0}),
        Phase(net.sent(bright[0], extra, c), net.expected([bright[0], b, c]), final={"status": 3}),
        Phase(net.sent(b, a, a), net.expected([b, a, a]), cut=3 * a.size - 1),  # a frame is on its way out
        Phase(net.sent(c), net.expected([c]), final={"status": 0}),
    ]
    play_phases(net.verilog, net.name, phases, zero=("status", "m_axis_tvalid"), stall=stall)


def test_no_block_needs_what_a_memory_reads_while_it_writes_that_word(monkeypatch):
    """On hardware such a read is undefined: give back nonsense, and nothing may change."""
    plain = Ram.elaborate

    def nonsense(self, platform):
        m = plain(self, platform)
        if self.writable:
            clash, late = Signal(), Signal()
            m.d.comb += clash.eq(self.write_enable & (self.write_address == self.read_address))
            m.d.sync += late.eq(clash)
            data = m.submodules.array.read_ports[0].data
            m.d.sync += self.word.eq(Mux(late, ~data, data))
        return m

    monkeypatch.setattr(Ram, "elaborate", nonsense)
    net = build("two_compact_slow")
    assert net.verilog.count("$signed") and net.name
    run_case(net.verilog, net.name, input=net.images[:5].reshape(5, -1).astype(int), expected=net.expected(net.images[:5]),
             expected_latency=net.estimate.latency)
