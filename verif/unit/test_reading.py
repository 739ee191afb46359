"""Tests of bounded reading (regular files, no further than a header states) and of printing on any terminal."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from hadamac.console import plain
from hadamac.data import read_idx
from hadamac.errors import ArtifactError, DataError, DescriptionError
from hadamac.files import reading
from hadamac.files.writing import read_text
from hadamac.network import Network
from hadamac.progress import Progress
from hadamac.quantised import artifact
from hadamac.samples.arrays import load_array
from hadamac_cli.options import console
from support.fuzz import fuzz
from support.seeds import refused, rng

IMAGES = bytes([0, 0, 8, 3]) + np.array([1, 28, 28], ">u4").tobytes()


def test_a_gzip_that_unpacks_to_three_gigabytes(tmp_path):
    """Check that no more is unpacked than the header states, and nothing if the header states too much."""
    path, zeros = tmp_path / "x.gz", gzip.compress(bytes(100 << 20), 1)
    path.write_bytes(gzip.compress(IMAGES) + zeros * 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with refused(f"IDX file {path} must hold 800 bytes (16 of header and 1x28x28 values of uint8), not more", DataError):
        read_idx(path)
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + np.array([3 << 30], ">u4").tobytes()) + zeros * 30)
    with refused(f"IDX file {path} must hold at most 268435456 bytes of values, not 3221225472", DataError):
        read_idx(path)
    path.write_bytes(zeros)
    with refused(f"IDX file {path} must start with 00 00 TYPE NDIM (TYPE one of 08, 09, 0b, 0c, 0d, 0e; NDIM at least "
                 "01), not 00 00 00 00", DataError):
        read_idx(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


@pytest.mark.parametrize("kind", ["fifo", "device", "directory"])
def test_only_regular_files(tmp_path, kind):
    path, reason = tmp_path / "x", "it is a directory" if kind == "directory" else "it is not a regular file"
    {"fifo": os.mkfifo, "directory": os.mkdir, "device": lambda p: os.symlink("/dev/zero", p)}[kind](path)
    with refused(f"Image file {path} must be a .npy array of uint8: {reason}", DataError):
        load_array(path, "Image", "uint8")
    with refused(f"IDX file must be a readable file, plain or gzip, not {path} ({reason})", DataError):
        read_idx(path)
    with refused(f"File {path} cannot be read: {reason}", DataError):
        read_text(path)
    os.rename(path, tmp_path / "artifact.json")
    with refused(f"Artifact file {tmp_path / 'artifact.json'} cannot be read: {reason}", ArtifactError):
        artifact.load(tmp_path)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x").write_bytes(b"{}")
    monkeypatch.setattr(reading.os, "open", denied)
    with refused(f"File {tmp_path / 'x'} cannot be read: Permission denied", DataError):
        read_text(tmp_path / "x")


def npy(header: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + content


def header(shape: str, descr: str = "'|u1'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


@pytest.mark.parametrize(("content", "kind"), [
    (b"", "an empty file"), (b"\x89PNG\r\n", "a PNG picture"), (b"PK\3\4....", "an archive"),
    (b"\x80\4pickle", "a file of another form"),
])
def test_files_of_other_kinds(tmp_path, content, kind):
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with refused(f"Image file {path} must be a .npy array of uint8, not {kind}", DataError):
        load_array(path, "Image", "uint8")
    with pytest.raises(ValueError, match="^it does not begin like a .npy file$"):
        reading.read_npy(path)


@pytest.mark.parametrize(("content", "reason"), [
    (npy(header("(1000000000, 28, 28)")), "its header states 784000000000 bytes of values, but it holds 0"),
    (npy(header("(" + "9" * 30 + ",)")), "its header states more than 2**64 bytes of values, but it holds 0"),
    (npy(header("(-1, 28)")), "its header states a negative size"),
    (npy(header("(4,)"), b"123"), "its header states 4 bytes of values, but it holds 3"),
    (npy(header("(4,)", "'|O'"), b"123"), "it holds Python objects, not numbers"),
    (npy(header("(4,)", "'|V0'")), "its header states values of 0 bits, |V0"),
    (npy(header("(4,)", "'?!'")), "its header is damaged: descr is not a valid dtype descriptor: '?!'"),
    (npy(header("(4,)"))[:20], "its header is damaged: EOF: reading array header, expected 58 bytes got 10"),
    (b"\x93NUMPY\7\7", "its header is damaged: its version must be 1.0 or 2.0, not 7.7"),
])
def test_npy(tmp_path, content, reason):
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with refused(f"Image file {path} must be a .npy array of uint8: {reason}", DataError):
        load_array(path, "Image", "uint8")


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_round_trip(tmp_path, order, rng):
    array = np.asarray(rng.integers(0, 256, (3, 4, 5), np.uint8), order=order)
    np.save(tmp_path / "x.npy", array)
    np.testing.assert_array_equal(load_array(tmp_path / "x.npy", "Image"), array)


@pytest.mark.parametrize(("text", "reason"), [
    ('{"size": NaN}', "NaN is not a number in JSON"), ("[-Infinity]", "-Infinity is not a number in JSON"),
    ("[1e999]", "1e999 is too large a number"), ("[" * 65 + "]" * 65, "it is nested too deeply"),
    ("[" * 100000, "it is nested too deeply"),
])
def test_descriptions(text, reason):
    with refused(f"Network description must be JSON: {reason}", DescriptionError):
        Network.from_json(text)


def test_layers_without_end():
    with refused("Network layers must be at most 64, not 1000", DescriptionError):
        Network.from_json({"name": "x", "input": {"shape": [1, 8, 8]}, "layers": [{"type": "max_pool"}] * 1000})


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_console(encoding):
    """Check that characters that the encoding lacks are replaced, and that nothing raises."""
    environment = os.environ | {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0"}
    code = ("import sys; from hadamac.console import any_encoding, make_console; "
            "any_encoding(); make_console().print('3\\u00d73\\u2192\\u2264\\u28ff\\u4e2d\\udc41[bold]:smile:')")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, timeout=60)
    wanted = {"ascii": "3x3><=*?", "latin-1": "3×3><=*?", "utf-8": "3×3→≤\u28ff中"}[encoding]
    assert done.stdout.decode(encoding).strip() == wanted + "\\udc41[bold]:smile:"


def test_text_is_no_markup(capsys):
    with Progress(1, console).phase("Write a[/bold]\x1b[31m") as bar:
        bar.say("[red]:smile: \x1b[2J")
    out = capsys.readouterr().out
    assert "Write a[/bold]\\x1b[31m\n" in out and "      [red]:smile: \\x1b[2J\n" in out
    assert plain("a\nb\x9b\u202e") == "a\\nb\\x9b\\u202e"


def test_sixty_hostile_inputs():
    """Run a small part of the hostile calls of ``verif/soak``."""
    assert fuzz(rng("hostile slice"), 60).get(2, 0) > 30
