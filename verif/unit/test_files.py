"""Tests of writing files: completely or not at all; devices and pipes are written to."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import threading

import pytest

from hadamac.errors import DataError
from hadamac.files import writing as files
from hadamac.files.writing import atomic_files, atomic_write, check_file


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


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")
    (tmp_path / "first").symlink_to("link")
    for text in ("new", "newer"):  # the target is missing at first
        atomic_write(tmp_path / "first", text)
        assert (tmp_path / "there" / "file").read_text() == text
    assert (tmp_path / "first").is_symlink() and (tmp_path / "link").is_symlink()
    assert names(tmp_path / "there") == ["file"] and names(tmp_path) == ["first", "link", "there"]
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(DataError, match="^Cannot write .*/round: "):
        atomic_write(tmp_path / "round", "")


def test_permissions_stay(tmp_path):
    (tmp_path / "a").write_text("")
    (tmp_path / "a").chmod(0o640)
    atomic_write(tmp_path / "a", "new")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_pipe_is_written_to(tmp_path, monkeypatch):
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    atomic_write(path, b"x" * 200_000)
    reader.join()
    assert got == [b"x" * 200_000] and path.is_fifo()
    monkeypatch.setattr(files, "_READER_S", 0.05)
    with refused(f"Cannot write {path}: nobody reads from this pipe"):
        atomic_write(path, b"")
    assert names(tmp_path) == ["pipe"] and path.is_fifo()


def test_a_device_is_written_to(tmp_path):
    """Write to a terminal, which even root cannot replace, and to a link like ``/dev/stdout``."""
    reader, terminal = os.openpty()
    atomic_write(os.ttyname(terminal), "anything")
    assert os.read(reader, 99) == b"anything"
    os.close(reader)
    os.close(terminal)
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    script = f"from hadamac.files.writing import atomic_write; print(1); atomic_write('{tmp_path}/stdout', '2\\n'); print(3)"
    with open(tmp_path / "out", "w") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "1\n2\n3\n" and names(tmp_path) == ["out", "stdout"]


def test_several_files_or_none(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(files, "_READER_S", 0.01)
    os.mkfifo(tmp_path / "pipe")
    with refused(f"Cannot write {tmp_path}/pipe: nobody reads from this pipe"):
        atomic_files({tmp_path / "a": "new", tmp_path / "b": "new", tmp_path / "pipe": "new"})
    with refused(f"Cannot write {tmp_path}/no/c: the directory {tmp_path}/no does not exist"):
        atomic_files({tmp_path / "a": "new", tmp_path / "no" / "c": "new"})
    assert names(tmp_path) == ["a", "pipe"] and (tmp_path / "a").read_text() == "old"
    atomic_files({tmp_path / "a": "new", tmp_path / "b": "new"})
    assert names(tmp_path) == ["a", "b", "pipe"] and (tmp_path / "a").read_text() == "new"
    with refused(f"Cannot write {tmp_path}: it is a directory"):
        check_file(tmp_path)
