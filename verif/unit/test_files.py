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


def test_directory_appears_whole(tmp_path):
    target = tmp_path / "out"
    with atomic_directory(target, marker="m") as fresh:
        (fresh / "m").write_text("1")
        assert not target.exists()
    assert names(target) == ["m"]
    with atomic_directory(target, marker="m") as fresh:
        (fresh / "m").write_text("2")
        (fresh / "n").write_text("")
    assert names(target) == ["m", "n"] and (target / "m").read_text() == "2"
    assert names(tmp_path) == ["out"]


def test_directory_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "out"
    for stood in (False, True):
        if stood:
            target.mkdir()
            (target / "m").write_text("old")
        with pytest.raises(KeyboardInterrupt), atomic_directory(target, marker="m") as fresh:
            (fresh / "m").write_text("half")
            raise KeyboardInterrupt
        assert names(tmp_path) == (["out"] if stood else [])
    assert (target / "m").read_text() == "old"


def test_directory_of_somebody_else_is_not_replaced(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    with atomic_directory(target):
        pass  # an empty one may go
    (target / "precious").write_text("")
    no_marker = f"Cannot write {target}: the directory is not empty and holds no m, so it is not replaced; name another"
    with refused(no_marker), atomic_directory(target, marker="m"):
        pytest.fail("the body must not run")
    with refused(f"Cannot write {target}: the directory is not empty, so it is not replaced; name another"):
        with atomic_directory(target):
            pytest.fail("the body must not run")
    link = tmp_path / "link"
    link.symlink_to(target)
    with refused(f"Cannot write {link}: it exists and is not a directory"), atomic_directory(link, marker="precious"):
        pytest.fail("the body must not run")
    assert names(target) == ["precious"]
