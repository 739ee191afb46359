"""Search for the least memory within a loss: the limit, the order of steps, determinism, and the command."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from hadamac.cost.estimate import estimate
from hadamac.cost.search import ALL, search
from hadamac.errors import DataError, HadamacError
from hadamac.network import Network, SpectralConv
from hadamac.quantised import PRESETS, Formats
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward
from support import commands, tiny

hadamac = commands.hadamac
SMALL = Formats(width=12, twiddle_width=12, weight_width=5, calibrated=True)


@cache
def problem(values: bool = False):
    """A random network and the answers of its floats, so that every loss is one of fixed point."""
    network = tiny.one_group() if not values else tiny.shapes()["vals"]
    r = np.random.default_rng(11)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 60)
    answers = forward(network, params, images)
    return network, params, images[:20], images[20:], answers[20:] if values else answers[20:].argmax(1)


def found(loss: float, formats: Formats = SMALL, values: bool = False, progress=lambda found, text: None):
    network, params, calibration, images, labels = problem(values)
    return search(network, params, calibration, images, labels, formats=formats, loss=loss, progress=progress)


@pytest.mark.parametrize("values", [False, True])
def test_less_memory_within_the_limit(values):
    network, params, calibration, images, labels = problem(values)
    steps, trials = [], []

    def progress(found, text):
        trials.append(found.trials)
        steps.extend([(found.best.memory_bits, text)] if text else [])

    limit = 2.0
    result = found(limit, values=values, progress=progress)
    assert result.best.loss <= limit and result.best.memory_bits < result.start.memory_bits
    assert result.start.qnet.formats == SMALL and result.start.loss == 0
    # Every step saves memory, and the last one is the result.
    memory = [result.start.memory_bits, *(bits for bits, _ in steps)]
    assert all(a > b for a, b in zip(memory, memory[1:])) and memory[-1] == result.best.memory_bits
    assert trials == list(range(2, result.trials + 1))
    assert re.fullmatch(r"[a-z0-9 ]+: (words|weights) of \d+ bits, [\d,]+ bits of memory, loss [+-]\d+\.\d\d", steps[0][1])
    # Loss and memory are those of the network that is returned, and of one that is quantised anew.
    again = quantise(network, params, calibration, result.best.qnet.formats)
    assert estimate(again).memory_bits == result.best.memory_bits
    def error(q):
        p = q.predict(images)
        return (100 * np.linalg.norm(p.values - labels) / np.linalg.norm(labels) if values
                else 100 * (p.classes != labels).mean())
    np.testing.assert_allclose(error(again) - error(result.start.qnet), result.best.loss, atol=1e-9)


def test_a_search_repeats_itself():
    a, b = found(2.0), found(2.0)
    assert a.best.qnet.formats == b.best.qnet.formats and a.trials == b.trials


def test_a_larger_limit_saves_no_less():
    assert found(20.0).best.memory_bits <= found(2.0).best.memory_bits <= found(0.0).best.memory_bits


def test_no_step_is_left():
    """With no bound on the loss, every width ends at its least, or where a shorter one would save nothing.

    Words must hold the pixels, which have nine bits with a sign.
    """
    formats = found(100.0).best.qnet.formats
    weights = {formats.of(name).weight_width for name in ("hadamard0", "dense")}
    assert weights == {2} and formats.width == 9 and ALL not in formats.stages


@pytest.mark.parametrize(("options", "message"), [
    ({"loss": -1}, "Loss must be a number from 0 to 100, not -1"),
    ({"loss": "1"}, "Loss must be a number from 0 to 100, not '1'"),
    ({"loss": float("nan")}, "Loss must be a number from 0 to 100, not nan"),
    ({"images": np.zeros((0, 8, 8), np.uint8), "labels": np.zeros(0, int)}, "A search needs at least one image, not 0"),
    ({"network": Network(name="b", shape=(1, 8, 8), output="bins", layers=(SpectralConv(channels=2, kernel=3),))},
     "A search needs the output classes, values or maps, not bins"),
])
def test_refusals(options, message):
    network, params, calibration, images, labels = problem()
    given = {"network": network, "params": params, "calibration": calibration, "images": images, "labels": labels}
    with pytest.raises(HadamacError, match=rf"\A{re.escape(message)}\Z") as error:
        search(**given | {"formats": SMALL, "loss": 1.0} | options)
    assert error.type is DataError


def test_the_command(hadamac, tmp_path):
    network, params, calibration, images, labels = problem()
    save(Artifact(quantise(network, params, calibration, SMALL), params), tmp_path / "a")
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "y.npy", labels)
    given = ("--images", tmp_path / "x.npy", "--labels", tmp_path / "y.npy")
    code, out, err = hadamac("quantise", tmp_path / "a", "--out", tmp_path / "q", "--preset", "default", "--weight-width", 5,
                             "--search", "--loss", 3, *given)
    assert code == 0 and "loss" not in err
    assert "[1/1] Search within a loss of 3 points, on the images 1 to 40 of x.npy, y.npy\n" in out
    assert re.search(r"^│ hadamard0 +│ +\d+ │ +\d+ │ +[\d,]+ │$", out, re.M), out
    assert re.search(r"^[\d,]+ bits of memory instead of [\d,]+, loss -?[\d.]+ points on 40 images; \d+ formats measured$",
                     out, re.M)
    artifact = load(tmp_path / "q")
    facts = artifact.provenance
    assert (facts["search_loss"], facts["search"], facts["search_images"]) == (3, "x.npy, y.npy", 40)
    assert facts["preset"] == "default" and facts["weight_width"] == 5
    assert estimate(artifact.qnet).memory_bits < estimate(quantise(network, params, images,
                                                                   PRESETS["default"])).memory_bits


def test_a_search_needs_labels(hadamac, tmp_path):
    network, params, calibration, images, _ = problem()
    save(Artifact(quantise(network, params, calibration, SMALL), params), tmp_path / "a")
    np.save(tmp_path / "x.npy", images)
    code, _, err = hadamac("quantise", tmp_path / "a", "--out", tmp_path / "q", "--search", "--images", tmp_path / "x.npy")
    assert (code, err) == (2, "hadamac: error: Images of x.npy must have labels\n") and not (tmp_path / "q").exists()
