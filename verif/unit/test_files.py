"""Whole files and directories, or none."""

from __future__ import annotations

import os
import re

import pytest

from hadamac.errors import DataError
from hadamac.files import atomic_directory, atomic_write


def names(directory) -> list[str]:
    return sorted(os.listdir(directory))


def refused(message: str):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_write_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.v"
    atomic_write(path, "one\r\ntwo")
    assert path.read_bytes() == b"one\r\ntwo"
    atomic_write(path, b"three")
    assert path.read_bytes() == b"three"
    assert names(tmp_path) == ["a.v"]


def test_write_failure_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.v"
    atomic_write(path, "old")

    def full(source, destination):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with refused(f"Cannot write {path}: No space left on device"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.v"]


def test_write_names_what_is_wrong_with_the_path(tmp_path):
    (tmp_path / "file").write_text("")
    with refused(f"Cannot write {tmp_path / 'no' / 'a'}: the directory {tmp_path / 'no'} does not exist"):
        atomic_write(tmp_path / "no" / "a", "")
    with refused(f"Cannot write {tmp_path / 'file' / 'a'}: {tmp_path / 'file'} is not a directory"):
        atomic_write(tmp_path / "file" / "a", "")
    with refused(f"Cannot write {tmp_path}: it is a directory"):
        atomic_write(tmp_path, "")
