# amaranth: UnusedElaboratable=no
"""Networks of every shape of input and every answer, as emitted: bits, cycles, multipliers and memory, and the guard."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from hadamac.cost.estimate import estimate, plan
from hadamac.network.source import source_frames
from hadamac.quantised import PRESETS
from hadamac.quantised.quantise import quantise
from hadamac_hw.base.emit import emit
from hadamac_hw.network import Top
from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.verify import expected_words, sent_words
from support import tiny
from support.phases import Phase, play_phases
from support.seeds import rng

NETWORKS = tiny.shapes()


def fields(words: np.ndarray, bits: int, count: int) -> np.ndarray:
    """Return the signed numbers (n, beats, count) in words of fields of `bits` bits."""
    parts = [[[(int(word) >> (k * bits)) & ((1 << bits) - 1) for k in range(count)] for word in frame] for frame in words]
    numbers = np.array(parts, dtype=object)
    return np.where(numbers >= 1 << (bits - 1), numbers - (1 << bits), numbers).astype(np.int64)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_bits_cycles_and_size(name):
    """Every word of every answer, the estimated latency and interval, and what the text has of memory and multipliers."""
    check(NETWORKS[name], rng("shapes", name), f"shape_{name}")


@pytest.mark.parametrize("name", ["rect", "mix1", "valm", "norm"])
def test_iterative_transforms(name):
    """Transforms that calculate one butterfly a cycle give the same bits with four multipliers each."""
    check(NETWORKS[name], rng("shapes", name), f"iterative_{name}", transforms="iterative")


def test_words_of_eight_bits():
    """The shortest words that formats may have."""
    formats = replace(PRESETS["compact"], width=8, twiddle_width=8, weight_width=6)
    check(NETWORKS["fno"], rng("eight bits"), "shape_eight_bits", formats=formats)


@pytest.mark.parametrize("name", [name for name in tiny.sizes() if name != "large"])
def test_sizes_that_people_bring(name):
    """Colour of 64 x 64 pixels, and rectangles of 16 x 64 and 64 x 16."""
    check(tiny.sizes()[name], rng("sizes", name), f"size_{name}", count=3, stalls=("none",))


def check(network, r, module, count=5, stalls=("none", "both"), transforms="streaming", formats=PRESETS["default"]) -> None:
    """Simulate a network with random weights and compare everything with prediction and estimate."""
    q = quantise(network, tiny.parameters(network, r), tiny.images(network, r, 16), formats)
    images = tiny.images(network, r, count)
    folding = plan(q, transforms=transforms)
    e, text = estimate(q, folding), emit(Top(q, folding=folding), module)
    arrays = re.findall(r"^ *reg (?:signed )?(?:\[(\d+):0\] )?\S+ \[(\d+):0\];$", text, re.M)
    assert sum((int(high or 0) + 1) * (int(last) + 1) for high, last in arrays) == e.memory_bits
    assert len(re.findall(r" \* \$signed\(", text)) == e.multipliers
    frames, prediction = source_frames(network, images), q.predict(images)
    final = {"status": int(prediction.overflow.any())}
    options = {"input": sent_words(q, frames), "expected": expected_words(q, prediction), "final": final}
    results = run_case(text, module, **options, expected_latency=e.latency, stalls=list(stalls))
    starts = results["none"].output_cycles.reshape(len(images), -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts)[1:], e.interval)  # of whatever stage is slowest, from the second frame on


def test_words_on_the_ports():
    """The order of the fields of a beat, written out: channels of a pixel, parts of a bin, words of 32 bits."""
    q, images = tiny.quantised(NETWORKS["valm"], r := rng("ports")), tiny.images(NETWORKS["valm"], r, 2)
    frames = source_frames(q.network, images)
    taken = fields(sent_words(q, frames), 8, 2)
    np.testing.assert_array_equal(taken, np.moveaxis(frames, 1, -1).reshape(2, 54, 2))
    prediction = q.predict(images)
    sent = fields(expected_words(q, prediction), 16, 3)
    for y, x in np.ndindex(8, 16):
        np.testing.assert_array_equal(sent[:, 16 * y + x], prediction.words[:, :, y, x])
    q, images = tiny.quantised(NETWORKS["bins"], r), tiny.images(NETWORKS["bins"], r, 2)
    prediction = q.predict(images)
    sent = fields(expected_words(q, prediction), 16, 2).reshape(2, 3, 4, 3, 2)
    for c, v, u in np.ndindex(3, 4, 3):
        np.testing.assert_array_equal(sent[:, c, v, u, 0] + 1j * sent[:, c, v, u, 1], prediction.words[:, c, u, v])
    q, images = tiny.quantised(NETWORKS["norm"], r), tiny.images(NETWORKS["norm"], r, 2)
    prediction = q.predict(images)
    np.testing.assert_array_equal(fields(expected_words(q, prediction), 32, 1)[..., 0], prediction.words)
    np.testing.assert_array_equal(fields(sent_words(q, source_frames(q.network, images)), 16, 3), np.swapaxes(images, 1, 2))


@pytest.mark.parametrize("name", ["rgb", "oned"])
def test_broken_frames_of_several_channels(name):
    """Short frames are filled with zeros, long ones cut, and the flag tells it; the frames between are as ever."""
    network, r = NETWORKS[name], rng("broken", name)
    q = tiny.quantised(network, r, count=16)
    frames = source_frames(network, tiny.images(network, r, 8)) // 2
    module, pixels = f"shape_{name}", network.given[0] * network.given[1]
    half = frames[0].reshape(network.channels, -1).copy()
    half[:, pixels // 2 :] = 0
    half = half.reshape(frames[0].shape)
    a, b, c = frames[1:4]

    def words(*parts):
        return sent_words(q, np.array(parts))

    def answers(*parts):
        return Beats.of(expected_words(q, q.predict(np.array(parts).reshape(-1, *network.shape))))

    def sent(*pieces):
        last = np.concatenate([np.arange(len(p)) == len(p) - 1 for p in pieces])
        return Beats.of(np.concatenate(pieces).astype(np.int64), last)

    whole = [words(x)[0] for x in (a, b, c)]
    long = np.concatenate([whole[1], whole[2][:7]])
    assert not q.predict(np.array([half, a, b, c]).reshape(-1, *network.shape)).overflow.any()
    phases = [Phase(sent(*whole), answers(a, b, c), final={"status": 0}),
              Phase(sent(whole[2], words(frames[0])[0][: pixels // 2], long, whole[0]), answers(c, half, b, a), final={"status": 2}),
              Phase(sent(whole[0], whole[1]), answers(a, b), final={"status": 0})]
    play_phases(emit(Top(q), module), module, phases, zero=("status", "m_axis_tvalid"))
