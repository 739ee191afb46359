"""Hostile input: an artifact, images, a description or an option that is damaged at random, and a command that takes it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

from hadamac.quantised import artifact

__all__ = ["call"]

VALUES = [10**10, -1, 0, 1, 2.5, 16.0, True, None, "x", "\x1b[31m\n", "[bold]", [], {}, [[1]], 10**300, -(10**30), 1e300,
          float("nan"), float("inf"), "\ud800", 2**53 + 1, 2**63]
OPTIONS = {  # quick commands, and those of their options that take a value
    "fit": ["--segments", "--format", "--output"], "estimate": ["--interval"], "show": ["--digit"],
    "verilog fft --out {out}/x.v --size": ["", "--width", "--out-width", "--twiddle-width", "--scaling", "--schedule",
                                          "--order", "--architecture", "--target"],
}
TEXTS = ["", "0", "-1", "nan", "1e9", "9" * 30, "[bold]", "\x1b[2J", "SQ(4,12)", "SQ(999,999)", "SQ(-4,3)", "×", "--", "a\nb"]


def _pick(r, values):
    return values[int(r.integers(len(values)))]


def _places(value, found=None):
    """Return every container inside a JSON value, together with each of its keys."""
    found = [] if found is None else found
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            _places(value[key], found)
    return found


def _mutate(r, value) -> None:
    for _ in range(int(r.integers(1, 3))):
        container, key = _pick(r, _places(value))
        action = r.integers(6)
        if action == 0:
            del container[key]
        elif action == 1 and isinstance(container, dict):
            container[_pick(r, ["code", "\x1b[31m", "[/bold]", "x" * 200])] = _pick(r, VALUES)
        else:
            container[key] = _pick(r, VALUES)
        if not _places(value):
            return


def _bytes(r, content: bytes) -> bytes:
    content = bytearray(content)
    match r.integers(4):
        case 0:
            return bytes(content[: int(r.integers(len(content) + 1))])
        case 1:
            for _ in range(int(r.integers(1, 8))):
                content[int(r.integers(min(len(content), 200)))] = int(r.integers(256))
        case 2:
            content[:0] = r.bytes(int(r.integers(1, 20)))
        case _:
            content += r.bytes(int(r.integers(1, 2000)))
    return bytes(content)


def _artifact(r, out: Path) -> list[str]:
    path = out / "artifact"
    shutil.copytree(artifact.shipped(), path)
    manifest = json.loads((path / artifact.MANIFEST).read_text())
    kind = r.integers(4)
    if kind == 0:
        name = _pick(r, [artifact.WEIGHTS, artifact.FLOAT])
        content = _bytes(r, (path / name).read_bytes())
        (path / name).write_bytes(content)
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    elif kind == 1:
        name = _pick(r, [artifact.MANIFEST, artifact.WEIGHTS, artifact.FLOAT])
        (path / name).unlink()
        match r.integers(4):
            case 0:
                os.mkfifo(path / name)
            case 1:
                (path / name).mkdir()
            case 2:
                (path / name).symlink_to(_pick(r, ["/dev/zero", "/dev/tty", "/dev/null", "nowhere"]))
    else:
        _mutate(r, manifest["stages"] if kind == 2 else manifest)
    if kind != 1:
        try:
            manifest["checksum"] = artifact._checksum(manifest)
            text = json.dumps(manifest)
        except (ValueError, TypeError):
            text = "{"
        (path / artifact.MANIFEST).write_text(text if r.integers(10) else "[" * 5000)
    return [_pick(r, ["estimate", "show", "explain"]), str(path)]


def _idx(r) -> bytes:
    sizes = [_pick(r, [0, 1, 2, 28, 32, 2**16, 2**31, 2**32 - 1]) for _ in range(int(r.integers(0, 6)))]
    content = bytes([0, 0, _pick(r, [8, 9, 11, 13, 14, 7]), len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    content += r.bytes(int(r.integers(2000)))
    return _bytes(r, content) if r.integers(2) else content


def _npy(r) -> bytes:
    shape = _pick(r, ["(2, 28, 28)", "(10**9, 28, 28)", "(99999999999999, 9)", "(-1, 28, 28)", "(True,)", "()", "(2.5,)",
                      "(" + "9" * 400 + ",)", "(" * 500, "(0, 28, 28)", "(18446744073709551616, 0)"])
    descr = _pick(r, ["'|u1'", "'|O'", "'<f8'", "'|V0'", "'<U99999999'", "[('a', '<i4')]", "'<c16'", "'<M8[s]'", "3", "'|S0'"])
    header = f"{{'descr': {descr}, 'fortran_order': {_pick(r, ['False', 'True', '1'])}, 'shape': {shape}, }}\n".encode()
    content = b"\x93NUMPY" + _pick(r, [b"\1\0", b"\2\0", b"\3\0", b"\xff\xff"]) + struct.pack("<H", len(header)) + header
    content += bytes(_pick(r, [0, 10, 1568, 2000]))
    return _bytes(r, content) if r.integers(3) == 0 else content


def _images(r, out: Path) -> list[str]:
    path = out / "x.npy"
    match r.integers(5):
        case 0:
            os.mkfifo(path)
        case 1:
            path.write_bytes(_pick(r, [b"PK\3\4", b"\x89PNG\r\n\x1a\n", b"", b"\x80\4", b"\x1f\x8b"]) + r.bytes(50))
        case _:
            path.write_bytes(_npy(r))
    return _pick(r, [["predict", "--images", str(path)], ["fit", str(path)]])


def _data(r, out: Path) -> list[str]:
    for stem in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        content = _idx(r)
        if r.integers(3) == 0:
            content = gzip.compress(content + bytes(_pick(r, [0, 10**6])), 1)
            content = _bytes(r, content) if r.integers(2) else content
        (out / stem).write_bytes(content)
    return ["predict", "--data", str(out)]


def _description(r, out: Path) -> list[str]:
    text = json.loads((artifact.shipped() / artifact.MANIFEST).read_text())["network"]
    _mutate(r, text)
    try:
        content = json.dumps(text).encode()
    except ValueError:
        content = b"{"
    (out / "n.json").write_bytes(content if r.integers(4) else _bytes(r, content))
    return ["train", "--data", str(out / "none"), "--out", str(out / "made"), "--network", str(out / "n.json")]


def _option(r, out: Path) -> list[str]:
    command = _pick(r, list(OPTIONS))
    words = command.format(out=out).split() + (["gelu"] if command == "fit" else ["64"] if command.endswith("size") else [])
    option, text = _pick(r, OPTIONS[command]), _pick(r, TEXTS)
    return [*words[:-1], text] if option == "" else [*words, option, text]


KINDS = {"artifact": _artifact, "images": _images, "data": _data, "description": _description, "option": _option}


def call(r, out: Path) -> list[str]:
    """Make one hostile input in ``out``, and return the arguments of a command that takes it."""
    return _pick(r, list(KINDS.values()))(r, out)
