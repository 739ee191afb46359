"""Tests of places that cannot be read or written: one line and exit code 2, before any work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from hadamac import tools
from hadamac.errors import DataError, HadamacError, ToolError
from hadamac.files.writing import atomic_write, check_directory, make_directory
from hadamac.quantised.artifact import load
from hadamac_cli.main import main
from support.seeds import refused

LONG = "x" * 300
ODD = "a\udcffb"  # a byte that is no UTF-8, as a command line hands it over
COMMANDS = [
    ("predict", "{}"), ("predict", "--images", "{}"), ("predict", "--data", "{}"), ("predict", "--trace", "{}"),
    ("predict", "--out", "{}"), ("quantise", "--out", "{}"), ("verilog", "--out", "{}"), ("show", "--pictures", "{}"),
    ("fit", "gelu", "--out", "{}"), ("fit", "gelu", "--plot", "{}"), ("fit", "{}.npy"), ("sim", "--build", "{}"),
    ("demo", "--out", "{}"), ("bitstream", "--out", "{}"), ("verilog", "fft", "--size", "8", "--out", "{}.v"),
    ("train", "--data", ".", "--out", "{}"), ("train", "--data", "{}", "--out", "a"),
    ("train", "--data", ".", "--out", "a", "--network", "{}"), ("train", "--images", "{0}", "--labels", "{0}", "--out", "a"),
    ("quantise", "--images", "{}", "--out", "a"), ("demo", "--out", "a", "--data", "{}"), ("show", "--errors", "--images", "{}"),
]


def run(monkeypatch, capsys, *arguments) -> str:
    """Run a command that fails; return the one line that it ends with."""
    monkeypatch.setattr(sys, "argv", ["hadamac", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    lines = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2 and len(lines) == 1 and lines[0].startswith("hadamac: error: "), lines
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_names_that_no_file_can_have(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    for name, says in ((LONG, "File name too long"), (f"{LONG}/a", "File name too long"), (ODD, "")):
        assert says in run(monkeypatch, capsys, *(word.format(name) for word in command))
    assert not os.listdir(tmp_path)


LOCKED = """
import sys
from hadamac_cli import main as cli
for command in sys.stdin.read().splitlines():
    sys.argv = ["hadamac", *command.split()]
    print(command, file=sys.stderr, flush=True)
    try:
        cli.main()
    except SystemExit as stop:
        print(stop.code, file=sys.stderr, flush=True)
"""


def test_directories_without_permission(tmp_path):
    """Try every command that reads from or writes to a directory that may not be entered, or may only be read."""
    for name, mode in (("closed", 0), ("fixed", 0o555)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    outputs = ("--out", "--trace", "--pictures", "--plot", "--build")
    commands = [" ".join(command).format("closed/a") for command in COMMANDS]
    commands += [" ".join(command).format("fixed/a") for command in COMMANDS if command[-2] in outputs]
    drop = []
    if os.geteuid() == 0:  # permissions hold for root too, once it may not override them
        drop = [shutil.which("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]
        if drop[0] is None:
            pytest.skip("setpriv is needed to test as root")
    done = subprocess.run([*drop, sys.executable, "-c", LOCKED], input="\n".join(commands), capture_output=True,
                          text=True, cwd=tmp_path)
    (tmp_path / "closed").chmod(0o755)
    lines = iter(done.stderr.splitlines())
    for command in commands:
        said = [next(lines, None), next(lines, None), next(lines, None)]
        assert said[0] == command and said[1].startswith("hadamac: error: ") and said[2] == "2", done.stderr
    assert not list(tmp_path.glob("*/*"))


def test_names_in_python():
    for name in ("a\0b", ODD):
        message = f"File name must hold no NUL and be valid UTF-8, not {name!r}"
        for write in (lambda p: atomic_write(p, ""), check_directory, make_directory):
            with refused(message, DataError):
                write(name)
    with pytest.raises(HadamacError, match="^Artifact must be a directory with artifact.json, not "):
        load("a\0b")


def test_a_cache_for_tools_in_webassembly(tmp_path, monkeypatch):
    """Check that the user's cache is taken if it can be written to, and hadamac's own otherwise."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert tools.wasm_variables() == {}
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    for home in (tmp_path / "file", "/proc/none", None):
        if home is None:
            monkeypatch.setattr(tools.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
        monkeypatch.setenv("HOME", str(home))
        own = tools.wasm_variables()["XDG_CACHE_HOME"]
        assert own == str(tmp_path / "prefix" / "share" / "hadamac" / "wasm") and os.path.isdir(own)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "file"))
    with refused(f"No writable place for a cache, neither {tmp_path}/file nor the home directory; set XDG_CACHE_HOME",
                 ToolError):
        tools.wasm_variables()
