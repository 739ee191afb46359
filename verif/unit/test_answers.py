"""The command line with networks of every shape and every answer, not of classes alone."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from hadamac.quantised import PRESETS
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import quantise
from support import commands, tiny
from support.seeds import rng

hadamac = commands.hadamac
ANSWERS = {"rect": "logits", "bins": "bins", "vals": "values", "valm": "maps", "res1": "maps", "norm": "values"}


@pytest.fixture
def made(tmp_path):
    """Return a function that saves an artifact of a network and images for it."""
    def make(name: str):
        network, r = tiny.shapes()[name], rng("answers", name)
        params, images = tiny.parameters(network, r), tiny.images(network, r, 6)
        artifact = Artifact(quantise(network, params, images, PRESETS["default"]), params)
        save(artifact, tmp_path / name)
        np.save(tmp_path / "images.npy", images)
        return artifact, images, tmp_path / name

    return make


@pytest.mark.parametrize("name", list(ANSWERS))
def test_predict_writes_the_words_of_every_answer(hadamac, made, tmp_path, name):
    artifact, images, path = made(name)
    code, out, err = hadamac("predict", path, "--images", tmp_path / "images.npy", "--out", tmp_path / "out.npy",
                             "--trace", tmp_path / "trace")
    assert (code, err) == (0, ""), err
    assert "Understood as" in out
    prediction = artifact.predict(images)
    words = np.load(tmp_path / "out.npy")
    assert words.dtype == np.int64
    np.testing.assert_array_equal(words[..., 0] + 1j * words[..., 1] if name == "bins" else words, prediction.words)
    formats = json.loads((tmp_path / "trace" / "formats.json").read_text())
    last = list(formats)[-1]
    assert list(np.load(tmp_path / "trace" / f"{last}.npy").shape) == formats[last]["shape"]


@pytest.mark.parametrize("name", list(ANSWERS))
def test_every_command_knows_every_answer(hadamac, made, tmp_path, name):
    """What is shown says the answer and the input; the estimate has both foldings."""
    artifact, _, path = made(name)
    code, out, err = hadamac("show", path, "--images", tmp_path / "images.npy", "--pictures", tmp_path / "pictures")
    assert code == 0, err
    assert list((tmp_path / "pictures").glob("*.png"))
    code, out, err = hadamac("explain", path)
    assert (code, err) == (0, ""), err
    figures = {}
    for transforms in ("streaming", "iterative"):
        code, out, err = hadamac("estimate", path, "--transforms", transforms)
        assert (code, err) == (0, ""), err
        assert f"{transforms} transforms" in out
        figures[transforms] = int(re.search(r"network +│ +[\d,]+ │ +([\d,]+) │", out)[1].replace(",", ""))
    assert figures["iterative"] < figures["streaming"]
    code, out, err = hadamac("estimate", path, "--transforms", "pipelined")
    assert code == 2 and "Transforms must be one of streaming, iterative, not 'pipelined'" in err and err.count("\n") == 1


def test_words_of_weights_have_the_width_that_is_asked_for(hadamac, tmp_path):
    code, _, err = hadamac("quantise", "fashion-32", "--weight-width", 6, "--out", tmp_path / "six")
    assert code == 0, err
    a = load(tmp_path / "six")
    assert a.qnet.formats.weight_width == 6
    assert max(abs(s.plan.weights.real).max() for s in a.qnet.of_kind("multiply")) <= 32
    code, _, err = hadamac("quantise", "fashion-32", "--weight-width", 99, "--out", tmp_path / "no")
    assert code == 2 and "99" in err and err.count("\n") == 1 and not (tmp_path / "no").exists()


def test_targets_in_one_archive(hadamac, made, tmp_path):
    """Values to be answered may stand beside the samples, as classes may; what is not finite is named."""
    artifact, images, path = made("vals")
    targets = artifact.predict(images).values
    for names in (("x", "y"), ("X", "Y")):
        np.savez(tmp_path / "both.npz", **dict(zip(names, (images, targets))))
        code, out, err = hadamac("predict", path, "--images", tmp_path / "both.npz")
        assert (code, err) == (0, "") and "error" in out, err
    targets[3] = np.nan
    np.savez(tmp_path / "both.npz", x=images, y=targets)
    code, _, err = hadamac("predict", path, "--images", tmp_path / "both.npz")
    assert code == 2 and err == "hadamac: error: Targets of both.npz must be finite, not nan at [3, 0]\n"


def test_a_part_is_understood_as_the_whole(hadamac, made, tmp_path):
    """Floats from 0 to 1 of which some images have only 0 and 1: no later step reads a part of them anew."""
    _, images, path = made("vals")
    floats = images / 255
    floats[0] = 0
    floats[0, 0] = 1
    np.save(tmp_path / "floats.npy", floats)
    for command in (("predict",), ("show", "--index", 0, "--pictures", tmp_path / "p"), ("show", "--errors")):
        code, _, err = hadamac(command[0], path, *command[1:], "--images", tmp_path / "floats.npy")
        assert (code, err) == (0, "")
