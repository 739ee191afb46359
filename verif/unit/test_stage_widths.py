"""Word and weight widths of single stages: formats, resized words, artifacts, estimates, and refusals."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hadamac.cost.estimate import estimate
from hadamac.errors import ArtifactError, DataError, DescriptionError, FitError, HadamacError
from hadamac.model.resize import ResizePlan
from hadamac.numeric import saturate
from hadamac.ops.formats import Widths
from hadamac.ops.weighted import Weighted
from hadamac.quantised import PRESETS, Formats, QuantNetwork, artifact
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import check_formats, quantise
from hadamac.quantised.reference import forward
from hadamac.quantised.unpruned import unpruned
from hadamac.show.describe import layer_rows
from support import commands, tiny
from support.seeds import rng

hadamac = commands.hadamac
NETWORKS = tiny.every() | tiny.shapes()
DEFAULT = PRESETS["default"]


def refused(message: str, error: type[HadamacError] = DescriptionError):
    return pytest.raises(error, match=rf"\A{re.escape(message)}\Z")


def mixed(network, r, formats: Formats = DEFAULT) -> Formats:
    """Widths of its own for every second stage or so."""
    for stage in network.stages:
        if r.integers(0, 3):
            formats = formats.changed(stage.name, width=int(r.integers(12, 18)))
    for stage in network.stages:
        if stage.kind in ("multiply", "mix", "linear"):
            formats = formats.changed(stage.name, weight_width=int(r.integers(4, 13)))
    return formats


@cache
def made(name: str) -> tuple[QuantNetwork, dict, np.ndarray]:
    network, r = NETWORKS[name], np.random.default_rng(5)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 12)
    params = {k: v.astype(np.float32).astype(float) for k, v in params.items()}
    return quantise(network, params, images, mixed(network, r)), params, images


# Formats

def test_formats_of_a_stage():
    formats = Formats(width=14, stages={"relu0": {"width": 12}, "dense": Widths(weight_width=4), "fft0": {"width": 14}})
    assert formats.of("relu0") == Formats(width=12) and formats.of("dense") == Formats(width=14, weight_width=4)
    assert formats.of("hadamard0") == Formats(width=14) and hash(formats) == hash(Formats(width=14))
    assert list(formats.stages) == ["dense", "relu0"], "a width that is the network's is no width of its own"
    assert str(formats.stages["relu0"]) == "words of 12 bits"
    assert formats.changed("relu0", width=14).changed("dense", weight_width=8) == Formats(width=14)
    assert formats.changed("dense", width=11).stages["dense"] == Widths(width=11, weight_width=4)
    assert replace(formats, width=12).stages == {"dense": Widths(weight_width=4)}
    assert Formats(**json.loads(json.dumps(formats.to_json()))) == formats
    assert "stages" not in Formats().to_json()


@pytest.mark.parametrize(("stages", "message"), [
    ({"relu0": {"width": 7}}, "Formats of the stage relu0: width must be an integer from 8 to 17, not 7"),
    ({"dense": {"weight_width": True}}, "Formats of the stage dense: weight_width must be an integer from 2 to 16, not True"),
    ({"dense": {"logit_width": 9}}, "Formats of the stage dense must be width and weight_width, not 'logit_width'"),
    ({"dense": 4}, "Formats of the stage dense must be widths, not 4"),
    ([4], "Formats stages must be a mapping from names to widths, not [4]"),
])
def test_refusals_of_formats(stages, message):
    with refused(message):
        Formats(stages=stages)


def test_refusals_of_a_network():
    network = tiny.one_group()
    with refused("Formats must be of the stages fft0, hadamard0, ifft0, relu0, dense, not of 'relu7'"):
        check_formats(network, Formats(stages={"relu7": {"width": 12}}))
    with refused("Stage relu0 must have weights to have a weight width, but it has none"):
        check_formats(network, Formats(stages={"relu0": {"weight_width": 4}}))
    large = NETWORKS["normalise_pool"]
    with pytest.raises(FitError, match="cannot have words of 17 bits"):
        check_formats(replace(large, shape=(1, 64, 64)), Formats(width=10, stages={"normalise0": {"width": 17}}))


# Words

@pytest.mark.parametrize("complex_words", [False, True])
def test_resized_words(complex_words):
    """Against integers: half to even, saturated at the end, and exact upwards."""
    x = np.arange(-2048, 2048, dtype=float)
    words = x[:-1] + 1j * x[1:] if complex_words else x
    y, over = ResizePlan(in_width=12, width=9).run(words)
    quotient = [round(int(v) / 8) for v in x]  # Python rounds half to even
    want = np.minimum(quotient, 255)
    np.testing.assert_array_equal(y, want[:-1] + 1j * want[1:] if complex_words else want)
    clipped = np.array(quotient) > 255
    np.testing.assert_array_equal(over, clipped[:-1] | clipped[1:] if complex_words else clipped)
    assert clipped.sum() == 4
    up = ResizePlan(in_width=12, width=17)
    y, over = up.run(words)
    np.testing.assert_array_equal(y, words * 32)
    assert not over.any() and (up.memory_bits, up.latency) == (0, 0)
    with pytest.raises(DataError, match="Resize words must be integers from -2048 to 2047, not -4096"):
        up.run(words * 2)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_words_of_every_stage(name):
    """A prediction is that of the operations on words that are resized here, and it stands for the values."""
    qnet, params, images = made(name)
    got = qnet.predict(images, trace=True)
    given = qnet.network.input_format
    maps = artifact_source(qnet, images)
    widths = {-1: (maps, qnet.formats.width, given.fraction + qnet.pixel_shift)}
    overflow = np.zeros(len(images), dtype=bool)
    for k, op in enumerate(qnet.stages):
        taken, fractions = [], []
        for source in op.stage.sources:
            words, width, fraction = widths[source]
            drop = width - op.formats.width
            parts = [np.real(words), np.imag(words)] if np.iscomplexobj(words) else [words]
            rounded = [np.rint(part / 2.0**drop) for part in parts]
            high = 2.0 ** (op.formats.width - 1) - 1
            overflow |= np.any([(part > high).reshape(len(part), -1).any(1) for part in rounded], axis=0)
            rounded = [np.minimum(part, high) for part in rounded]
            taken.append(rounded[0] + 1j * rounded[1] if len(rounded) > 1 else rounded[0])
            fractions.append(fraction - drop)
        assert qnet.fractions(k) == tuple(fractions)
        words, over = op.run(*taken)
        overflow |= over
        widths[k] = words, op.width, op.fraction
        if op.stage.edge:
            np.testing.assert_array_equal(got.trace[op.stage.edge], words, op.stage.name)
    np.testing.assert_array_equal(got.overflow, overflow)
    assert any(r for k in range(len(qnet.stages)) for r in qnet.resizes(k))
    wanted = forward(qnet.network, params, images)
    assert np.linalg.norm(got.values - wanted) < 0.4 * np.linalg.norm(wanted)


def artifact_source(qnet, images):
    from hadamac.network.source import source_frames, source_words

    return source_words(qnet.network, source_frames(qnet.network, images), qnet.formats.width)


def test_weights_fit_their_widths():
    for name in NETWORKS:
        qnet = made(name)[0]
        for op in qnet.stages:
            if isinstance(op, Weighted):
                limit = 2 ** (op.formats.weight_width - 1)
                parts = np.concatenate([np.real(op.words).ravel(), np.imag(op.words).ravel()])
                assert -limit <= parts.min() and parts.max() < limit and np.abs(parts).max() >= limit / 2 - 0.5


@pytest.mark.parametrize("name", ["low_pass", "relu_pool", "normalise_pool", "nested"])
def test_dead_bins_do_not_matter(name):
    qnet, params, images = made(name)
    a, b = qnet.predict(images), unpruned(qnet, params).predict(images)
    np.testing.assert_array_equal(a.words, b.words)


def test_other_parameters_in_the_same_formats():
    """`renewed` with the same parameters is the same network; with others, formats stay and words follow."""
    for name in NETWORKS:
        qnet, params, images = made(name)
        again = qnet.renewed(params)
        a, b = qnet.predict(images, trace=True), again.predict(images, trace=True)
        for edge, words in a.trace.items():
            np.testing.assert_array_equal(words, b.trace[edge], f"{name} {edge}")
        other = {k: v * 1.25 if k.split(".")[0][:3] in ("con", "mix", "den", "hid") else v for k, v in params.items()}
        changed = qnet.renewed(other)
        assert [op.format for op in changed.stages] == [op.format for op in qnet.stages]
        for op, old in zip(changed.stages, qnet.stages):
            if isinstance(op, Weighted):
                fresh = op.floats(op.stage, other)[0] * 2.0 ** op.exponent.reshape(-1, *[1] * (op.words.ndim - 1))
                np.testing.assert_array_equal(op.words, saturate(np.rint(fresh), op.formats.weight_width))
                assert (op.words != old.words).any()


# Artifacts, estimates, descriptions

@pytest.mark.parametrize("name", ["pool_relu", "max_pool", "pointwise", "nested", "vals", "norm"])
def test_round_trip(tmp_path, name):
    qnet, params, images = made(name)
    save(Artifact(qnet, params), tmp_path / "a")
    again = load(tmp_path / "a")
    assert again.qnet.formats == qnet.formats and qnet.formats.stages
    np.testing.assert_array_equal(again.predict(images).words, qnet.predict(images).words)
    assert estimate(again.qnet) == estimate(qnet)


@pytest.mark.parametrize(("stages", "message"), [
    ({"relu7": {"width": 12}}, "Artifact {path} is inconsistent: Formats must be of the stages fft0, hadamard0, ifft0, relu0, "
     "fft1, hadamard1, ifft1, relu1, dense, not of 'relu7'"),
    ({"relu0": {"width": 99}}, "Artifact file {path}/artifact.json is damaged: $.formats.stages.relu0.width: 99 is greater than "
     "the maximum of 17"),
    ({"relu0": {}}, "Artifact file {path}/artifact.json is damaged: $.formats.stages.relu0: {{}} should be non-empty"),
])
def test_damaged_widths(tmp_path, stages, message):
    qnet, params, _ = made("pool_relu")
    path = save(Artifact(qnet, params), tmp_path / "a")
    manifest = json.loads((path / "artifact.json").read_text())
    manifest["formats"]["stages"] = stages
    manifest["checksum"] = artifact._checksum(manifest)
    (path / "artifact.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError) as error:
        load(path)
    assert str(error.value).startswith(message.format(path=path)[:100])


def test_memory_follows_the_widths():
    network, r = tiny.two_groups(), rng("memory of widths")
    params, images = tiny.parameters(network, r), tiny.images(network, r, 12)
    whole = estimate(quantise(network, params, images, DEFAULT))
    narrow = estimate(quantise(network, params, images, DEFAULT.changed("hadamard1", weight_width=4)))
    by_name = {a.name: a.memory_bits - b.memory_bits for a, b in zip(whole.stages, narrow.stages)}
    words = next(op for op in made("pool_relu")[0].stages if op.stage.name == "hadamard1")
    assert words and {name for name, saved in by_name.items() if saved} == {"hadamard1"} and by_name["hadamard1"] > 0
    resized = quantise(network, params, images, DEFAULT.changed("relu0", width=12))
    (plan,), (back,) = resized.resizes(3), resized.resizes(4)
    assert (plan, back) == (ResizePlan(in_width=16, width=12), ResizePlan(in_width=12, width=16))
    assert estimate(resized).latency == whole.latency + plan.latency


def test_descriptions_name_own_widths(hadamac, tmp_path):
    qnet, params, _ = made("pool_relu")
    rows = {row["stage"]: row["what"] for row in layer_rows(qnet)}
    for name, widths in qnet.formats.stages.items():
        assert rows[name][-1] == str(widths)
    save(Artifact(qnet, params), tmp_path / "a")
    code, out, err = hadamac("estimate", tmp_path / "a")
    assert (code, err) == (0, "")
    for name, widths in qnet.formats.stages.items():
        assert f"widths of {name}: {widths}\n" in out


# Command line

def test_quantise_with_widths_of_stages(hadamac, tmp_path):
    code, _, err = hadamac("quantise", "--out", tmp_path / "q", "--preset", "default", "--weight-width", 6,
                           "--stage", "hadamard1:weights=5", "--stage", "dense:words=15,weights=7")
    assert (code, err) == (0, "")
    formats = load(tmp_path / "q").qnet.formats
    assert formats.stages == {"hadamard1": Widths(weight_width=5), "dense": Widths(width=15, weight_width=7)}
    assert formats.weight_width == 6


@pytest.mark.parametrize(("arguments", "message"), [
    (("--stage", "hadamard0"), "Stage must be written NAME:words=BITS,weights=BITS, for example hadamard0:weights=4, not "
     "'hadamard0'"),
    (("--stage", "hadamard0:bits=3"), "Stage must be written NAME:words=BITS,weights=BITS, for example hadamard0:weights=4, not "
     "'hadamard0:bits=3'"),
    (("--stage", "conv0:weights=4"), "Formats must be of the stages fft0, hadamard0, ifft0, relu0, fft1, hadamard1, ifft1, relu1, "
     "dense, not of 'conv0'"),
    (("--stage", "dense:weights=1"), "Formats of the stage dense: weight_width must be an integer from 2 to 16, not 1"),
    (("--stage", "relu0:weights=4"), "Stage relu0 must have weights to have a weight width, but it has none"),
    (("--loss", "1"), "A loss (--loss) needs --search"),
])
def test_refusals_of_the_command(hadamac, tmp_path, arguments, message):
    code, _, err = hadamac("quantise", "--out", tmp_path / "q", *arguments)
    assert (code, err) == (2, f"hadamac: error: {message}\n") and not (tmp_path / "q").exists()
