"""Artifacts: round trip, and refusal of everything that is missing, damaged or foreign."""

import json
import shutil

import numpy as np
import pytest

from hadamac import artifact
from hadamac.data import shipped_digits
from hadamac.errors import ArtifactError


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


def test_kernels_are_stored_as_their_free_reals():
    reals = sum(g.weights.shape[0] * (g.weights.shape[1] * (2 * g.radius + 1) ** 2 + 1)
                for g in artifact.load().qnet.groups)
    assert reals == 8096
    rng = np.random.default_rng(1)
    kernel = np.fft.rfft2(rng.integers(-9, 9, (2, 3, 7, 7)))[..., :4]
    np.testing.assert_allclose(artifact.from_reals(artifact.to_reals(kernel)), kernel, atol=1e-12)
    assert artifact.to_reals(kernel).shape == (2, 3, 49)


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
    (lambda m: m.update(version=2), "Artifact {path} must have version 1, not 2"),
    (lambda m: m["formats"].update(width=99), r"Artifact file {path}/artifact.json is damaged: \$.formats.width: .*"),
    (lambda m: m.update(code="x"), r"Artifact file {path}/artifact.json is damaged: \$: .*"),
    (lambda m: m["network"]["layers"][0].update(type="conv3d"),
     "Artifact {path} is inconsistent: Layer type must be one of spectral_conv, .*, not 'conv3d'"),
    (lambda m: m["network"]["layers"][0].update(channels=9),
     r"Artifact file {path}/weights.safetensors must hold conv0.bias, integers \(9,\), not int64 \(8,\)"),
    (lambda m: m["groups"][0]["forward"].update(rows=[1, 1]),
     r"Artifact {path} is inconsistent: FFT schedule must be 5 shifts of 0 or 1 \(log2 32\), not \(1, 1\)"),
    (lambda m: m["groups"].pop(), "Artifact {path} must have 2 groups, not 1"),
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
