# amaranth: UnusedElaboratable=no
"""Networks whose stages have widths of their own, as emitted: bits, cycles, memory; and the block that resizes words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hadamac.cost.estimate import estimate
from hadamac.cost.search import search
from hadamac.model.resize import ResizePlan
from hadamac.quantised import PRESETS, Formats
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward
from hadamac_hw.base.emit import emit
from hadamac_hw.base.resize import Resize
from hadamac_hw.network import Top
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.verify import expected_words, sent_words
from support import tiny
from support.cores import Core
from support.seeds import rng

NETWORKS = tiny.every() | tiny.shapes()
WIDTHS = {
    # Words become shorter and longer again, in maps and in bins, at the input and at the end.
    "pool_relu": {"fft0": (14, None), "hadamard0": (17, 4), "ifft0": (12, None), "relu0": (12, None), "hadamard1": (15, 6),
                  "relu1": (11, None), "dense": (13, 3)},
    "normalise_pool": {"hadamard0": (14, 9), "normalise0": (12, None), "dense": (16, 4)},
    # A join of branches of different widths, and a fork to stages of different widths.
    "bottleneck": {"fft0": (12, None), "relu0": (17, None), "hadamard1": (13, 5), "relu1": (12, None)},
    "nested": {"hadamard0": (15, 7), "relu0": (12, None), "add0": (14, None), "fft1": (13, None), "dense": (12, 5)},
    # Maps are the answer, words of another width; two channels of signals.
    "res1": {"hadamard0": (14, 5), "relu0": (12, None), "add0": (17, None), "quadratic0": (13, None)},
    "vals": {"hidden0": (12, 5), "tanh0": (14, None), "dense": (13, 4)},
}


def simulated(qnet, images, module: str):
    """Compare words, cycles and memory of a network's Verilog with the prediction and the estimate."""
    e, text = estimate(qnet), emit(Top(qnet), module)
    arrays = re.findall(r"^ *reg (?:signed )?(?:\[(\d+):0\] )?\S+ \[(\d+):0\];$", text, re.M)
    assert sum((int(high or 0) + 1) * (int(last) + 1) for high, last in arrays) == e.memory_bits
    frames = images.reshape(len(images), *qnet.network.shape)
    frames = frames[:, :, None] if qnet.network.flat else frames
    prediction = qnet.predict(images)
    results = run_case(
        text, module, input=sent_words(qnet, frames), expected=expected_words(qnet, prediction),
        final={"status": int(prediction.overflow.any())}, expected_latency=e.latency, stalls=["none", "both"])
    starts = results["none"].output_cycles.reshape(len(images), -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts)[1:], e.interval)


@pytest.mark.parametrize("name", list(WIDTHS))
def test_bits_cycles_and_memory(name):
    network, r = NETWORKS[name], rng("stage widths", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 16)
    names = {stage.name for stage in network.stages}
    formats = PRESETS["default"]
    for stage, (width, weights) in WIDTHS[name].items():
        assert stage in names, names
        given = {"width": width} | ({"weight_width": weights} if weights else {})
        formats = formats.changed(stage, **given)
    qnet = quantise(network, params, images, formats)
    assert any(plan and plan.drop > 0 for k in range(len(qnet.stages)) for plan in qnet.resizes(k))
    simulated(qnet, images[:5], f"widths_{name}")


@pytest.mark.parametrize(("in_width", "width"), [(16, 15), (17, 10), (12, 11)])
def test_resize(in_width, width):
    """The block under the stall matrix.  Words that gain bits pass it by wires, which the networks above test."""
    plan, r = ResizePlan(in_width=in_width, width=width), rng("resize", in_width, width)
    half = 2 ** (in_width - 1)
    x = r.integers(-half, half, (6, 24)) + 1j * r.integers(-half, half, (6, 24))
    x[:, :2] = -half, half - half // 4  # the ends, and none that is rounded beyond them
    x = np.minimum(x.real, half - 2**plan.drop) + 1j * np.minimum(x.imag, half - 2**plan.drop)
    x[2, 5] = half - 1  # rounded beyond full scale
    y, over = plan.run(x)
    assert over.tolist() == [k == 2 for k in range(6)]
    core = Core(Resize(plan), f"resize_{in_width}_{width}")
    core.play_all(x, y, over, interval=24)


def test_a_searched_artifact(tmp_path):
    """The Verilog of the formats that a search finds, from the artifact that holds them."""
    network, r = tiny.two_groups(), np.random.default_rng(3)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 40)
    labels = forward(network, params, images).argmax(1)
    formats = Formats(width=12, twiddle_width=12, weight_width=6, calibrated=True)
    found = search(network, params, images[:16], images[16:], labels[16:], formats=formats, loss=8.0)
    assert found.best.qnet.formats.stages and found.best.memory_bits < found.start.memory_bits
    save(Artifact(found.best.qnet, params), tmp_path / "a")
    simulated(load(tmp_path / "a").qnet, images[:5], "searched")
