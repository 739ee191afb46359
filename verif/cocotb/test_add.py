# amaranth: UnusedElaboratable=no
"""Sums as emitted: the block, the skip buffer, and whole networks with forks and joins, under the stall matrix."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.cost.estimate import estimate, plan
from hadamac.model.add import AddPlan
from hadamac.model.crop import embed, live_shape, to_beats
from hadamac.model.fft.pairs import pack_rows
from hadamac.model.fft.rows import pack_channels
from hadamac.network import Add as AddLayer
from hadamac.network import Dense, Network, SpectralConv
from hadamac.quantised import PRESETS, quantise
from hadamac_hw.base.emit import emit
from hadamac_hw.base.skip import SkipBuffer
from hadamac_hw.base.stream import frames
from hadamac_hw.base.wire import wire
from hadamac_hw.layers.add import Add
from hadamac_hw.network import Top, build_stages
from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.simulate import SimulationFailure
from hadamac_hw.sim.verify import expected_words
from support import residual, tiny
from support.seeds import rng
from support.stimuli import corners, uniform

NETWORKS = residual.networks()


def packed(x: np.ndarray, width: int) -> np.ndarray:
    """Return complex words (n, beats) as those of a stream of ``Complex(width)``, without ``last``."""
    mask = (1 << width) - 1
    return (x.real.astype(np.int64) & mask) | ((x.imag.astype(np.int64) & mask) << width)


def stream(x: np.ndarray, width: int) -> Beats:
    """Return frames (n, beats) as the payload of a stream: ``last`` is the highest bit."""
    words = packed(x, width)
    words[:, -1] |= 1 << (2 * width)
    return Beats.of(words.ravel().tolist())


# fractions of the inputs, of the sum, bits of a word, radius of the sum (None: maps), radii, and size where it is not 8
BLOCKS = {
    "add_maps": ((7, 7), 7, 12, None, None),
    "add_formats": ((3, 9), 6, 16, 2, None),
    "add_rounded": ((0, 11, 4), 5, 12, 3, None),  # 11 is finer than 0 by more than ALIGN
    "add_radii": ((5, 6, 5), 5, 10, 3, (1, 3, 2)),
    "add_whole": ((5, 5), 4, 10, 4, (4, 2)),  # a half-spectrum with its Nyquist bins
    "add_wide": ((5, 6), 5, 10, (1, 3), ((1, 2), (0, 3)), (4, 16)),  # neither rectangle contains the other
    "add_wide_maps": ((7, 6), 6, 12, None, None, (4, 16)),
    "add_signals": ((7, 6, 7), 6, 12, None, None, (1, 16)),
    "add_row": ((5, 6), 5, 10, (0, 8), ((0, 8), (0, 3)), (1, 16)),
}


@pytest.mark.parametrize("name", list(BLOCKS))
def test_block(name):
    """Bits, latency and interval; saturation is flagged, and only then."""
    fractions, fraction, width, radius, radii, size = (*BLOCKS[name], (8, 8))[:6]
    channels = 3 if size == (1, 16) else 2  # an odd number of signals, of which the last is alone in a beat
    block = Add(AddPlan(fractions=fractions, fraction=fraction, width=width), size=size, channels=channels, radius=radius,
                radii=radii)
    r, text = rng(name), emit(block, name)
    shapes = [size] * len(fractions) if radius is None else [live_shape(size, s) for s in block.radii]
    x = [np.concatenate([uniform(r, width, 5, channels, *shape), corners(r, width, 3, channels, *shape)]) for shape in shapes]
    x = [part.real if radius is None else part for part in x]
    embedded = x if radius is None else [embed(part, *live_shape(size, radius)) for part in x]
    over = block.plan.apply(*embedded)[1]
    y, beats = block.model(*x), to_beats if radius is not None else pack_channels if size[0] == 1 else pack_rows
    sent = [stream(beats(part).reshape(len(part), -1), width) for part in x]
    results = run_case(
        text, name, input=sent[0], expected=stream(beats(y).reshape(len(y), -1), width), source="i0_", sink="o_",
        more_inputs={f"i{k}_": words for k, words in enumerate(sent) if k}, expected_latency=block.latency,
        final={"overflow": int(over.any())})
    starts = results["none"].output_cycles.reshape(len(y), -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts), block.interval)
    quiet = [np.rint(part / 2.0**(width - 2)) for part in x]
    y = block.model(*quiet)
    sent = [stream(beats(part).reshape(len(part), -1), width) for part in quiet]
    run_case(text, name, input=sent[0], expected=stream(beats(y).reshape(len(y), -1), width), source="i0_", sink="o_",
             more_inputs={f"i{k}_": words for k, words in enumerate(sent) if k}, stalls=["both"], final={"overflow": 0})


@pytest.mark.parametrize("depth", [8, 64])
def test_skip_buffer(depth):
    """Nothing is lost or doubled, and a beat a cycle passes, also while the buffer runs full and empty."""
    block, r = SkipBuffer(unsigned(12), depth=depth), rng("skip", depth)
    words = r.integers(0, 1 << 13, 6 * depth + 100).tolist()
    run_case(emit(block, "skip"), "skip", input=words, expected=words, source="i_", sink="o_",
             expected_latency=block.latency, reset_after=depth + 3)


def quantised(name: str):
    network, r = NETWORKS[name], rng("residual", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 16)
    return quantise(network, params, images, PRESETS["default"]), images[:5]


@pytest.mark.parametrize("name", list(NETWORKS))
def test_networks(name):
    """Bits, latency, interval, multipliers and memory, skip buffers included, under the whole stall matrix."""
    q, images = quantised(name)
    e, module = estimate(q), f"residual_{name}"
    text = emit(Top(q), module)
    arrays = re.findall(r"^ *reg (?:signed )?(?:\[(\d+):0\] )?\S+ \[(\d+):0\];$", text, re.M)
    assert sum((int(high or 0) + 1) * (int(last) + 1) for high, last in arrays) == e.memory_bits
    assert len(re.findall(r" \* \$signed\(", text)) == e.multipliers
    prediction = q.predict(images)
    results = run_case(
        text, module, input=images.reshape(len(images), -1).astype(int),
        expected=expected_words(q, prediction), final={"status": int(prediction.overflow.any())},
        expected_latency=e.latency)
    starts = results["none"].output_cycles.reshape(len(images), -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts)[1:], e.interval)


class Bare(wiring.Component):
    """A network without its skip buffers."""

    def __init__(self, q):
        self.nodes = [replace(node, skips=()) for node in build_stages(q, plan(q))]
        last = self.nodes[-1].block.o.payload.shape().members["data"]
        super().__init__({"i": In(frames(unsigned(8))), "o": Out(frames(last))})

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, wire(m, self.nodes, wiring.flipped(self.i)), wiring.flipped(self.o))
        return m


def test_without_skip_buffers_it_stops():
    """The buffers are needed: without them a sum waits for a path that the fork keeps waiting."""
    conv = SpectralConv(channels=1, kernel=1)
    network = Network(name="bare", shape=(1, 8, 8), layers=(
        conv, replace(conv, name="b"), AddLayer(inputs=("spectral_conv0", "b")), Dense(outputs=2)))
    r = rng("bare")
    params, images = tiny.parameters(network, r), tiny.images(network, r, 4)
    q = quantise(network, params, images, PRESETS["default"])
    with pytest.raises(SimulationFailure):
        run_case(emit(Bare(q), "bare"), "bare", input=images.reshape(len(images), -1).astype(int),
                 expected=[0] * 12, source="i_", sink="o_", stalls=["none"], patience=5000)
