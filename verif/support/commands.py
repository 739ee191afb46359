"""Command line inside a test's own process, and files of images for it."""

from __future__ import annotations

import gzip
import struct
import sys

import numpy as np
import pytest

from hadamac_cli.main import main

__all__ = ["hadamac", "write_idx"]


@pytest.fixture
def hadamac(monkeypatch, capsys):
    """Return a function that runs a command and returns ``(exit code, standard output, standard error)``."""
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["hadamac", *map(str, arguments)])
        capsys.readouterr()  # a seed may have been printed
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    return run


def write_idx(path, array: np.ndarray) -> None:
    """Write bytes as an IDX file; compressed where its name ends in .gz."""
    raw = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
