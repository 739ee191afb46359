"""Tests that a program that a signal ends leaves neither processes nor temporary files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from hadamac.files import scratch
from hadamac.files.writing import atomic_directory, atomic_write
from hadamac_cli import signals
from hadamac_hw.base.process import search_path

# In place of a command: a directory half written, a compiler with a child of its own, a program of somebody else's.
PROGRAM = """
import os, subprocess, sys, time
from pathlib import Path
from hadamac_cli import main as cli
from hadamac.files.writing import atomic_directory
from hadamac.files.scratch import scratch_directory
from hadamac_hw.base.process import started

def app(**_):
    other = subprocess.Popen(["sleep", "60"])
    with atomic_directory("out") as fresh, scratch_directory("test") as work:
        (fresh / "half").write_text("")
        (work / "half").write_text("")
        with started(["sh", "-c", "sleep 60 & echo $!; sleep 60"], stdout=subprocess.PIPE, text=True) as child:
            print(other.pid, child.pid, child.stdout.readline().strip(), flush=True)
            child.wait()

cli.app = app
cli.main()
"""


def alive(process: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    return False


def gone(processes: list[int]) -> bool:
    until = time.monotonic() + 60
    while any(map(alive, processes)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(alive, processes))


@pytest.fixture
def program(tmp_path):
    """Start the program; return it and the processes that it has started."""
    (tmp_path / "tmp").mkdir()

    def start(*before: str):
        run = subprocess.Popen([*before, sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.PIPE, cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
                               preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))  # under nohup too
        return run, [int(word) for word in run.stdout.readline().split()]

    return start


def left(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_orderly_exit(program, tmp_path, number):
    run, children = program()
    assert len(left(tmp_path)) == 5 and len(children) == 3
    run.send_signal(number)
    out, err = run.communicate(timeout=120)
    assert (run.returncode, out, err) == (128 + number, "", "")
    assert gone(children) and left(tmp_path) == ["tmp"]


def test_what_is_ignored_at_the_start_stays_ignored(program, tmp_path):
    run, children = program("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    run.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=120)
    assert run.returncode == 128 + signal.SIGTERM and gone(children)


def test_killed_outright(program, tmp_path):
    """Check that all descendants end at once, and that the next run removes unfinished files and nothing else."""
    run, (other, *children) = program()
    run.kill()
    run.wait(120)
    assert gone(children)
    os.kill(other, signal.SIGKILL)
    run.communicate(timeout=120)
    assert len(left(tmp_path)) == 5
    (tmp_path / ".hadamac-1-0123456.tmp").write_text("somebody else's")
    atomic_write(tmp_path / "a", "")
    assert left(tmp_path)[:2] == [".hadamac-1-0123456.tmp", "a"] and len(left(tmp_path)) == 5
    scratch.sweep(tmp_path / "tmp")
    assert left(tmp_path) == [".hadamac-1-0123456.tmp", "a", "tmp"]


def test_children_from_before_are_spared():
    """Check this for the children of a shell that replaces itself by hadamac with ``exec``."""
    before = subprocess.Popen(["sleep", "60"])
    with signals.orderly_exit():
        during = subprocess.Popen(["sh", "-c", "sleep 60 & wait"])
        time.sleep(0.1)
        assert len(signals._descendants(during.pid)) == 1
    assert during.wait(5) == -signal.SIGKILL and before.poll() is None
    before.kill()
    before.wait()


def test_only_what_nobody_holds_is_swept(tmp_path):
    names = [".hadamac-1-01234567.tmp", ".hadamac-1-01234567", "hadamac-sim-1-01234567.tmp", ".a.1.01234567.tmp",
             "hadamac-sim-x-01234567.tmp"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".hadamac-2-01234567.tmp").symlink_to(tmp_path)
    with scratch.held(tmp_path) as directory, scratch.held(tmp_path, file=True) as file:
        assert {path.name for path in tmp_path.iterdir()} == {directory.name, file.name, *names[1::2], names[4],
                                                              ".hadamac-2-01234567.tmp"}
        with atomic_directory(tmp_path / "out"):
            pass
        assert directory.is_dir() and file.is_file()
    assert sorted(os.listdir(tmp_path)) == sorted([*names[1::2], names[4], ".hadamac-2-01234567.tmp", "out"])


def test_a_search_path_of_names_with_colons(tmp_path):
    odd = tmp_path / "a:b"
    odd.mkdir()
    (odd / "module.py").write_text("")
    first, second = search_path(["", str(tmp_path), str(odd)], tmp_path).split(os.pathsep)
    assert first == str(tmp_path) and os.listdir(second) == ["module.py"]
