"""Tests of writing directories: completely or not at all; nothing that hadamac did not write is ever removed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from hadamac.errors import DataError
from hadamac.files import directories
from hadamac.files import writing as files
from hadamac.files.directories import Marker, atomic_directory, check_directory, digest
from hadamac.quantised import artifact
from hadamac.quantised.arrays import TRACE
from hadamac.show.report import PICTURES
from hadamac_hw.boards import bitstream
from hadamac_hw.cores import library
from support.seeds import refused

LIST = Marker("list.json", lambda listed: listed["files"])


def names(directory) -> list[str]:
    return sorted(os.listdir(directory))


def write(target, **contents: str):
    """Write a directory of the kind LIST."""
    with atomic_directory(target, marker=LIST) as fresh:
        for name, text in contents.items():
            (fresh / name).write_text(text)
        listed = {name: digest(text.encode()) for name, text in contents.items()}
        (fresh / "list.json").write_text(json.dumps({"files": listed}))


@pytest.fixture(params=["exchange", "two renames"])
def target(request, tmp_path, monkeypatch):
    """Return a path for a directory, on a system that can exchange two directories in one step and on one that cannot."""
    if request.param == "two renames":
        monkeypatch.setattr(directories, "_exchanged", lambda one, other: False)
    return tmp_path / "out"


def test_appears_whole_and_replaces_its_own(target):
    with atomic_directory(target, marker=LIST) as fresh:
        (fresh / "list.json").write_text(json.dumps({"files": {"a": digest(b"1")}}))
        (fresh / "a").write_text("1")
        assert not target.exists()
    write(target, a="2", b="3")
    assert names(target) == ["a", "b", "list.json"] and (target / "a").read_text() == "2"
    write(target, c="")
    assert names(target) == ["c", "list.json"] and names(target.parent) == ["out"]


@pytest.mark.parametrize("stood", [False, True])
def test_failure_leaves_what_was_there(target, stood):
    if stood:
        write(target, a="old")
    with pytest.raises(KeyboardInterrupt), atomic_directory(target, marker=LIST) as fresh:
        (fresh / "a").write_text("half")
        raise KeyboardInterrupt
    assert names(target.parent) == (["out"] if stood else [])
    assert not stood or (target / "a").read_text() == "old"


def test_what_others_put_there_is_kept(target):
    refusal = f"Cannot write {target}: it holds {{}}, which hadamac did not write, so it is not replaced; move that " \
              "away or name another"
    changed = f"Cannot write {target}: 'a' in it was changed since hadamac wrote it, so it is not replaced; move " \
              "that away or name another"
    write(target, a="1")
    for name, put, message in (
        ("notes.txt", lambda p: p.write_text("mine"), refusal.format("'notes.txt'")),
        (".git", lambda p: p.mkdir(), refusal.format("'.git'")),
        ("link", lambda p: p.symlink_to(target / "a"), refusal.format("'link'")),
        ("a", lambda p: p.write_text("edited"), changed),
        ("a", lambda p: (p.unlink(), p.symlink_to("list.json")), refusal.format("'a'")),
    ):
        put(target / name)
        before = names(target)
        with refused(message, DataError):
            check_directory(target, marker=LIST)
        with refused(message, DataError):
            write(target, a="2")
        assert names(target) == before and names(target.parent) == ["out"]
        (target / name).rmdir() if name == ".git" else (target / name).unlink()
        if name == "a":
            (target / "a").write_text("1")
    write(target, a="2")


def test_what_arrives_while_the_body_runs_is_kept(target, monkeypatch):
    write(target, a="1")
    with pytest.raises(DataError, match="which hadamac did not write"), atomic_directory(target, marker=LIST):
        (target / "late").write_text("mine")
    assert names(target) == ["a", "late", "list.json"]
    (target / "late").unlink()
    change = directories._change_places

    def last_instant(new, final):
        (final / "late").write_text("mine")
        return change(new, final)

    monkeypatch.setattr(directories, "_change_places", last_instant)
    write(target, a="2")
    assert names(target) == ["a", "late", "list.json"] and (target / "a").read_text() == "2"
    (target / "late").unlink()
    with pytest.raises(DataError, match=r"out was written, and what else was put there meanwhile is in .*out\.kept-"):
        write(target, late="3")
    (kept,) = (name for name in names(target.parent) if name.startswith("out.kept-"))
    assert (target.parent / kept / "late").read_text() == "mine" and (target / "late").read_text() == "3"


@pytest.mark.parametrize("marker", [artifact.DIRECTORY, library.DIRECTORY, TRACE, PICTURES, bitstream.DIRECTORY],
                         ids=lambda marker: marker.name)
@pytest.mark.parametrize("content", ["", "{}", "[]", "[" * 99999, '{"name": "web app", "icons": []}', '{"files": {}}',
                                     '{"format": "hadamac-artifact", "files": {}, "checksum": ""}', '{"a": 1}'])
def test_a_marker_is_known_by_its_content(tmp_path, marker, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / marker.name).write_text(content)
    with refused(f"Cannot write {tmp_path}/out: its {marker.name} is not one that hadamac wrote, so it is not "
                 "replaced; name another", DataError):
        check_directory(tmp_path / "out", marker=marker)


def test_without_a_marker_only_an_empty_one_goes(target):
    target.mkdir()
    with atomic_directory(target):
        pass
    (target / "precious").write_text("")
    with refused(f"Cannot write {target}: the directory is not empty and holds no list.json, so it is not replaced; "
                 "name another", DataError):
        write(target)
    with refused(f"Cannot write {target}: the directory is not empty, so it is not replaced; name another", DataError):
        check_directory(target)
    assert names(target) == ["precious"]


def test_a_link_stays_and_what_it_leads_to_is_written(target):
    link = target.parent / "link"
    link.symlink_to("out")
    for text in ("1", "2"):
        write(link, a=text)
        assert link.is_symlink() and (target / "a").read_text() == text and not target.is_symlink()
    (target.parent / "file").write_text("")
    os.symlink("file", target.parent / "other")
    with refused(f"Cannot write {target.parent}/other: it exists and is not a directory", DataError):
        write(target.parent / "other")
    os.symlink("round", target.parent / "round")
    with pytest.raises(DataError, match="^Cannot write .*/round: "):
        write(target.parent / "round")


@pytest.mark.parametrize("number, reason", [(errno.ENOSPC, "No space left on device"), (errno.EFBIG, "File too large")])
def test_a_full_disk_is_one_line_and_leaves_nothing(target, number, reason):
    write(target, a="old")
    with refused(f"Cannot write {target}: {reason}", DataError), atomic_directory(target, marker=LIST) as fresh:
        (fresh / "a").write_text("half")
        raise OSError(number, os.strerror(number))
    assert names(target.parent) == ["out"] and (target / "a").read_text() == "old"


def test_a_limited_file_size_is_one_line(tmp_path):
    """Let the system itself refuse to write in the middle of an artifact."""
    script = ("import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); "
              "sys.argv = ['hadamac', 'quantise', '--out', 'small']; from hadamac_cli.main import main; main()")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "hadamac: error: Cannot write small: File too large\n")
    assert names(tmp_path) == []


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from hadamac.quantised import artifact
a = artifact.load()
a = replace(a, provenance={"seed": int(sys.argv[2])}, params={n: v + int(sys.argv[2]) for n, v in a.params.items()})
for count in range(100_000):
    artifact.save(a, sys.argv[1])
    if count >= 20 and Path(sys.argv[3]).exists():
        break
"""


def test_readers_and_writers_of_one_artifact_do_not_meet(tmp_path):
    """Check that two writers and a reader do not fail, and that the reader gets what one of the writers wrote."""
    path = tmp_path / "network"
    bias = artifact.load().params["conv0.bias"]
    artifact.save(artifact.load(), path)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(k), str(tmp_path / "enough")], text=True,
                                stderr=subprocess.PIPE) for k in (1, 2)]
    read, count = set(), 0
    while any(writer.poll() is None for writer in writers):
        contents = artifact._contents(path)  # what `load` reads and verifies; the rest of it is slow
        seed = contents[0]["provenance"]["seed"]
        if len(read) < 2 and seed not in read:
            np.testing.assert_array_equal(artifact.load(path).params["conv0.bias"].shape, bias.shape)
        read.add(seed)
        count += 1
        if count > 200 and {1, 2} <= read:  # however fast the machine is
            (tmp_path / "enough").touch()
    for writer in writers:
        _, err = writer.communicate()
        assert writer.returncode == 0, err
    assert {1, 2} <= read and names(tmp_path) == ["enough", "network"]


def test_a_reader_whose_directory_is_replaced_reads_the_new_one(tmp_path):
    write(tmp_path / "out", a="1")
    replaced = []

    def others(content):
        if not replaced:
            replaced.append(True)
            write(tmp_path / "out", a="2", b="3")
        return json.loads(content)["files"]

    assert files.read_together(tmp_path / "out", "list.json", others)["a"] == b"2"
    (tmp_path / "out" / "a").unlink()
    with pytest.raises(FileNotFoundError):
        files.read_together(tmp_path / "out", "list.json", others)
