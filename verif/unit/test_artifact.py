"""Artifacts: round trip, and refusal of everything that is missing, damaged or foreign."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from hadamac.data import shipped_digits
from hadamac.errors import ArtifactError
from hadamac.ops.product import product_weights
from hadamac.quantised import artifact


@pytest.fixture
def copy(tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(artifact.shipped(), path)
    return path


def refused(message):
    return pytest.raises(ArtifactError, match=f"^{message}$")


def test_round_trip_keeps_every_bit(tmp_path):
    source = artifact.load()
    artifact.save(source, tmp_path / "again")
    again = artifact.load(tmp_path / "again")
    for name in ("artifact.json", "weights.safetensors", "float.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (artifact.shipped() / name).read_bytes(), name
    images = shipped_digits()[0][:20]
    a, b = source.predict(images, trace=True), again.predict(images, trace=True)
    for edge in a.trace:
        np.testing.assert_array_equal(a.trace[edge], b.trace[edge], err_msg=edge)


def test_record_is_true():
    loaded = artifact.load()
    images, labels = shipped_digits()
    assert loaded.accuracy["images"] == 8000
    assert loaded.accuracy["float"] >= 0.987 and loaded.accuracy["fixed"] >= 0.987
    assert (loaded.predict(images).classes == labels).mean() == pytest.approx(0.986)


def test_weights_are_stored_as_the_circuit_holds_them():
    """Words on live bins, real and imaginary parts in a last axis, whatever the order of arrays in memory was."""
    qnet = artifact.load().qnet
    tensors = safetensors.numpy.load_file(artifact.shipped() / "weights.safetensors")
    channels = [f"{name}.{what}" for name in ("hadamard0", "hadamard1", "dense") for what in ("bias", "shift", "exponent")]
    assert set(tensors) == {*channels, "hadamard0.weight", "hadamard1.weight", "dense.weight"}
    for name, shape in (("hadamard0", (8, 1, 15, 8, 2)), ("hadamard1", (16, 8, 7, 4, 2))):
        stored = tensors[f"{name}.weight"]
        assert stored.shape == shape and stored.dtype == np.int8
        np.testing.assert_array_equal(stored[..., 0] + 1j * stored[..., 1], qnet[name].plan.weights)
        # A real kernel's spectrum: column v = 0 holds a bin and its conjugate.
        np.testing.assert_array_equal(stored[..., -np.arange(shape[-3]), 0, :] * [1, -1], stored[..., 0, :])
        # The words of the float kernel, scale of pooling included.
        k = int(name[-1])
        stage = qnet.network.stages[1 + 4 * k]
        exact = product_weights(stage, artifact.load().params)[0] * 2.0 ** qnet[name].exponent[:, None, None, None]
        np.testing.assert_array_equal(np.rint(exact), qnet[name].plan.weights)
    assert tensors["dense.weight"].shape == (10, 16, 8, 8)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_memory_order(tmp_path, order):
    source = artifact.load()
    stages = [replace(op, plan=replace(op.plan, weights=np.asarray(op.plan.weights, order=order)))
              if op.stage.kind in ("multiply", "linear") else op for op in source.qnet.stages]
    assert len({id(op) for op in (*stages, *source.qnet.stages)}) == len(stages) + 3
    params = {name: np.asarray(value, order=order) for name, value in source.params.items()}
    again = artifact.Artifact(replace(source.qnet, stages=tuple(stages)), params, source.accuracy, source.provenance)
    artifact.save(again, tmp_path / "again")
    for name in ("artifact.json", "weights.safetensors", "float.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (artifact.shipped() / name).read_bytes(), name


def test_missing(tmp_path, copy):
    with refused(f"Artifact must be a directory with artifact.json, not {tmp_path}/none"):
        artifact.load(tmp_path / "none")
    with refused(f"Artifact file {tmp_path}/artifact.json does not exist"):
        artifact.load(tmp_path)
    (copy / "weights.safetensors").unlink()
    with refused(f"Artifact file {copy}/weights.safetensors does not exist"):
        artifact.load(copy)


@pytest.mark.parametrize("name", ["weights.safetensors", "float.safetensors"])
def test_damaged_weights(copy, name):
    content = (copy / name).read_bytes()
    for bad in (content[:-1], content[:100] + bytes([content[100] ^ 1]) + content[101:], b""):
        (copy / name).write_bytes(bad)
        with refused(f"Artifact file {copy}/{name} is damaged or truncated: its checksum does not match"):
            artifact.load(copy)


def rewrite(copy, change, *, sign=True):
    manifest = json.loads((copy / "artifact.json").read_text())
    change(manifest)
    if sign:
        manifest["checksum"] = artifact._checksum(manifest)
    (copy / "artifact.json").write_text(json.dumps(manifest))


def test_changed_manifest(copy):
    rewrite(copy, lambda m: m["formats"].update(width=12), sign=False)
    with refused(f"Artifact file {copy}/artifact.json was changed: its checksum does not match"):
        artifact.load(copy)


def test_foreign(copy):
    (copy / "artifact.json").write_text('{"format": "other"}')
    with refused(f"Artifact file {copy}/artifact.json must have format 'hadamac-artifact'"):
        artifact.load(copy)
    (copy / "artifact.json").write_text("{")
    with refused(f"Artifact file {copy}/artifact.json is damaged: .*"):
        artifact.load(copy)
    (copy / "artifact.json").write_bytes(b"\x80\x04\x95")
    with refused(f"Artifact file {copy}/artifact.json is damaged: .*"):
        artifact.load(copy)


@pytest.mark.parametrize("change, message", [
    (lambda m: m.update(version=1), "Artifact {path} must have version 3, or 2, not 1"),
    (lambda m: m.update(version="2"), "Artifact {path} must have version 3, or 2, not '2'"),
    (lambda m: m["formats"].update(width=99), r"Artifact file {path}/artifact.json is damaged: \$.formats.width: .*"),
    (lambda m: m.update(code="x"), r"Artifact file {path}/artifact.json is damaged: \$: .*"),
    (lambda m: m["network"]["layers"][0].update(type="conv3d"),
     "Artifact {path} is inconsistent: Layer type must be one of spectral_conv, .*, not 'conv3d'"),
    (lambda m: m["network"]["layers"][0].update(channels=9),
     r"Artifact file {path}/weights.safetensors must hold hadamard0.weight, integers \(9, 1, 15, 8, 2\), not int8 "
     r"\(8, 1, 15, 8, 2\)"),
    (lambda m: m["stages"][0].update(rows=[1, 1]),
     r"Artifact {path} is inconsistent: FFT schedule must be 5 shifts of 0 or 1 \(log2 32\), not \(1, 1\)"),
    (lambda m: m["stages"][4].update(columns=[2, 1, 1, 1]),
     r"Artifact file {path}/artifact.json is damaged: \$.stages\[4\].columns\[0\]: 2 is not one of \[0, 1\]"),
    (lambda m: m["stages"].pop(),
     "Artifact {path} must have the stages fft0, hadamard0, ifft0, relu0, fft1, hadamard1, ifft1, relu1, dense, not "
     "fft0, hadamard0, ifft0, relu0, fft1, hadamard1, ifft1, relu1"),
    (lambda m: m["stages"][3].pop("fraction"),
     r"Artifact file {path}/artifact.json is damaged: \$.stages\[3\]: 'fraction' is a required property"),
])
def test_signed_but_wrong(copy, change, message):
    rewrite(copy, change)
    with refused(message.format(path=copy)):
        artifact.load(copy)


def test_nothing_is_lost_when_saving_fails(tmp_path, copy, monkeypatch):
    before = (copy / "artifact.json").read_bytes()
    monkeypatch.setattr(artifact.safetensors.numpy, "save", lambda tensors: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        artifact.save(artifact.Artifact(artifact.load().qnet, {}), copy)
    assert (copy / "artifact.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["copy"]


def test_version_2_is_read(copy):
    """Its networks had a size and channels instead of a shape, and nothing of formats, borders and answers."""
    def older(manifest):
        manifest["version"] = 2
        manifest["network"]["input"] = {"size": 32, "channels": 1}
        del manifest["network"]["output"]

    rewrite(copy, older)
    old, new, images = artifact.load(copy), artifact.load(), shipped_digits()[0][:8]
    assert old.qnet.network == new.qnet.network
    np.testing.assert_array_equal(old.predict(images).logits, new.predict(images).logits)
    artifact.save(old, copy)
    assert json.loads((copy / "artifact.json").read_text())["version"] == 3


@pytest.mark.parametrize("name", artifact.SHIPPED)
def test_shipped(tmp_path, monkeypatch, name):
    """Each has classes, provenance with a licence, and what it says of itself; its name is not a path."""
    monkeypatch.chdir(tmp_path)
    a = artifact.load(name)
    assert a.accuracy["images"] and a.provenance
    if a.qnet.network.output == "maps":
        frames, fields = a.samples
        answers = a.predict(frames).values
        assert abs(np.linalg.norm(answers - fields) / np.linalg.norm(fields) - a.accuracy["fixed"]) < 0.001
        assert not a.classes and "licence" in a.provenance
        return
    assert len(a.classes) in (0, a.qnet.network.outputs)
    if name != "mnist-32":  # whose classes are their numbers, and whose samples are the shipped digits
        frames, labels = a.samples
        share = (a.predict(frames).classes == labels).mean()
        assert abs(share - a.accuracy["fixed"]) < 0.05 and "licence" in a.provenance
    (tmp_path / name).mkdir()
    with refused(f"Artifact file {name}/artifact.json does not exist"):  # what the user has comes first
        artifact.load(name)


def samples(copy, arrays):
    """Put samples into a copy of an artifact, and sign it."""
    content = safetensors.numpy.save(arrays)
    (copy / artifact.SAMPLES).write_bytes(content)
    rewrite(copy, lambda m: m["files"].update({artifact.SAMPLES: artifact.digest(content)}))


@pytest.mark.parametrize("arrays, message", [
    ({"answers": np.zeros(3)}, r"must hold frames, uint8 \(n, 1, 32, 32\), not nothing"),
    ({"frames": np.zeros((3, 1, 28, 28), np.uint8)}, r"must hold frames, uint8 \(n, 1, 32, 32\), not uint8 \(3, 1, 28, 28\)"),
    ({"frames": np.zeros((3, 1, 32, 32), np.int16)}, r"must hold frames, uint8 \(n, 1, 32, 32\), not int16 \(3, 1, 32, 32\)"),
    ({"frames": np.zeros((0, 1, 32, 32), np.uint8)}, r"must hold frames, uint8 \(n, 1, 32, 32\), not uint8 \(0, 1, 32, 32\)"),
    ({"frames": np.zeros((3, 1, 32, 32), np.uint8), "answers": np.zeros(2)}, "must hold 3 answers, not 2"),
])
def test_samples_that_do_not_fit(copy, arrays, message):
    samples(copy, arrays)
    with refused(f"Artifact file {copy}/samples.safetensors {message}"):
        artifact.load(copy)


def test_samples_come_back(tmp_path, copy):
    frames = np.arange(2 * 32 * 32, dtype=np.uint8).reshape(2, 1, 32, 32)
    samples(copy, {"frames": frames})
    loaded = artifact.load(copy)
    np.testing.assert_array_equal(loaded.samples[0], frames)
    assert loaded.samples[1] is None
    artifact.save(replace(loaded, samples=(frames, np.array([3, 4]))), tmp_path / "again")
    np.testing.assert_array_equal(artifact.load(tmp_path / "again").samples[1], [3, 4])
