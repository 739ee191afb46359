"""Tests of examples/digits_16.py: means of four pixels, rounded half to even, and refusals."""

import gzip
import importlib.util
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

import hadamac

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "digits_16.py"
spec = importlib.util.spec_from_file_location("digits_16", SCRIPT)
digits = importlib.util.module_from_spec(spec)
spec.loader.exec_module(digits)


def idx(path, array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


def test_means_of_four_pixels():
    image = np.array([[[1, 2, 255, 255, 9], [2, 1, 255, 254, 9], [0, 0, 0, 1, 9], [0, 2, 1, 1, 9], [9, 9, 9, 9, 9]]], np.uint8)
    assert digits.halved(image).tolist() == [[[2, 255], [0, 1]]]  # 1.5, 254.75, 0.5 and 0.75
    assert digits.halved(image).dtype == np.uint8


def test_script_writes_what_train_takes(tmp_path):
    r = np.random.default_rng(1)
    for prefix, count in (("train", 6), ("t10k", 4)):
        idx(tmp_path / f"{prefix}-images-idx3-ubyte.gz", r.integers(0, 256, (count, 28, 28)).astype(np.uint8))
        idx(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", r.integers(0, 10, count).astype(np.uint8))
    done = subprocess.run([sys.executable, SCRIPT, tmp_path, "--out", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"train.npy", "train-labels.npy", "test.npy", "test-labels.npy"}
    images, labels = hadamac.load_mnist(tmp_path, "train")
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "train.npy"), digits.halved(images))
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "train-labels.npy"), labels)


def test_missing_files_are_one_line(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "none", "--out", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "none" in done.stderr


def test_the_shipped_network_is_that_of_the_description():
    """The artifact has the layers of examples/digits_16.json, and classifies its samples as its record says."""
    artifact = hadamac.load("digits-16")
    description = hadamac.Network.from_json(json.loads((SCRIPT.parent / "digits_16.json").read_text()))
    assert artifact.qnet.network == description
    frames, labels = artifact.samples
    assert (artifact.predict(frames).classes == labels).mean() >= 0.95 and artifact.accuracy["fixed"] >= 0.97
