# amaranth: UnusedElaboratable=no
"""Networks of every kind of stage, as emitted: bits, cycles, multipliers and memory; and that dead bins are dead."""

from __future__ import annotations

import re

import numpy as np
import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.cost.estimate import estimate, plan
from hadamac.model.crop import crop, to_beats
from hadamac.network.liveness import analyse
from hadamac.quantised import PRESETS
from hadamac.quantised.quantise import quantise
from hadamac.quantised.unpruned import unpruned
from hadamac_hw.base.block import Block
from hadamac_hw.base.emit import emit
from hadamac_hw.base.stream import Complex, chained, frames
from hadamac_hw.network import Top, build_stages
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.verify import expected_words
from support import tiny
from support.cores import Core
from support.seeds import rng
from support.stimuli import uniform

NETWORKS = tiny.kinds()


def quantised(name: str):
    """Quantised network, parameters, images."""
    network, r = NETWORKS[name], rng("kinds", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 16)
    return quantise(network, params, images, PRESETS["default"]), params, images


# The others are made of blocks that these and test_network.py have.
@pytest.mark.parametrize("name", [n for n in NETWORKS if n not in ("pool_relu", "low_pass_pad", "band", "frozen")])
def test_bits_cycles_and_size(name):
    q, _, images = quantised(name)
    e, module = estimate(q), f"net_{name}"
    text = emit(Top(q), module)
    arrays = re.findall(r"^ *reg (?:signed )?(?:\[(\d+):0\] )?\S+ \[(\d+):0\];$", text, re.M)
    assert sum((int(high or 0) + 1) * (int(last) + 1) for high, last in arrays) == e.memory_bits
    assert len(re.findall(r" \* \$signed\(", text)) == e.multipliers
    images = images[:5]
    prediction = q.predict(images)
    results = run_case(
        text, module, input=images.reshape(len(images), -1).astype(int),
        expected=expected_words(q, prediction), final={"status": int(prediction.overflow.any())},
        expected_latency=e.latency, stalls=["none", "both"])
    # The interval of whatever stage is slowest, from the second frame on.
    starts = results["none"].output_cycles.reshape(len(images), -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts)[1:], e.interval)


class Tail(Block):
    """The blocks of a network from a stage that takes a spectrum on."""

    def __init__(self, q, first: str):
        nodes = build_stages(q, plan(q))
        names = [node.name for node in nodes]
        self.blocks = [(node.name, node.block) for node in nodes[names.index(first):]]
        self.frame = (self.blocks[0][1].frame[0], q.dense.plan.outputs + 1)
        width = q.formats
        super().__init__({"i": In(frames(Complex(width.width))), "o": Out(frames(signed(width.logit_width)))})

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i)), wiring.flipped(self.o))
        return m


def spectral_inputs(q):
    """``(index, stage, mask of live bins)`` of every stage that takes bins, but for crops and inverse transforms."""
    edges = analyse(q.network.steps)
    for k, s in enumerate(q.stages):
        if s.stage.kind in ("multiply", "bin", "normalise", "linear") and s.stage.radius_in is not None:
            edge = edges[q.network.steps.index(s.stage.step)]
            yield k, s, crop(~edge.dead, s.stage.radius_in)


def words_before(q, index: int, images):
    """Words that reach a stage."""
    x = images[:, None].astype(np.float64) * 2.0**q.pixel_shift
    for s in q.stages[:index]:
        x = s.run(x)[0]
    return x


def answer(q, index: int, x):
    """Logits of the words before a stage."""
    for s in q.stages[index:]:
        x = s.run(x)[0]
    return x


@pytest.mark.parametrize("name", list(NETWORKS))
def test_dead_bins_change_no_bit_of_the_model(name):
    """Of the network with its dead bins put back, at every edge that carries bins."""
    q, params, images = quantised(name)
    whole, r = unpruned(q, params), rng("dead", name)
    for index, s, live in spectral_inputs(whole):
        x = words_before(whole, index, images[:6])
        noise = uniform(r, q.formats.width, *x.shape)
        changed = np.where(live, x, noise)
        np.testing.assert_array_equal(answer(whole, index, changed), answer(whole, index, x), s.stage.name)


@pytest.mark.parametrize("name", ["tanh_bins", "low_pass_pad", "band", "frozen"])
def test_dead_bins_change_no_bit_of_the_circuit(name):
    """The same of the emitted Verilog, from the first stage on that takes bins."""
    q, params, images = quantised(name)
    whole = unpruned(q, params)
    index, s, live = next(spectral_inputs(whole))
    assert not live.all()
    x = words_before(whole, index, images[:3])
    changed = np.where(live, x, uniform(rng("dead", name), q.formats.width, *x.shape))
    logits = answer(whole, index, x)
    want = np.concatenate([logits, logits.argmax(1)[:, None]], axis=1)
    core = Core(Tail(whole, s.stage.name), f"tail_{name}")
    core.play(np.concatenate([to_beats(x), to_beats(changed)]), np.concatenate([want, want]), stalls=["none", "both"])


@pytest.mark.parametrize("name", ["pool_relu", "relu_pool", "normalise_pool", "max_pool"])
def test_live_bins_do_change_the_answer(name):
    """Liveness is tight: every bin that it does not call dead changes some logit of some image."""
    q, params, images = quantised(name)
    whole = unpruned(q, params)
    index, _, live = next(spectral_inputs(whole))
    x = words_before(whole, index, images[:2])
    before = answer(whole, index, x)
    for u, v in np.argwhere(live):
        changed = x.copy()
        changed[..., u, v] += 2.0 ** (q.formats.width - 3)
        assert (answer(whole, index, changed) != before).any(), (u, v)
