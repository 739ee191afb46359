"""Tests of examples/darcy_fields.py on made-up fields: files, transposes and refusals."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "darcy_fields.py"
spec = importlib.util.spec_from_file_location("darcy_fields", SCRIPT)
darcy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(darcy)


def arrays():
    """Return a few fields of each part."""
    r = np.random.default_rng(1)
    sizes = {"train": (5, 16, 16), "test16": (3, 16, 16), "test32": (2, 32, 32)}
    out = {f"{part}_x": r.integers(0, 2, size).astype(np.uint8) for part, size in sizes.items()}
    return out | {f"{part}_y": r.normal(0, 1, size).astype(np.float32) for part, size in sizes.items()}


def saved(path, **changes):
    """Write the fields, some arrays of which are replaced, or left out if they are None."""
    np.savez(path, **{k: v for k, v in (arrays() | changes).items() if v is not None})
    return path


def test_script_writes_fields_and_their_transposes(tmp_path):
    command = [sys.executable, SCRIPT, saved(tmp_path / "d.npz"), "--out", tmp_path / "out", "--transposed"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["train: 10 fields of 16 x 16", "test16: 3 fields of 16 x 16", "test32: 2 fields of 32 x 32"]
    given, files = arrays(), {path.stem: np.load(path) for path in (tmp_path / "out").glob("*.npy")}
    assert set(files) == {name for part in darcy.PARTS for name in (part, f"{part}-pressure")}
    assert files["train"].dtype == np.int8 and files["train-pressure"].dtype == np.float32
    np.testing.assert_array_equal(files["train"][:5, 0], given["train_x"])
    np.testing.assert_array_equal(files["train"][5:, 0], given["train_x"].transpose(0, 2, 1))
    np.testing.assert_array_equal(files["train-pressure"][5:, 0], given["train_y"].transpose(0, 2, 1))
    np.testing.assert_array_equal(files["test32-pressure"][:, 0], given["test32_y"])


@pytest.mark.parametrize("changes, why", [
    ({"test16_y": None}, "without the arrays test16_x and test16_y"),
    ({"train_y": np.zeros((5, 16, 8), np.float32)}, r"train_x and train_y have the shapes \(5, 16, 16\) and \(5, 16, 8\)"),
    ({"train_x": np.full((5, 16, 16), 2)}, "train_x has values other than 0 and 1"),
    ({"train_y": np.full((5, 16, 16), np.nan)}, "train_y has values that are no finite floats"),
])
def test_refuses_wrong_fields(tmp_path, changes, why):
    with pytest.raises(ValueError, match=rf"^Darcy fields must be an .npz file, not .*d.npz \({why}\)$"):
        darcy.fields(saved(tmp_path / "d.npz", **changes))


def test_refuses_wrong_files(tmp_path):
    (tmp_path / "text").write_text("no archive\n")
    for name, why in (("text", "no zip archive"), ("missing", "No such file or directory")):
        with pytest.raises(ValueError, match=rf"\({why}\)$"):
            darcy.fields(tmp_path / name)
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "missing", "--out", tmp_path / "o"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and not (tmp_path / "o").exists()
