"""Tests of examples/watch_windows.py on made-up recordings: bits, places, splits and refusals."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "watch_windows.py"
spec = importlib.util.spec_from_file_location("watch_windows", SCRIPT)
watch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(watch)


def arrays():
    """Return three recordings of two subjects, the second too short for a window of 128 and the third mirrored."""
    rng = np.random.default_rng(1)
    return {"samples": rng.normal(0, 2, (600, 6)).astype(np.float32), "lengths": np.array([300, 100, 200]),
            "label": np.array([3, 1, 6], np.uint8), "subject": np.array([1, 1, 4], np.uint8),
            "side": np.array([0, 0, 1], np.uint8)}


def saved(path, **changes):
    """Write the recordings, some arrays of which are replaced, or left out if they are None."""
    np.savez(path, **{k: v for k, v in (arrays() | changes).items() if v is not None})
    return path


def test_windows_are_words_of_one_recording_each(tmp_path):
    samples = arrays()["samples"]
    samples[5] = 40, -40, 1, 0.5 / 1024, 1.5 / 1024, 0
    x, labels, subjects = watch.windows(saved(tmp_path / "w.npz", samples=samples))
    assert x.dtype == np.int16 and x.shape == (5, 6, 128) and labels.dtype == np.uint8
    assert labels.tolist() == [3, 3, 3, 6, 6] and subjects.tolist() == [1, 1, 1, 4, 4]
    assert x[0, :, 5].tolist() == [32767, -32768, 1024, 0, 2, 0]  # saturated; halves go to even
    assert np.array_equal(x[2].T, np.rint(samples[128:256] * 1024))
    assert np.array_equal(x[3].T, np.rint(samples[400:528] * 1024) * [-1, 1, 1, 1, -1, -1])
    plain = watch.windows(tmp_path / "w.npz", mirror=False)[0]
    assert np.array_equal(plain[3].T, np.rint(samples[400:528] * 1024)) and np.array_equal(plain[:3], x[:3])


def test_turned_windows_keep_their_lengths(tmp_path):
    x = watch.windows(saved(tmp_path / "w.npz"))[0].astype(float)
    turned = watch.turned(x, np.random.default_rng(1), angle=1.0).astype(float)
    for part, spread in ((slice(0, 3), 0), (slice(3, 6), 0.2)):
        ratio = np.linalg.norm(turned[:, part], axis=1) / np.linalg.norm(x[:, part], axis=1)
        assert abs(ratio - 1).max() < spread + 0.02
    places = [0, 50, 90]  # a rotation keeps the volume that three vectors span, and its sign; a mirror changes the sign
    volume = [np.linalg.det(w[:, :3, places] / 1024) for w in (x, turned)]
    assert np.allclose(*volume, atol=0.1)
    still = watch.turned(x, np.random.default_rng(1), angle=0, scale=0)
    assert np.array_equal(still, x)


def test_script_splits_by_subject(tmp_path):
    command = [sys.executable, SCRIPT, saved(tmp_path / "w.npz"), "--leave-out", "4", "--out", tmp_path / "out"]
    done = subprocess.run([*command, "--copies", "3"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    x, labels, subjects = watch.windows(tmp_path / "w.npz")
    files = {path.stem: np.load(path) for path in (tmp_path / "out").glob("*.npy")}
    assert np.array_equal(files["test"], x[subjects == 4]) and files["test-labels"].tolist() == [6, 6]
    assert files["train"].shape == (9, 6, 128) and np.array_equal(files["train"][:3], x[:3])
    assert files["train-labels"].tolist() == [3] * 9
    command[4] = "3"
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "Subject to leave out must be one of 1, 4, not 3\n"


@pytest.mark.parametrize("changes, message", [
    ({"side": None}, r"Recordings must be an .npz file of samples, lengths, label, subject, side, not .*w.npz "
                     r"\(without the array side\)"),
    ({"samples": np.zeros((600, 3))}, r"Samples must be numbers of shape \(n, 6\), not float64 of \(600, 3\)"),
    ({"samples": np.full((600, 6), np.nan)}, "Samples must be finite, unlike row 0"),
    ({"lengths": np.array([300, 100, 100])}, "Lengths must be positive and sum to 600 samples, not to 500"),
    ({"label": np.array([3, 1])}, r"Array label must have one integer for each recording, not int64 of shape \(2,\)"),
    ({"label": np.array([3, 1, 7])}, "Labels must be from 0 to 6, not 1 to 7"),
])
def test_refuses_wrong_recordings(tmp_path, changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        watch.windows(saved(tmp_path / "w.npz", **changes))


def test_refuses_wrong_files(tmp_path):
    (tmp_path / "text").write_text("no archive\n")
    np.save(tmp_path / "one.npy", np.zeros(3))
    for name, why in (("text", "no zip archive"), ("one.npy", "no zip archive"),
                      ("missing", "No such file or directory"), (".", "Is a directory")):
        with pytest.raises(ValueError, match=rf"^Recordings must be an .npz file of .* \({why}\)$"):
            watch.windows(tmp_path / name)


@pytest.mark.parametrize("options, message", [
    ({"length": 301}, "Length must be at most 300, that of the longest recording, not 301"),
    ({"stride": 0}, "Stride must be at least 1 sample, not 0"),
])
def test_refuses_wrong_windows(tmp_path, options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        watch.windows(saved(tmp_path / "w.npz"), **options)
