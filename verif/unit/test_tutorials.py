"""The tutorials, command by command: those that need no data set as they are, training on a few made-up frames."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.commands import hadamac, write_idx  # noqa: F401
from support.pages import blocks

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
PLAIN = ("show", "predict", "explain", "estimate")
"""Commands that are run as they are; others simulate or build, which other tests do, or need a data set."""
MADE = ("predict my-mnist", "predict fashion --data", "predict watch --", "predict darcy --", "--images digit.png", "--images shoe.png")
"""Parts of commands that need what the reader has made or brings."""


def commands(path: Path) -> list[str]:
    """Return the commands of the blocks of a page, each in one line and without its remark."""
    lines = re.sub(r"\\\n\s*", "", "\n".join(blocks(path, "sh"))).splitlines()
    return [line.split("  #")[0].strip() for line in lines]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_commands_about_the_trained_network(path, hadamac, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    done = 0
    for command in commands(path):
        if command.startswith("hadamac ") and command.split()[1] in PLAIN and not any(part in command for part in MADE):
            code, out, err = hadamac(*shlex.split(command)[1:])
            assert (code, bool(out)) == (0, True), f"{command}: {err}"
            done += 1
    assert done >= 2


def data_of(name: str, directory: Path) -> None:
    """Write a few frames as the data set of a tutorial."""
    r = np.random.default_rng(1)
    if name == "darcy":
        sizes = {"train": (6, 16, 16), "test16": (3, 16, 16), "test32": (3, 32, 32)}
        np.savez(directory / "darcy.npz", **{f"{part}_x": r.integers(0, 2, size).astype(np.uint8) for part, size in sizes.items()},
                 **{f"{part}_y": r.uniform(0, 1, size).astype(np.float32) for part, size in sizes.items()})
    elif name == "watch":
        np.savez(directory / "watch.npz", samples=r.normal(0, 1, (1200, 6)).astype(np.float32), lengths=[600, 600],
                 label=np.arange(2), subject=np.array([1, 10]), side=np.array([0, 1]))
    else:
        folder = directory / {"mnist": "mnist", "fashion": "fashion-mnist"}[name]
        folder.mkdir()
        for part in ("train", "t10k"):
            write_idx(folder / f"{part}-images-idx3-ubyte", r.integers(0, 256, (20, 28, 28)))
            write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(20) % 10)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_training_it_again(path, hadamac, tmp_path, monkeypatch):  # noqa: F811
    """The commands as they are, but for one epoch on a few frames."""
    pytest.importorskip("torch", reason="torch is needed to train; the rest of hadamac does without")
    monkeypatch.chdir(tmp_path)
    data_of(path.stem, tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    trained = False
    for command in commands(path):
        if command.startswith("python examples/"):
            subprocess.run([sys.executable, *shlex.split(command)[1:]], check=True, capture_output=True)
        elif command.startswith("hadamac train"):
            code, _, err = hadamac(*shlex.split(re.sub(r"--epochs \d+", "", command))[1:], "--epochs", 1)
            assert code == 0, f"{command}: {err}"
            trained = True
        elif trained and command.startswith(("hadamac predict", "hadamac quantise")) and ".png" not in command:
            code, _, err = hadamac(*shlex.split(command)[1:])
            assert code == 0, f"{command}: {err}"
    assert trained
