"""Artifacts of every kind of network: round trips, and damage in what they say of a stage."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hadamac.errors import ArtifactError
from hadamac.quantised import PRESETS, Formats, artifact
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import quantise
from support import tiny
from support.seeds import rng

KINDS = tiny.every()
STAGES = {  # facts that a stage of a kind has beside its name and fraction bits
    "fft": {"rows", "columns"}, "ifft": {"rows", "columns"}, "hadamard": set(), "dense": set(), "relu": set(),
    "modulus": set(), "crop": set(), "add": set(), "max_pool": set(), "canvas": set(), "mix": set(), "normalise": {"words"}, "modrelu": {"modrelu"},
    "quadratic": {"quadratic"}, "tanh": {"table"}, "hard-tanh": {"table"}, "leaky": {"table"}, "gelu": {"table"},
    "sigmoid": {"table"}, "silu": {"table"},
}


@cache
def made(name: str, formats: Formats = PRESETS["default"]) -> tuple[Artifact, np.ndarray]:
    network, r = KINDS[name], rng("records", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 12)
    params = {k: v.astype(np.float32).astype(float) for k, v in params.items()}  # as they are stored
    return Artifact(quantise(network, params, images, formats), params), images


def equal(a, b) -> bool:
    """Of operations: arrays word by word, the rest as it compares."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if hasattr(a, "__dataclass_fields__"):
        return all(equal(getattr(a, f), getattr(b, f)) for f in a.__dataclass_fields__)
    return a == b


@pytest.mark.parametrize("name", list(KINDS))
def test_round_trip(tmp_path, name):
    """Every operation comes back as it was; what is loaded saves to the same bytes and predicts the same words."""
    source, images = made(name)
    save(source, tmp_path / "a")
    again = load(tmp_path / "a")
    assert again.qnet.network == source.qnet.network and again.qnet.formats == source.qnet.formats
    for a, b in zip(source.qnet.stages, again.qnet.stages, strict=True):
        assert a.stage == b.stage and a.fraction == b.fraction
        assert type(b.fraction) is int and equal(a, b), a.stage.name
    for parameter, value in source.params.items():
        np.testing.assert_array_equal(again.params[parameter], value)
    a, b = source.predict(images, trace=True), again.predict(images, trace=True)
    for edge, words in a.trace.items():
        np.testing.assert_array_equal(words, b.trace[edge], edge)
    save(again, tmp_path / "b")
    for file in ("artifact.json", "weights.safetensors", "float.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_an_artifact_without_a_correction_has_none(tmp_path):
    """Descriptions of before there was one load as they did, and one with it keeps it."""
    source, images = made("modulus")
    save(source, tmp_path / "a")
    assert load(tmp_path / "a").qnet["normalise0"].plan.correction == 1
    path = tmp_path / "a" / "artifact.json"
    manifest = json.loads(path.read_text())
    removed = [layer.pop("correction") for layer in manifest["network"]["layers"] if layer["type"] == "normalise"]
    manifest["checksum"] = artifact._checksum(manifest)
    path.write_text(json.dumps(manifest))
    again = load(tmp_path / "a")
    assert removed == [1] and again.qnet["normalise0"].plan == replace(source.qnet["normalise0"].plan, correction=0)


@pytest.mark.parametrize("name", ["max_pool", "quadratic"])
def test_wide_weights(tmp_path, name):
    """Words of more than eight bits, and real weights."""
    source, images = made(name, Formats(width=17, weight_width=16, twiddle_width=18, calibrated=True))
    save(source, tmp_path / "a")
    again = load(tmp_path / "a")
    assert source.qnet.stages[1].record()[1]["weight"].dtype == np.int16
    np.testing.assert_array_equal(source.predict(images).logits, again.predict(images).logits)


def test_facts_of_every_kind_of_stage():
    """Of a stage only what its network does not say; arrays for products and the dense layer alone."""
    seen = set()
    for name in KINDS:
        qnet = made(name)[0].qnet
        for s in qnet.stages:
            facts, arrays = s.record()
            kind = s.stage.name.rstrip("0123456789")
            seen.add(kind)
            assert set(facts) == STAGES[kind], s.stage.name
            assert set(arrays) == ({"weight", "bias", "shift", "exponent"}
                                  if kind in ("hadamard", "dense", "mix") else set())
            assert json.loads(json.dumps(facts)) is not None
    assert seen == set(STAGES)


def stage(manifest: dict, name: str) -> dict:
    return next(s for s in manifest["stages"] if s["name"] == name)


def change(name, /, **facts):
    return lambda manifest: stage(manifest, name).update(facts)


def without(name, fact):
    return lambda manifest: stage(manifest, name).pop(fact)


def table(name, /, **facts):
    return lambda manifest: stage(manifest, name)["table"].update(facts)


def quadratic(**facts):
    return lambda manifest: stage(manifest, "quadratic0")["quadratic"].update(facts)


SCHEMA, STAGE = "Artifact file {path}/artifact.json is damaged: ", "Artifact stage {stage} is damaged: "
QUADRATIC = SCHEMA + "$.stages[3].quadratic"
INCONSISTENT = "Artifact {path} is inconsistent: "


@pytest.mark.parametrize(("name", "damage", "message"), [
    ("band", without("fft0", "rows"), STAGE.format(stage="fft0") + "'rows'"),
    ("band", without("ifft0", "columns"), STAGE.format(stage="ifft0") + "'columns'"),
    ("band", change("ifft0", rows=[1, 0, 1]), INCONSISTENT + "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1, 0, 1)"),
    ("band", change("fft0", columns=[2, 0, 0, 0]), SCHEMA + "$.stages[0].columns[0]: 2 is not one of [0, 1]"),
    ("band", change("fft0", fraction="7"), SCHEMA + "$.stages[0].fraction: '7' is not of type 'integer'"),
    ("band", change("fft0", fraction=7.5), SCHEMA + "$.stages[0].fraction: 7.5 is not of type 'integer'"),
    ("band", change("fft0", code="x"),
     SCHEMA + "$.stages[0]: Additional properties are not allowed ('code' was unexpected)"),
    ("band", change("fft0", name="fft7"),
     "Artifact {path} must have the stages fft0, hadamard0, ifft0, leaky0, fft1, hadamard1, dense, not fft7, hadamard0, "
     "ifft0, leaky0, fft1, hadamard1, dense"),
    ("band", without("leaky0", "table"), STAGE.format(stage="leaky0") + "'table'"),
    ("band", table("leaky0", shift=99), INCONSISTENT + "Pwl shift must be an integer from 0 to 31, not 99"),
    ("band", table("leaky0", slopes=[1]),
     INCONSISTENT + "Pwl must have 1 to 64 slopes, as many offsets and one breakpoint fewer, not 1, 2 and 1"),
    ("band", table("leaky0", width=12), INCONSISTENT + "Stage leaky0 must have words of 16 bits, not 12"),
    ("band", table("leaky0", breakpoints="none"),
     SCHEMA + "$.stages[3].table.breakpoints: 'none' is not of type 'array'"),
    ("band", table("leaky0", slope_width=10**10),
     INCONSISTENT + "Pwl slope_width must be an integer from 2 to 24, not 10000000000"),
    ("band", table("leaky0", slope_width=-1), INCONSISTENT + "Pwl slope_width must be an integer from 2 to 24, not -1"),
    ("band", table("leaky0", slope_width=16.0), SCHEMA + "$.stages[3].table.slope_width: 16.0 is not of type 'integer'"),
    ("band", table("leaky0", shift=10**10), INCONSISTENT + "Pwl shift must be an integer from 0 to 31, not 10000000000"),
    ("band", table("leaky0", shift=True), SCHEMA + "$.stages[3].table.shift: True is not of type 'integer'"),
    ("band", table("leaky0", shift="9"), SCHEMA + "$.stages[3].table.shift: '9' is not of type 'integer'"),
    ("band", table("leaky0", shift=10**30),
     SCHEMA + f"$.stages[3].table.shift: {10**30} is greater than the maximum of {2**53}"),
    ("band", table("leaky0", slopes=[0.5, 1]), SCHEMA + "$.stages[3].table.slopes[0]: 0.5 is not of type 'integer'"),
    ("band", change("fft0", rows=[True, 0, 0, 0]), SCHEMA + "$.stages[0].rows[0]: True is not of type 'integer'"),
    ("band", change("fft0", fraction=float("nan")), "Artifact file {path}/artifact.json is damaged: NaN is not a number "
     "in JSON"),
    ("band", lambda m: m["formats"].update(headroom=float("inf")),
     "Artifact file {path}/artifact.json is damaged: Infinity is not a number in JSON"),
    ("band", lambda m: m["accuracy"].update(float=None, fixed=0.5), "Artifact file {path}/artifact.json is damaged: "
     "$.accuracy must have both float and fixed, or neither"),
    ("band", change("fft0", name="\x1b[31m"),
     SCHEMA + "$.stages[0].name: '\\x1b[31m' does not match '^[A-Za-z0-9_-]{1,64}$'"),
    ("band", lambda m: m["provenance"].update(data="a\nb"), SCHEMA + "$.provenance.data: 'a\\nb' does not match .*"),
    ("quadratic", quadratic(coefficient_width=10**10),
     INCONSISTENT + "Quadratic coefficient_width must be an integer from 2 to 18, not 10000000000"),
    ("quadratic", quadratic(shifts=[1, 10**9]),
     INCONSISTENT + "Quadratic shifts must be from 0 to 31 and 33, not (1, 1000000000)"),
    ("tanh_bins", table("tanh0", mirror={"kind": "none", "word": 0}), SCHEMA + "$.stages[2].table.mirror.kind: 'none' is not one of ['odd', 'even']"),
    ("tanh_bins", table("tanh0", slope_width=2), INCONSISTENT + r"Pwl slopes must fit 2 signed bits, not -?\d+"),
    ("modrelu", without("modrelu0", "modrelu"), STAGE.format(stage="modrelu0") + "'modrelu'"),
    ("modrelu", change("modrelu0", modrelu=[-3]), INCONSISTENT + "Stage modrelu0 must have a bias for each of 2 channels, not 1"),
    ("modrelu", change("modrelu0", modrelu=[-3, -3, -3]),
     INCONSISTENT + "Stage modrelu0 must have a bias for each of 2 channels, not 3"),
    ("modrelu", change("modrelu0", modrelu=[-3, 1]), INCONSISTENT + "ModRelu bias must be from -32768 to 0, not 1; above 0 "
     "the gain (|z| + b) / |z| has no bound near z = 0"),
    ("modrelu", change("modrelu0", modrelu=["-3", 0]), SCHEMA + "$.stages[2].modrelu[0]: '-3' is not of type 'integer'"),
    ("normalise_pool", without("normalise0", "words"), STAGE.format(stage="normalise0") + "'words'"),
    ("normalise_pool", change("normalise0", words=16),
     INCONSISTENT + "Normalise fraction must be an integer from 0 to 15, not 16"),
    ("normalise_pool", change("normalise0", words=True), SCHEMA + "$.stages[2].words: True is not of type 'integer'"),
    ("quadratic", without("quadratic0", "quadratic"), STAGE.format(stage="quadratic0") + "'quadratic'"),
    ("quadratic", quadratic(c2=1 << 20), INCONSISTENT + "Quadratic c2 must fit 16 signed bits, not 1048576"),
    ("quadratic", quadratic(c0=None), QUADRATIC + ".c0: None is not of type 'integer'"),
    ("quadratic", quadratic(shifts=[1]), QUADRATIC + ".shifts: [1] is too short"),
    ("quadratic", quadratic(shifts=3), QUADRATIC + ".shifts: 3 is not of type 'array'"),
    ("quadratic", quadratic(code=1), QUADRATIC + ": Additional properties are not allowed ('code' was unexpected)"),
    ("quadratic", quadratic(width=17), INCONSISTENT + "Stage quadratic0 must have words of 16 bits, not 17"),
    ("frozen", lambda m: m["network"]["layers"].pop(1),
     INCONSISTENT + "Parameters must be conv0.kernel, conv0.bias, conv1.kernel, conv1.bias, norm0.mean, norm0.deviation, "
     "dense.weight, dense.bias, not 'norm1.deviation'"),
    ("frozen", lambda m: m["network"]["layers"][1].update(statistics="frame"),
     "Artifact {path} must have the stages fft0, hadamard0, normalise0, crop0, ifft0, relu0, fft1, hadamard1, ifft1, relu1, "
     "dense, not fft0, hadamard0, ifft0, relu0, fft1, hadamard1, ifft1, relu1, dense"),
    ("max_pool", lambda m: m["network"]["layers"][0].update(band=3),
     "Artifact file {path}/weights.safetensors must hold hadamard0.weight, integers (2, 1, 7, 4, 2), not int8 "
     "(2, 1, 16, 9, 2)"),
    ("relu_pool", lambda m: m["network"]["layers"][3].update(outputs=4),
     "Artifact file {path}/weights.safetensors must hold dense.weight, integers (4, 2, 7, 4, 2), not int8 (3, 2, 7, 4, 2)"),
])
def test_damaged_facts(tmp_path, name, damage, message):
    """One line, whatever is missing, of another type, or does not fit its network."""
    path = save(made(name)[0], tmp_path / "a")
    manifest = json.loads((path / "artifact.json").read_text())
    damage(manifest)
    manifest["checksum"] = artifact._checksum(manifest)
    (path / "artifact.json").write_text(json.dumps(manifest))
    whole = re.escape(message.replace("{path}", str(path))).replace(r"\.\*", ".*").replace(r"\-\?\\d\+", r"-?\d+")
    with pytest.raises(ArtifactError, match=rf"\A{whole}\Z") as error:
        load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("change", [lambda w: w.astype(np.float32), lambda w: w[:-1], None], ids=["floats", "short", "gone"])
@pytest.mark.parametrize("tensor", ["hadamard0.weight", "hadamard1.shift", "dense.bias"])
def test_damaged_arrays(tmp_path, tensor, change):
    source = made("pool_relu")[0]
    path = save(source, tmp_path / "a")
    tensors = artifact.safetensors.numpy.load_file(path / "weights.safetensors")
    shape = tensors[tensor].shape
    bad = tensors.pop(tensor)
    if change is not None:
        tensors[tensor] = change(bad)
    found = "nothing" if change is None else f"{tensors[tensor].dtype} {tensors[tensor].shape}"
    content = artifact.safetensors.numpy.save(tensors)
    (path / "weights.safetensors").write_bytes(content)
    manifest = json.loads((path / "artifact.json").read_text())
    manifest["files"]["weights.safetensors"] = artifact.digest(content)
    manifest["checksum"] = artifact._checksum(manifest)
    (path / "artifact.json").write_text(json.dumps(manifest))
    message = f"Artifact file {path}/weights.safetensors must hold {tensor}, integers {shape}, not {found}"
    with pytest.raises(ArtifactError, match=rf"\A{re.escape(message)}\Z"):
        load(path)
