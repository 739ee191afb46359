"""A trained, quantised network on disk: one directory, no code in it.

======================  =========================================================================
``artifact.json``       network, formats, schedules, accuracy on record, SHA-256 of the other files
                        and of itself (``checksum``: the canonical JSON without that field)
``weights.safetensors``  what the circuit holds: integer weights, biases, shifts
``float.safetensors``   the trained float parameters, from which other formats can be quantised
======================  =========================================================================

A spectral kernel is stored as its ``(2r+1)**2`` free reals: of its live half-spectrum the column
v = 0 is Hermitian in itself, so that only u >= 0 is kept there, and DC is real.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import safetensors
import safetensors.numpy

from .errors import ArtifactError, HadamacError
from .files import atomic_directory
from .model.fft2d import Fft2dPlan
from .network import Network
from .quantised import Formats, QuantDense, QuantGroup, QuantNetwork
from .reference import check_parameters

__all__ = ["Artifact", "load", "save", "shipped", "to_reals", "from_reals"]

MANIFEST, WEIGHTS, FLOAT = "artifact.json", "weights.safetensors", "float.safetensors"
VERSION = 1


@dataclass(frozen=True)
class Artifact:
    """A quantised network, the float parameters it came from, and its record.

    ``accuracy``: ``images`` tested and the share classified right in ``float`` and ``fixed`` (None if
    never measured).  ``provenance``: plain facts such as epochs and seed.
    """

    qnet: QuantNetwork
    params: dict[str, np.ndarray]
    accuracy: dict = field(default_factory=lambda: {"images": 0, "float": None, "fixed": None})
    provenance: dict = field(default_factory=dict)

    def predict(self, images, *, trace: bool = False):
        """:meth:`QuantNetwork.predict`."""
        return self.qnet.predict(images, trace=trace)


def to_reals(weights: np.ndarray) -> np.ndarray:
    """Live half-spectra (..., 2r+1, r+1) of real kernels to their free reals (..., (2r+1)**2)."""
    r = weights.shape[-1] - 1
    dc = weights[..., 0, 0].real[..., None]
    column = weights[..., 1 : r + 1, 0]
    rest = weights[..., :, 1:].reshape(*weights.shape[:-2], -1)
    return np.concatenate([dc, column.real, column.imag, rest.real, rest.imag], axis=-1)


def from_reals(reals: np.ndarray) -> np.ndarray:
    """Inverse of :func:`to_reals`."""
    side = int(round(reals.shape[-1] ** 0.5))
    r = side // 2
    out = np.zeros((*reals.shape[:-1], side, r + 1), dtype=np.complex128)
    dc, re, im, rest_re, rest_im = np.split(reals.astype(np.float64), np.cumsum([1, r, r, side * r]), axis=-1)
    out[..., 0, 0] = dc[..., 0]
    out[..., 1 : r + 1, 0] = re + 1j * im
    out[..., -np.arange(1, r + 1), 0] = re - 1j * im
    out[..., :, 1:] = (rest_re + 1j * rest_im).reshape(*reals.shape[:-1], side, r)
    return out


def _tensors(qnet: QuantNetwork) -> dict[str, np.ndarray]:
    small = np.int8 if qnet.formats.weight_width <= 8 else np.int16
    out = {}
    for k, g in enumerate(qnet.groups):
        out[f"conv{k}.weight"] = to_reals(g.weights).astype(small)
        for name in ("bias", "shift", "exponent"):
            out[f"conv{k}.{name}"] = np.asarray(getattr(g, name)).astype(np.int64)
    out["dense.weight"] = qnet.dense.weights.astype(small)
    for name in ("bias", "shift", "exponent"):
        out[f"dense.{name}"] = np.asarray(getattr(qnet.dense, name)).astype(np.int64)
    return out


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum(manifest: dict) -> str:
    body = {k: v for k, v in manifest.items() if k != "checksum"}
    return _digest(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def save(artifact: Artifact, path) -> Path:
    """Write an artifact directory, whole or not at all; an artifact already there is replaced."""
    qnet = artifact.qnet
    files = {
        WEIGHTS: safetensors.numpy.save(_tensors(qnet)),
        FLOAT: safetensors.numpy.save({k: np.asarray(v, dtype=np.float32) for k, v in artifact.params.items()}),
    }

    def schedules(plan: Fft2dPlan) -> dict:
        return {"rows": list(plan.row_plan.schedule), "columns": list(plan.column_plan.schedule)}

    manifest = {
        "format": "hadamac-artifact", "version": VERSION,
        "network": qnet.network.to_json(), "formats": asdict(qnet.formats),
        "groups": [
            {"forward": schedules(g.forward), "inverse": schedules(g.inverse), "fractions": g.fractions}
            for g in qnet.groups
        ],
        "dense": {"fraction": int(qnet.dense.fraction)},
        "accuracy": artifact.accuracy, "provenance": artifact.provenance,
        "files": {name: _digest(content) for name, content in files.items()},
    }
    manifest["checksum"] = _checksum(manifest)
    with atomic_directory(path, marker=MANIFEST) as directory:
        (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        for name, content in files.items():
            (directory / name).write_bytes(content)
    return Path(path)


def shipped() -> Path:
    """The trained default artifact that comes with the package."""
    return Path(str(resources.files("hadamac") / "assets" / "mnist-32"))


def load(path=None) -> Artifact:
    """Read an artifact (the shipped one unless told); nothing in it is executed.

    Raises ArtifactError, one line, if anything is missing, damaged, truncated or foreign.
    """
    path = shipped() if path is None else Path(path)
    manifest = _manifest(path)
    contents = {name: _verified(path / name, digest) for name, digest in manifest["files"].items()}
    try:
        network = Network.from_json(manifest["network"])
        formats = Formats(**manifest["formats"])
        qnet = _rebuild(path, network, formats, manifest, _open(path / WEIGHTS, contents[WEIGHTS]))
        params = check_parameters(network, _open(path / FLOAT, contents[FLOAT]))
    except ArtifactError:
        raise
    except HadamacError as e:
        raise ArtifactError(f"Artifact {path} is inconsistent: {e}") from None
    return Artifact(qnet, params, manifest["accuracy"], manifest["provenance"])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"Artifact file {path} does not exist") from None
    except OSError as e:
        raise ArtifactError(f"Artifact file {path} cannot be read: {e.strerror}") from None


def _manifest(path: Path) -> dict:
    if not path.is_dir():
        raise ArtifactError(f"Artifact must be a directory with {MANIFEST}, not {path}")
    content = _read(path / MANIFEST)
    try:
        manifest = json.loads(content)
    except ValueError as e:
        raise ArtifactError(f"Artifact file {path / MANIFEST} is damaged: {e}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != "hadamac-artifact":
        raise ArtifactError(f"Artifact file {path / MANIFEST} must have format 'hadamac-artifact'")
    if manifest.get("version") != VERSION:
        raise ArtifactError(f"Artifact {path} must have version {VERSION}, not {manifest.get('version')!r}")
    schema = json.loads((resources.files("hadamac") / "artifact.schema.json").read_text())
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(manifest))
    if error is not None:
        raise ArtifactError(f"Artifact file {path / MANIFEST} is damaged: {error.json_path}: {error.message[:120]}")
    if _checksum(manifest) != manifest["checksum"]:
        raise ArtifactError(f"Artifact file {path / MANIFEST} was changed: its checksum does not match")
    return manifest


def _verified(path: Path, digest: str) -> bytes:
    content = _read(path)
    if _digest(content) != digest:
        raise ArtifactError(f"Artifact file {path} is damaged or truncated: its checksum does not match")
    return content


def _open(path: Path, content: bytes) -> dict[str, np.ndarray]:
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as e:
        raise ArtifactError(f"Artifact file {path} is no safetensors file: {e}") from None


def _rebuild(path: Path, network: Network, formats: Formats, manifest: dict, tensors: dict) -> QuantNetwork:
    def take(name: str, shape: tuple[int, ...]) -> np.ndarray:
        value = tensors.get(name)
        if value is None or value.dtype.kind != "i" or value.shape != shape:
            found = "nothing" if value is None else f"{value.dtype} {value.shape}"
            raise ArtifactError(f"Artifact file {path / WEIGHTS} must hold {name}, integers {shape}, not {found}")
        return value.astype(np.float64)

    if len(manifest["groups"]) != len(network.groups):
        raise ArtifactError(f"Artifact {path} must have {len(network.groups)} groups, not {len(manifest['groups'])}")
    groups = []
    for shape, record in zip(network.groups, manifest["groups"]):
        k, radius = shape.index, shape.pool // 2 - 1
        common = {"radius": radius, "width": formats.width, "twiddle_width": formats.twiddle_width}
        plans = [
            Fft2dPlan(size=size, inverse=inverse, **common,
                      **{axis: tuple(shifts) for axis, shifts in record[direction].items()})
            for direction, size, inverse in (("forward", shape.size, False), ("inverse", shape.pool, True))
        ]
        channel = {name: take(f"conv{k}.{name}", (shape.outputs,)) for name in ("bias", "shift", "exponent")}
        groups.append(QuantGroup(
            shape=shape, forward=plans[0], inverse=plans[1], bias=channel["bias"],
            weights=from_reals(take(f"conv{k}.weight", (shape.outputs, shape.inputs, (2 * radius + 1) ** 2))),
            shift=channel["shift"].astype(int), exponent=channel["exponent"].astype(int),
            fractions=record["fractions"],
        ))
    last, count = network.groups[-1], network.dense.outputs
    channel = {name: take(f"dense.{name}", (count,)) for name in ("bias", "shift", "exponent")}
    dense = QuantDense(
        weights=take("dense.weight", (count, last.outputs, last.pool, last.pool)), bias=channel["bias"],
        shift=channel["shift"].astype(int), exponent=channel["exponent"].astype(int),
        fraction=manifest["dense"]["fraction"],
    )
    return QuantNetwork(network=network, formats=formats, groups=tuple(groups), dense=dense)
