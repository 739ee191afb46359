"""Turn the recordings of a smartwatch into windows to train and test a one-dimensional network on.

Run ``python examples/watch_windows.py watch.npz --leave-out 4 --out build/watch``.  All windows of the subject that is
left out become the test set: windows of one person resemble each other, so a split by window would flatter a network.

watch.npz holds seven shoulder exercises that a watch recorded at 50 Hz, as acceleration in g and rotation in rad/s
(D. Burns and others, arXiv:1802.01489, BSD; the data set ``watch`` of the Python package seglearn).  Its arrays are
``samples`` (all recordings one after the other, n x 6: ax, ay, az, wx, wy, wz), and, for each recording, ``lengths``,
``label`` (0 to 6), ``subject`` and ``side`` (1 if the watch was on the other arm).

All channels become int16 words in SQ(6, 10): the value times 1024, rounded half to even and saturated at +-32.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

CHANNELS = 6
CLASSES = 7
ONE = 1024
"""Word of the value 1, that is 1 g or 1 rad/s: SQ(6, 10) has 10 fraction bits."""
MIRROR = np.array([-1, 1, 1, 1, -1, -1])
"""Signs of the channels as the other arm measures them.  A mirror turns x round; rotation about x keeps its sense, and
that about y and z is reversed."""


def _words(values: np.ndarray) -> np.ndarray:
    """Return values that are scaled already as int16, rounded half to even and then saturated."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def recordings(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file of recordings; raise ValueError, with one line, if it holds something else."""
    names = ("samples", "lengths", "label", "subject", "side")
    try:
        if Path(path).is_file() and not zipfile.is_zipfile(path):
            raise ValueError("no zip archive")
        with np.load(path) as file:
            if missing := [name for name in names if name not in file]:
                raise ValueError(f"without the array {missing[0]}")
            data = {name: file[name] for name in names}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ValueError(f"Recordings must be an .npz file of {', '.join(names)}, not {path} ({reason})") from None
    samples, lengths = data["samples"], data["lengths"]
    if samples.ndim != 2 or samples.shape[1] != CHANNELS or samples.dtype.kind not in "fiu":
        raise ValueError(f"Samples must be numbers of shape (n, {CHANNELS}), not {samples.dtype} of {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError(f"Samples must be finite, unlike row {np.flatnonzero(~np.isfinite(samples).all(1))[0]}")
    for name in names[1:]:
        if data[name].dtype.kind not in "iu" or data[name].shape != lengths.shape or lengths.ndim != 1:
            raise ValueError(f"Array {name} must have one integer for each recording, not {data[name].dtype} of shape "
                             f"{data[name].shape}")
    if (lengths < 0).any() or lengths.sum() != len(samples):
        raise ValueError(f"Lengths must be positive and sum to {len(samples)} samples, not to {lengths.sum()}")
    if ((data["label"] < 0) | (data["label"] >= CLASSES)).any():
        raise ValueError(f"Labels must be from 0 to {CLASSES - 1}, not {data['label'].min()} to {data['label'].max()}")
    return data


def windows(path: str | Path, length: int = 128, stride: int = 64,
            mirror: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the windows of all recordings, their labels and their subjects.

    A window lies within one recording, and begins ``stride`` samples after the one before it.

    Parameters
    ----------
    path : path of watch.npz
    length, stride : int
        In samples of 20 ms.
    mirror : bool
        Mirror the recordings of side 1, so that all look as if they came from one arm.

    Returns
    -------
    windows : int16 array (n, 6, length)
        Words in SQ(6, 10).
    labels : uint8 array (n,)
    subjects : integer array (n,)

    Raises
    ------
    ValueError
        With one line that says what is wrong.
    """
    for what, value in (("Length", length), ("Stride", stride)):
        if value < 1:
            raise ValueError(f"{what} must be at least 1 sample, not {value}")
    data = recordings(path)
    ends = np.cumsum(data["lengths"])
    starts = [np.arange(end - n, end - length + 1, stride) for end, n in zip(ends, data["lengths"], strict=True)]
    first = np.concatenate(starts or [ends])
    if not len(first):
        longest = max(data["lengths"], default=0)
        raise ValueError(f"Length must be at most {longest}, that of the longest recording, not {length}")
    source = np.repeat(np.arange(len(starts)), [len(s) for s in starts])
    x = data["samples"][first[:, None] + np.arange(length)].transpose(0, 2, 1)
    if mirror:
        x = np.where((data["side"][source] == 1)[:, None, None], x * MIRROR[:, None], x)
    return _words(x * ONE), data["label"][source].astype(np.uint8), data["subject"][source]


def turned(x: np.ndarray, rng: np.random.Generator, angle: float = 0.2, scale: float = 0.2) -> np.ndarray:
    """Return a copy of windows, each of which is as a watch would give it that sits a little askew.

    Each window is rotated in space, acceleration and rate alike, by a random rotation vector whose three parts have the
    deviation ``angle`` in rad.  Its rates are also multiplied by a random factor from ``1 - scale`` to ``1 + scale``,
    as if the movement were slower or faster.
    """
    vector = rng.normal(0, angle, (len(x), 3))
    size = np.linalg.norm(vector, axis=1)[:, None, None]
    cross = np.zeros((len(x), 3, 3))  # Rodrigues: exp(K) = 1 + sin(t)/t K + (1 - cos(t))/t^2 K^2
    for (row, column), part in zip(((2, 1), (0, 2), (1, 0)), vector.T, strict=True):
        cross[:, row, column], cross[:, column, row] = part, -part
    turn = np.eye(3) + np.sinc(size / np.pi) * cross + np.sinc(size / (2 * np.pi))**2 / 2 * cross @ cross
    rate = rng.uniform(1 - scale, 1 + scale, (len(x), 1, 1))
    return _words(np.concatenate((turn @ x[:, :3], turn @ x[:, 3:] * rate), axis=1))


def split(x: np.ndarray, labels: np.ndarray, subjects: np.ndarray, leave_out: int, copies: int = 8,
          seed: int = 1) -> dict[str, np.ndarray]:
    """Return ``train``, ``train-labels``, ``test`` and ``test-labels``, of which one subject is the test set.

    The training set holds the windows themselves and, of each, ``copies - 1`` that are `turned`.
    """
    known = sorted(set(subjects.tolist()))
    if leave_out not in known:
        raise ValueError(f"Subject to leave out must be one of {', '.join(map(str, known))}, not {leave_out}")
    if copies < 1:
        raise ValueError(f"Copies must be at least 1, not {copies}")
    rng, test = np.random.default_rng(seed), subjects == leave_out
    train = [x[~test], *(turned(x[~test], rng) for _ in range(copies - 1))]
    return {"train": np.concatenate(train), "train-labels": np.tile(labels[~test], copies),
            "test": x[test], "test-labels": labels[test]}


def main() -> None:
    """Write the four arrays of `split` as .npy files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("path", help="watch.npz")
    parser.add_argument("--leave-out", type=int, required=True, metavar="SUBJECT", help="subject of the test set")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory to write")
    parser.add_argument("--stride", type=int, default=64, help="samples from one window to the next (64)")
    parser.add_argument("--copies", type=int, default=8, help="training windows, one of them as it is, of each (8)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the turned copies (1)")
    options = parser.parse_args()
    try:
        arrays = split(*windows(options.path, stride=options.stride), options.leave_out, options.copies, options.seed)
        options.out.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            np.save(options.out / f"{name}.npy", array)
            print(f"{options.out / name}.npy: {array.dtype} {array.shape}")
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
