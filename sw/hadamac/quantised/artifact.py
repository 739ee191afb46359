"""A trained, quantised network on disk: one directory, no code in it.

======================  =========================================================================
``artifact.json``       network, formats, schedules, class names, accuracy on record, SHA-256 of
                        the other files and of itself (``checksum``: the canonical JSON without
                        that field)
``weights.safetensors``  what the circuit holds: integer weights, biases, shifts
``float.safetensors``   the trained float parameters, from which other formats can be quantised
``samples.safetensors``  a few input frames and what the network should answer; may be missing
======================  =========================================================================

Weights on bins are stored as they are used, real and imaginary parts in a last axis.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

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
from ..network.source import source_format
from ..ops import OPERATIONS, restored
from ..ops.base import Stored
from ..ops.formats import Formats
from .network import Prediction, QuantNetwork, fractions_in
from .quantise import check_formats
from .reference import check_parameters

__all__ = ["DIRECTORY", "SHIPPED", "Artifact", "check_classes", "load", "save", "shipped"]

MANIFEST, WEIGHTS, FLOAT = "artifact.json", "weights.safetensors", "float.safetensors"
SAMPLES = "samples.safetensors"
VERSION = 3
"""Version that is written.  Version 2, whose networks had square images of one channel, can be read as well."""
MOST = {MANIFEST: TEXT_BYTES, WEIGHTS: 32 << 20, FLOAT: 64 << 20, SAMPLES: 16 << 20}
"""Most bytes of each file: far more than a circuit can hold."""

_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool))
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)
"""Validator for which 3.0 and true are no integers, unlike in JSON Schema itself: words of the circuit are integers."""


@dataclass(frozen=True)
class Artifact:
    """A quantised network, the float parameters that it was made from, and its record.

    Attributes
    ----------
    qnet : QuantNetwork
    params : dict of str to array
    accuracy : dict
        ``images``, the number tested; ``float`` and ``fixed``, the share classified right, or the relative error of
        values and maps; None if never measured.
    provenance : dict
        Plain facts such as epochs and seed.
    classes : tuple of str
        A name for each output, or none at all.
    samples : (array, array or None) or None
        Input frames (n, *shape), and their labels or targets, None where these are not known.
    """

    qnet: QuantNetwork
    params: dict[str, np.ndarray]
    accuracy: dict = field(default_factory=lambda: {"images": 0, "float": None, "fixed": None})
    provenance: dict = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    samples: tuple[np.ndarray, np.ndarray | None] | None = None

    def name_of(self, k: int) -> str:
        """Return the name of a class, or its number where classes have no names."""
        return self.classes[k] if self.classes else str(k)

    def predict(self, images: np.ndarray, *, trace: bool = False) -> Prediction:
        """Return the bit-exact prediction of its network: :meth:`QuantNetwork.predict`."""
        return self.qnet.predict(images, trace=trace)


def check_classes(classes: Iterable[str], outputs: int) -> tuple[str, ...]:
    """Return class names as a tuple; raise DataError unless there are ``outputs`` of them, all different."""
    classes = tuple(classes)
    if len(classes) != outputs:
        raise DataError(f"Classes must be {outputs} names, one for each output of the network, not {len(classes)}")
    for name in classes:
        if not isinstance(name, str) or not 1 <= len(name) <= 64 or not name.isprintable() or name != name.strip():
            raise DataError(f"Class name must be 1 to 64 printable characters, not {shown(name)}")
        if classes.count(name) > 1:
            raise DataError(f"Class names must differ, not be {shown(name)} twice")
    return classes


def _checksum(manifest: dict) -> str:
    body = {k: v for k, v in manifest.items() if k != "checksum"}
    return digest(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def save(artifact: Artifact, path: str | PathLike[str]) -> Path:
    """Write an artifact directory, whole or not at all; an artifact already there is replaced."""
    qnet, tensors, stages = artifact.qnet, {}, []
    named = {"classes": list(check_classes(artifact.classes, qnet.network.outputs))} if artifact.classes else {}
    for op in qnet.stages:
        facts, words = op.record()
        stages.append({"name": op.stage.name, "fraction": int(op.fraction)} | facts)
        tensors |= {f"{op.stage.name}.{name}": np.ascontiguousarray(array) for name, array in words.items()}
    # Arrays of another memory order than C would be written in that order, and read back as others.
    params = {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in artifact.params.items()}
    files = {WEIGHTS: safetensors.numpy.save(tensors), FLOAT: safetensors.numpy.save(params)}
    if artifact.samples is not None:
        frames, answers = artifact.samples
        shown = {"frames": frames} | ({} if answers is None else {"answers": answers})
        files[SAMPLES] = safetensors.numpy.save({k: np.ascontiguousarray(v) for k, v in shown.items()})
    manifest = {
        "format": "hadamac-artifact", "version": VERSION,
        "network": qnet.network.to_json(), "formats": qnet.formats.to_json(), "stages": stages,
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


def _listed(manifest: dict) -> dict[str, str]:
    if manifest["format"] != "hadamac-artifact" or _checksum(manifest) != manifest["checksum"]:
        raise ValueError("no manifest of hadamac, or changed since")
    return manifest["files"]


DIRECTORY = Marker(MANIFEST, _listed)
"""Marker by which the directory of an artifact is known."""


SHIPPED = ("mnist-32", "fashion-32", "watch-128", "darcy-16", "digits-16")
"""Names of the trained artifacts that come with the package; the first one is the default."""


def shipped(name: str = SHIPPED[0]) -> Path:
    """Return the directory of a trained artifact that comes with the package."""
    return Path(str(resources.files("hadamac") / "assets" / name))


def load(path: str | PathLike[str] | None = None) -> Artifact:
    """Read an artifact, by default the first shipped one; nothing in it is executed.

    ``path`` is a directory, or one of the names in `SHIPPED` if there is nothing at such a path.

    Raises ArtifactError, with a message of one line, if anything is missing, damaged, truncated or foreign.
    """
    path = shipped() if path is None else Path(path)
    if str(path) in SHIPPED and not os.path.lexists(path):
        path = shipped(str(path))
    manifest, contents = _contents(path)
    try:
        network = Network.from_json(_upgraded(manifest["network"]))
        formats = Formats(**manifest["formats"])
        qnet = _rebuild(path, network, formats, manifest, _open(path / WEIGHTS, contents[WEIGHTS]))
        params = check_parameters(network, _open(path / FLOAT, contents[FLOAT]))
        classes = check_classes(manifest["classes"], network.outputs) if "classes" in manifest else ()
    except ArtifactError:
        raise
    except HadamacError as e:
        raise ArtifactError(f"Artifact {path} is inconsistent: {e}") from None
    samples = _samples(path, network, contents[SAMPLES]) if SAMPLES in contents else None
    return Artifact(qnet, params, manifest["accuracy"], manifest["provenance"], classes, samples)


def _samples(path: Path, network: Network, content: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the frames of an artifact, which must be some that its network takes, and the answers to them."""
    arrays = _open(path / SAMPLES, content)
    frames, answers = arrays.get("frames"), arrays.get("answers")
    form = network.input_format
    if frames is None or frames.dtype != form.dtype or frames.shape[1:] != network.shape or not len(frames):
        found = "nothing" if frames is None else f"{frames.dtype} {frames.shape}"
        raise ArtifactError(f"Artifact file {path / SAMPLES} must hold frames, {form.dtype} (n, "
                            f"{', '.join(map(str, network.shape))}), not {found}")
    if answers is not None and len(answers) != len(frames):
        raise ArtifactError(f"Artifact file {path / SAMPLES} must hold {len(frames)} answers, not {len(answers)}")
    return frames, answers


def _upgraded(network: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a network in its present form; version 2 had the size and channels of its input."""
    given = network.get("input")
    if not isinstance(given, dict) or set(given) != {"size", "channels"}:
        return network
    return network | {"input": {"shape": [given["channels"], given["size"], given["size"]]}}


def _contents(path: Path) -> tuple[dict, dict[str, bytes]]:
    """Return the manifest and the files that it lists, all of one version of the directory."""
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


def _manifest(path: Path, content: bytes) -> dict:
    try:
        manifest = parse_json(content)
    except ValueError as e:
        raise ArtifactError(f"Artifact file {path / MANIFEST} is damaged: {e}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != "hadamac-artifact":
        raise ArtifactError(f"Artifact file {path / MANIFEST} must have format 'hadamac-artifact'")
    if manifest.get("version") not in (2, VERSION) or manifest["version"] is True:
        raise ArtifactError(f"Artifact {path} must have version {VERSION}, or 2, not {shown(manifest.get('version'))}")
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
def _schema() -> dict:
    """Return the schema of a manifest, with the facts of every kind of operation."""
    schema = json.loads((resources.files("hadamac.quantised") / "artifact.schema.json").read_text())
    facts = schema["properties"]["stages"]["items"]["properties"]
    for cls in OPERATIONS.values():
        facts |= cls.SCHEMA
    return schema


def _open(path: Path, content: bytes) -> dict[str, np.ndarray]:
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as e:
        raise ArtifactError(f"Artifact file {path} is no safetensors file: {e}") from None


def _rebuild(path: Path, network: Network, formats: Formats, manifest: dict, tensors: dict) -> QuantNetwork:
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

    check_formats(network, formats)
    forms, stages = {-1: source_format(network, formats.width)}, []
    for k, (stage, facts) in enumerate(zip(network.stages, manifest["stages"])):
        own = formats.of(stage.name)
        given = fractions_in([forms[source] for source in stage.sources], own.width)
        held = Stored(facts, given, own, lambda name, shape, of=stage.name: take(f"{of}.{name}", shape))
        stages.append(restored(stage, held))
        forms[k] = stages[-1].format
    return QuantNetwork(network=network, formats=formats, stages=tuple(stages))
