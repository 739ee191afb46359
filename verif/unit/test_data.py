"""Tests of IDX files, directories of data, padding and the shipped digits."""

import gzip
import re
import struct

import numpy as np
import pytest

from hadamac import data
from hadamac.errors import DataError
from hadamac.images import as_images

SEED = 1


def idx_bytes(array: np.ndarray) -> bytes:
    """Return the bytes of an IDX file, made independently of the reader."""
    types = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}
    header = struct.pack(">BBBB", 0, 0, types[array.dtype.name], array.ndim)
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def refused(message: str):
    """Expect a `DataError` whose whole text matches ``message``, a regular expression, in one line."""
    return pytest.raises(DataError, match=rf"\A{message}\Z")


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return np.random.default_rng(SEED)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (0, 28, 28)])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_round_trip(tmp_path, rng, dtype, shape, packed):
    array = (rng.standard_normal(shape) * 50).astype(np.int16).astype(dtype)
    raw = idx_bytes(array)
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    got = data.read_idx(path)
    np.testing.assert_array_equal(got, array)
    assert got.dtype == array.dtype and got.dtype.isnative and got.shape == shape
    assert got.flags.writeable


def test_idx_missing(tmp_path):
    path = tmp_path / "nothing"
    with refused(rf"IDX file must be a readable file, plain or gzip, not {re.escape(str(path))} \(No such file .*\)"):
        data.read_idx(path)
    with refused(rf"IDX file must be a readable file, plain or gzip, not {re.escape(str(tmp_path))} \(.*\)"):
        data.read_idx(tmp_path)


@pytest.mark.parametrize(
    "raw, found",
    [
        (b"", "nothing"),
        (b"\0\0\x08", "00 00 08"),
        (b"\x89PNG\r\n", "89 50 4e 47"),
        (b"\0\0\x0a\x01\0\0\0\0", "00 00 0a 01"),
        (b"\0\0\x08\0", "00 00 08 00"),
    ],
)
def test_idx_foreign(tmp_path, raw, found):
    path = tmp_path / "x"
    path.write_bytes(raw)
    with refused(
        rf"IDX file {re.escape(str(path))} must start with 00 00 TYPE NDIM "
        rf"\(TYPE one of 08, 09, 0b, 0c, 0d, 0e; NDIM at least 01\), not {found}"
    ):
        data.read_idx(path)


def test_idx_truncated_or_too_long(tmp_path):
    raw = idx_bytes(np.zeros((3, 4, 5), np.int16))
    path = tmp_path / "x"
    path.write_bytes(raw[:10])
    with refused(rf"IDX file {re.escape(str(path))} must hold 16 header bytes, not 10 bytes"):
        data.read_idx(path)
    for wrong in (raw[:-1], raw + b"\0", raw[:16]):
        path.write_bytes(wrong)
        with refused(
            rf"IDX file {re.escape(str(path))} must hold 136 bytes \(16 of header and 3x4x5 values of int16\), "
            rf"not {len(wrong)}"
        ):
            data.read_idx(path)
    path.write_bytes(b"\0\0\x08\x03" + b"\xff" * 12)
    with refused(rf"IDX file {re.escape(str(path))} must hold {(2**32 - 1) ** 3 + 16} bytes \(.*\), not 16"):
        data.read_idx(path)


def test_idx_damaged_gzip(tmp_path, rng):
    raw = gzip.compress(idx_bytes(rng.integers(0, 256, (9, 9), np.uint8)))
    path = tmp_path / "x.gz"
    flipped = bytearray(raw)
    flipped[-6] ^= 1
    for wrong in (raw[:-20], raw[:3], bytes(flipped), raw[:12] + b"\xff" * 30):
        path.write_bytes(wrong)
        with refused(rf"IDX file {re.escape(str(path))} must be a whole gzip stream, not a damaged one \(.+\)"):
            data.read_idx(path)


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize("split, stem", [("train", "train"), ("test", "t10k")])
def test_load_mnist(tmp_path, rng, mark, gz, split, stem):
    images, labels = rng.integers(0, 256, (7, 28, 28), np.uint8), rng.integers(0, 10, 7, np.uint8)
    for what, array, kind in (("images", images, "idx3"), ("labels", labels, "idx1")):
        raw = idx_bytes(array)
        (tmp_path / f"{stem}-{what}{mark}{kind}-ubyte{gz}").write_bytes(gzip.compress(raw) if gz else raw)
    got = data.load_mnist(tmp_path, split)
    np.testing.assert_array_equal(got[0], images)
    np.testing.assert_array_equal(got[1], labels)


def test_load_mnist_refusals(tmp_path):
    where = re.escape(str(tmp_path))
    with refused("Data split must be one of train, test, not 'validation'"):
        data.load_mnist(tmp_path, "validation")
    with refused(rf"Data directory must be an existing directory, not {where}.nowhere"):
        data.load_mnist(tmp_path / "nowhere", "test")
    names = ", ".join(f"t10k-images{m}idx3-ubyte{g}" for m in "-." for g in ("", ".gz"))
    with refused(rf"Data directory must hold one of {re.escape(names)}; {where} holds none of them"):
        data.load_mnist(tmp_path, "test")
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((3, 28, 28), np.uint8)))
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(4, np.uint8)))
    with refused(rf"{re.escape(str(labels))} must hold one label for each of 3 images, not 4"):
        data.load_mnist(tmp_path, "test")
    labels.write_bytes(idx_bytes(np.zeros((3, 1), np.int16)))
    with refused(rf"{re.escape(str(labels))} must hold 1-dimensional uint8 values, not 2-dimensional int16"):
        data.load_mnist(tmp_path, "test")


def test_as_images(rng):
    digits = rng.integers(0, 256, (3, 28, 28), np.uint8)
    padded = as_images(digits)
    assert padded.shape == (3, 32, 32) and padded.dtype == np.uint8
    np.testing.assert_array_equal(padded[:, 2:30, 2:30], digits)
    assert padded.sum(dtype=int) == digits.sum(dtype=int)
    np.testing.assert_array_equal(as_images(padded), padded)
    assert as_images(digits[:, :12, :12], size=16).shape == (3, 16, 16)
    assert as_images(digits[:0]).shape == (0, 32, 32)


@pytest.mark.parametrize(
    "x, message",
    [
        (np.zeros((1, 28, 28)), r"Images must be of type uint8 \(0 to 255\), not float64"),
        ([[[1]]], r"Images must be of type uint8 \(0 to 255\), not int64"),
        (np.zeros((28, 28), np.uint8), r"Images must have the shape \(n, 32, 32\) or \(n, 28, 28\), not \(28, 28\)"),
        (np.zeros((1, 28, 32), np.uint8), r"Images must have the shape .*, not \(1, 28, 32\)"),
        (np.zeros((1, 30, 30), np.uint8), r"Images must have the shape .*, not \(1, 30, 30\)"),
    ],
)
def test_as_images_refusals(x, message):
    with refused(message):
        as_images(x)


def test_as_images_too_small_to_pad():
    with refused(r"Images must have the shape \(n, 4, 4\), not \(1, 0, 0\)"):
        as_images(np.zeros((1, 0, 0), np.uint8), size=4)


def test_shipped_digits():
    images, labels = data.shipped_digits()
    assert images.shape == (500, 28, 28) and images.dtype == np.uint8
    assert labels.shape == (500,) and labels.dtype == np.uint8
    np.testing.assert_array_equal(labels[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    assert set(labels) == set(range(10)) and images.any(axis=(1, 2)).all()
