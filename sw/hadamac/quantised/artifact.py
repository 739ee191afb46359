"""Artifact: the directory of a trained and quantised network, which contains data and no code.

=======================  =============================================================================================
``artifact.json``        manifest: network, formats, schedules, names of classes, accuracy, SHA-256 of the other files,
                         and a ``checksum`` of the manifest itself (of its canonical JSON without that field)
``weights.safetensors``  integer weights, biases and shifts, which the circuit contains
``float.safetensors``    trained float parameters, from which the network can be quantised to other formats
=======================  =============================================================================================

Weights on bins are stored as the circuit uses them, with their real and imaginary parts in a last axis.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema.exceptions
import jsonschema.validators
import numpy as np
import safetensors
import safetensors.numpy

from ..checks import shown
from ..errors import ArtifactError, DataError, HadamacError
from ..files.directories import digest
from ..files.paths import why
from ..files.reading import TEXT_BYTES
from ..files.writing import Marker, atomic_directory, parse_json, read_together
from ..network.network import Network
from ..ops import OPERATIONS, restored
from ..ops.base import Stored
from ..ops.formats import Formats
from .accuracy import Accuracy
from .network import Prediction, QuantNetwork
from .reference import check_parameters

__all__ = ["DIRECTORY", "Artifact", "check_classes", "load", "save", "shipped"]

MANIFEST, WEIGHTS, FLOAT = "artifact.json", "weights.safetensors", "float.safetensors"
VERSION = 2
"""Version of the format of artifacts that is written and read."""
Manifest: TypeAlias = dict[str, Any]
"""Parsed manifest, whose structure ``artifact.schema.json`` defines."""
MOST = {MANIFEST: TEXT_BYTES, WEIGHTS: 32 << 20, FLOAT: 64 << 20}
"""Greatest number of bytes of each file, far more than a circuit can hold."""

_TYPES = jsonschema.validators.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool))
_Validator = jsonschema.validators.extend(jsonschema.validators.Draft202012Validator, type_checker=_TYPES)
"""Validator of manifests.  JSON Schema accepts 3.0 as an integer; this validator does not."""


@dataclass(frozen=True)
class Artifact:
    """Content of an artifact: a quantised network, its float parameters and facts about them.

    Attributes
    ----------
    qnet : QuantNetwork
    params : dict of str to array
        The float parameters from which the network was quantised.
    accuracy : Accuracy
        Accuracy on test images; ``float`` and ``fixed`` are None if it has never been measured.
    provenance : dict
        Facts about the training, such as epochs and seed.
    classes : tuple of str
        A name for each output, or empty if the classes have no names.
    """

    qnet: QuantNetwork
    params: dict[str, np.ndarray]
    accuracy: Accuracy = field(default_factory=lambda: {"images": 0, "float": None, "fixed": None})
    provenance: dict[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    def name_of(self, k: int) -> str:
        """Return the name of class ``k``, or its number if the classes have no names."""
        return self.classes[k] if self.classes else str(k)

    def predict(self, images: np.ndarray, *, trace: bool = False) -> Prediction:
        """Return the prediction of the quantised network, as :meth:`QuantNetwork.predict` does."""
        return self.qnet.predict(images, trace=trace)


def check_classes(classes: Iterable[str], outputs: int) -> tuple[str, ...]:
    """Return the names of classes; raise DataError unless there is a different, printable name for each output."""
    names = tuple(classes)
    if len(names) != outputs:
        raise DataError(f"Classes must be {outputs} names, one for each output of the network, not {len(names)}")
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= 64 or not name.isprintable() or name != name.strip():
            raise DataError(f"Class name must be 1 to 64 printable characters, not {shown(name)}")
        if names.count(name) > 1:
            raise DataError(f"Class names must differ, not be {shown(name)} twice")
    return names


def _checksum(manifest: Manifest) -> str:
    """Return the SHA-256 of the canonical JSON of a manifest without its checksum."""
    body = {k: v for k, v in manifest.items() if k != "checksum"}
    return digest(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def save(artifact: Artifact, path: str | os.PathLike[str]) -> Path:
    """Write the directory of an artifact completely or not at all, and return its path.

    An existing artifact is replaced.
    """
    qnet, stages = artifact.qnet, []
    tensors: dict[str, np.ndarray] = {}
    outputs = qnet.network.dense.outputs
    named = {"classes": list(check_classes(artifact.classes, outputs))} if artifact.classes else {}
    for op in qnet.stages:
        facts, words = op.record()
        stages.append({"name": op.stage.name, "fraction": int(op.fraction)} | facts)
        tensors |= {f"{op.stage.name}.{name}": np.ascontiguousarray(array) for name, array in words.items()}
    # safetensors writes the memory of an array as it is, which gives wrong values unless its order is that of C.
    params = {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in artifact.params.items()}
    files = {WEIGHTS: safetensors.numpy.save(tensors), FLOAT: safetensors.numpy.save(params)}
    manifest = {
        "format": "hadamac-artifact", "version": VERSION,
        "network": qnet.network.to_json(), "formats": asdict(qnet.formats), "stages": stages,
        "accuracy": artifact.accuracy, "provenance": artifact.provenance, **named,
        "files": {name: digest(content) for name, content in files.items()},
    }
    manifest["checksum"] = _checksum(manifest)
    for name, content in files.items():
        if len(content) > MOST[name]:
            raise ArtifactError(f"Artifact file {name} must have at most {MOST[name]} bytes, not {len(content)}")
    with atomic_directory(path, marker=DIRECTORY) as directory:
        (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        for name, content in files.items():
            (directory / name).write_bytes(content)
    return Path(path)


def _listed(manifest: Manifest) -> dict[str, str]:
    """Return the files that a manifest lists, with their digests; ValueError if it is none or has been changed."""
    if manifest["format"] != "hadamac-artifact" or _checksum(manifest) != manifest["checksum"]:
        raise ValueError("This is no manifest of hadamac, or it has been changed")
    return manifest["files"]


DIRECTORY = Marker(MANIFEST, _listed)
"""Marker by which the directory of an artifact is recognised."""


def shipped() -> Path:
    """Return the path of the trained default artifact, which the package contains."""
    return Path(str(resources.files("hadamac") / "assets" / "mnist-32"))


def load(path: str | os.PathLike[str] | None = None) -> Artifact:
    """Read an artifact; nothing in it is executed.

    Parameters
    ----------
    path : path-like, optional
        Its directory; the default is the artifact that the package contains.

    Raises
    ------
    ArtifactError
        If a file is missing, damaged or truncated, or was not written by hadamac; the message is one line.
    """
    path = shipped() if path is None else Path(path)
    manifest, contents = _contents(path)
    try:
        network = Network.from_json(manifest["network"])
        formats = Formats(**manifest["formats"])
        qnet = _rebuild(path, network, formats, manifest, _open(path / WEIGHTS, contents[WEIGHTS]))
        params = check_parameters(network, _open(path / FLOAT, contents[FLOAT]))
        classes = check_classes(manifest["classes"], network.dense.outputs) if "classes" in manifest else ()
    except ArtifactError:
        raise
    except HadamacError as e:
        raise ArtifactError(f"Artifact {path} is inconsistent: {e}") from None
    return Artifact(qnet, params, manifest["accuracy"], manifest["provenance"], classes)


def _contents(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest and the files that it lists, all from the same version of the directory."""
    try:
        if not path.is_dir():
            raise ArtifactError(f"Artifact must be a directory with {MANIFEST}, not {path}")
    except OSError as e:
        raise ArtifactError(f"Artifact {path} cannot be read: {why(e)}") from None
    try:
        contents = read_together(path, MANIFEST, lambda content: _manifest(path, content)["files"], MOST)
    except FileNotFoundError as e:
        raise ArtifactError(f"Artifact file {path / str(e.filename)} does not exist") from None
    except OSError as e:
        raise ArtifactError(f"Artifact file {path / str(e.filename or MANIFEST)} cannot be read: {why(e)}") from None
    manifest = _manifest(path, contents[MANIFEST])
    for name, stated in manifest["files"].items():
        if digest(contents[name]) != stated:
            raise ArtifactError(f"Artifact file {path / name} is damaged or truncated: its checksum does not match")
    return manifest, contents


def _manifest(path: Path, content: bytes) -> Manifest:
    """Return the parsed manifest of the artifact at a path; raise ArtifactError if it is damaged or foreign."""
    try:
        manifest = parse_json(content)
    except ValueError as e:
        raise ArtifactError(f"Artifact file {path / MANIFEST} is damaged: {e}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != "hadamac-artifact":
        raise ArtifactError(f"Artifact file {path / MANIFEST} must have format 'hadamac-artifact'")
    if manifest.get("version") != VERSION:
        raise ArtifactError(f"Artifact {path} must have version {VERSION}, not {shown(manifest.get('version'))}")
    error = jsonschema.exceptions.best_match(_Validator(_schema()).iter_errors(manifest))
    if error is not None:
        raise ArtifactError(f"Artifact file {path / MANIFEST} is damaged: {error.json_path}: {error.message[:120]}")
    record = manifest["accuracy"]
    if (record["float"] is None) != (record["fixed"] is None):
        raise ArtifactError(f"Artifact file {path / MANIFEST} is damaged: $.accuracy must have both float and fixed, "
                            "or neither")
    if _checksum(manifest) != manifest["checksum"]:
        raise ArtifactError(f"Artifact file {path / MANIFEST} was changed: its checksum does not match")
    return manifest


@cache
def _schema() -> dict[str, Any]:
    """Return the JSON schema of a manifest, with the facts of every kind of operation."""
    schema = json.loads((resources.files("hadamac.quantised") / "artifact.schema.json").read_text())
    facts = schema["properties"]["stages"]["items"]["properties"]
    for cls in OPERATIONS.values():
        facts |= cls.SCHEMA
    return schema


def _open(path: Path, content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file; raise ArtifactError if it is none."""
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as e:
        raise ArtifactError(f"Artifact file {path} is no safetensors file: {e}") from None


def _rebuild(path: Path, network: Network, formats: Formats, manifest: Manifest,
             tensors: Mapping[str, np.ndarray]) -> QuantNetwork:
    """Return the quantised network of an artifact; raise ArtifactError if a stage or an array does not fit."""
    names = [s.name for s in network.stages]
    found = [r["name"] for r in manifest["stages"]]
    if found != names:
        raise ArtifactError(f"Artifact {path} must have the stages {', '.join(names)}, not {', '.join(found)}")

    def take(name: str, shape: tuple[int, ...]) -> np.ndarray:
        value = tensors.get(name)
        if value is None or value.dtype.kind != "i" or value.shape != shape:
            found = "nothing" if value is None else f"{value.dtype} {value.shape}"
            raise ArtifactError(f"Artifact file {path / WEIGHTS} must hold {name}, integers {shape}, not {found}")
        return value.astype(np.float64)

    fractions, stages = {-1: formats.width - 1}, []
    for k, (stage, facts) in enumerate(zip(network.stages, manifest["stages"])):
        given = tuple(fractions[source] for source in stage.sources)
        held = Stored(facts, given, formats, lambda name, shape, of=stage.name: take(f"{of}.{name}", shape))
        stages.append(restored(stage, held))
        fractions[k] = stages[-1].fraction
    return QuantNetwork(network=network, formats=formats, stages=tuple(stages))
