"""Tests of samples in files: arrays, archives, IDX files, pictures, folders of pictures, and what is refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hadamac.errors import DataError
from hadamac.files import reading
from hadamac.samples import InputFormat, as_frames, pictures, read_samples
from support import hostile
from support.commands import write_idx
from support.contents import encoded, exif, npy, pixels, png, zipped
from support.seeds import refused, rng

FORMS = ".npy, .npz, IDX, IDX with gzip, a PNG, JPEG or BMP picture, or a folder of pictures"
KEYS = "must hold one array called images, samples or x, and at most one called labels, y or label, not "
GREY_OR_RGB = "must be grey or RGB with 8 bits per channel, not "


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file, whose name tells nothing, and returns its path."""
    def write(content: bytes, name: str = "x.dat") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def archive(path: Path, **arrays) -> Path:
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    return path


@pytest.mark.parametrize("array", [pixels(3, 4, 5), np.linspace(-1, 1, 8, dtype=">f4"), np.asfortranarray(pixels(3, 2))])
def test_npy_and_idx(tmp_path, array):
    with (tmp_path / "x.png").open("wb") as stream:
        np.save(stream, array)
    write_idx(tmp_path / "x.idx", pixels(3, 4))
    write_idx(tmp_path / "y.gz", pixels(3, 4))
    got = read_samples(tmp_path / "x.png")
    np.testing.assert_array_equal(got.array, array)
    assert got.array.dtype == array.dtype and (got.labels, got.names, got.source) == (None, None, "x.png")
    for name in ("x.idx", "y.gz"):
        got = read_samples(str(tmp_path / name))
        np.testing.assert_array_equal(got.array, pixels(3, 4))
        assert (got.labels, got.names, got.source) == (None, None, name)


@pytest.mark.parametrize("samples", ["images", "samples", "x", "pictures"])
@pytest.mark.parametrize("labels", ["labels", "y", "label", None])
def test_npz(tmp_path, samples, labels):
    classes = np.arange(3, dtype=np.int16)
    path = archive(tmp_path / "x.npz", **({labels: classes} if labels else {}), **{samples: pixels(3, 4, 5)})
    got = read_samples(path)
    np.testing.assert_array_equal(got.array, pixels(3, 4, 5))
    assert (got.names, got.source) == (None, "x.npz") and got.array.flags.writeable
    if labels is None:
        assert got.labels is None
    else:
        np.testing.assert_array_equal(got.labels, classes)
        assert got.labels.dtype == np.int16


def test_npz_with_other_arrays_beside_the_images(tmp_path):
    path = archive(tmp_path / "x.npz", scale=np.ones(3), images=pixels(3, 4), weights=np.zeros(9))
    np.testing.assert_array_equal(read_samples(path).array, pixels(3, 4))


@pytest.mark.parametrize(("names", "shown"), [
    (["x_train", "y_train"], "['x_train', 'y_train']"), (["images", "x"], "['images', 'x']"), (["labels"], "['labels']"),
    (["x", "y", "labels"], "['x', 'y', 'labels']"), ([], "none"),
])
def test_npz_with_other_names(tmp_path, names, shown):
    path = archive(tmp_path / "x.npz", **{name: np.zeros(2, np.uint8) for name in names})
    with refused(f"Sample file {path} {KEYS}{shown}", DataError):
        read_samples(path)


@pytest.mark.parametrize(("labels", "kind", "shape"), [
    (np.zeros(3, bool), "bool", "(3,)"), (np.zeros(2, int), "int64", "(2,)"), (np.zeros((4, 1)), "float64", "(4, 1)"),
])
def test_labels_that_do_not_fit(tmp_path, labels, kind, shape):
    path = archive(tmp_path / "x.npz", images=pixels(3, 4), labels=labels)
    with refused(f"Labels of {path} must be numbers for 3 samples, not {kind} of the shape {shape}", DataError):
        read_samples(path)


def test_damaged_archives(file, monkeypatch):
    good = npy(pixels(9, 9))
    stored = bytearray(zipped(good, method=zipfile.ZIP_STORED))
    stored[60 + len(good) // 2] ^= 1
    secret = bytearray(zipped(good))
    secret[6] = secret[secret.index(b"PK\x01\x02") + 8] = 1  # both places say that it is encrypted
    array = "its array images is refused: "
    monkeypatch.setattr(reading, "ARRAY_BYTES", 1 << 20)
    for content, reason in (
        (zipped(good)[:-30], "it is a damaged archive (File is not a zip file)"),
        (bytes(stored), "it is a damaged archive (Bad CRC-32 for file 'images.npy')"),
        (bytes(secret), "its array images is encrypted"),
        (zipped(good, method=zipfile.ZIP_BZIP2), "its array images is packed in another way than NumPy packs arrays"),
        (zipped(b"text"), array + "it does not begin like a .npy file"),
        (zipped(good[:-1]), array + "its header states 81 bytes of values, but it holds 80"),
        (zipped(npy(np.zeros(2 << 20, np.uint8))), array + "it must hold at most 1048576 bytes of values, not 2097152"),
        (zipped(npy(np.array(["a", None]))), array + "it holds Python objects, not numbers"),
    ):
        path = file(content)
        with refused(f"Sample file {path} cannot be read: {reason}", DataError):
            read_samples(path)
    path = file(zipped(b"text", "word/document.xml"))
    with refused(f"Sample file {path} {KEYS}none", DataError):
        read_samples(path)


@pytest.mark.parametrize(("content", "kind"), [
    (b"", "an empty file"), (b"GIF89a", "a GIF picture"), (b"II*\0", "a TIFF picture"), (b"%PDF-1.7", "a PDF document"),
    (b"\x80\4pickle", "a file of another form"), (b"\x89PNG\n", "a PNG picture"),
])
def test_other_files(file, content, kind):
    with refused(f"Sample file {(path := file(content))} must be {FORMS}, not {kind}", DataError):
        read_samples(path)


def test_paths_that_cannot_be_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "fifo")
    for path, reason in (
        (tmp_path / "none", "does not exist"), (tmp_path / "fifo", "cannot be read: it is not a regular file"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"), (Path("a\0b"), "cannot be read: embedded null byte"),
    ):
        with refused(f"Sample file {path} {reason}", DataError):
            read_samples(path)

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pictures.os, "scandir", denied)
    with refused(f"Folder {tmp_path} cannot be read: Permission denied", DataError):
        read_samples(tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
@pytest.mark.parametrize("mode", ["L", "1", "RGB", "P"])
def test_pictures(file, kind, mode):
    """Check that L and 1 become grey, and RGB and P become RGB with channels first."""
    given = pixels(6, 9, 3) // 255 * 255
    got = read_samples(path := file(encoded(given, kind, mode)))
    grey = mode in "L1"
    wanted = np.asarray(Image.open(path).convert("L" if grey else "RGB"))
    np.testing.assert_array_equal(got.array[0], wanted if grey else wanted.transpose(2, 0, 1))
    assert got.array.shape == ((1, 6, 9) if grey else (1, 3, 6, 9)) and got.array.dtype == np.uint8
    assert (got.labels, got.names, got.source) == (None, ("x.dat",), "x.dat") and got.array.flags.c_contiguous


def test_a_jpeg_in_a_network(file):
    got = read_samples(file(encoded(np.full((28, 28, 3), (9, 99, 199), np.uint8), "JPEG")))
    frames, understood = as_frames(got.array, (3, 32, 32), InputFormat.of("uint8"))
    assert understood == "uint8 (1, 3, 28, 28): 1 image of 28x28 with 3 channels, channels first, a border of zeros makes it 32x32"
    assert np.abs(frames[0, :, 2:-2, 2:-2].astype(int) - np.reshape((9, 99, 199), (3, 1, 1))).max() <= 2


def test_the_orientation_of_exif_is_not_applied_and_said(file, tmp_path):
    plain = read_samples(file(encoded(pixels(4, 8), "JPEG")))
    path = file(encoded(pixels(4, 8), "JPEG", exif=exif(6)), "b.jpg")
    turned = read_samples(path)
    np.testing.assert_array_equal(turned.array, plain.array)
    assert turned.source == "b.jpg (EXIF orientation not applied)"
    file(encoded(pixels(4, 8), "PNG", exif=exif(1)), "a.png")
    assert read_samples(tmp_path).source == f"{tmp_path.name} (EXIF orientation of 1 of 3 not applied)"


@pytest.mark.parametrize(("content", "message"), [
    (encoded(pixels(4, 4, 4)), GREY_OR_RGB + "RGBA with transparency: put it on a background"),
    (encoded(pixels(4, 4, 3), mode="LA"), GREY_OR_RGB + "LA with transparency: put it on a background"),
    (encoded(pixels(4, 4, 3), transparency=(0, 0, 0)), GREY_OR_RGB + "RGB with transparency: put it on a background"),
    (encoded(pixels(4, 4, 3), mode="P", transparency=0), GREY_OR_RGB + "P with transparency: put it on a background"),
    (encoded(pixels(4, 4).astype(np.uint16)), GREY_OR_RGB + "of the mode I;16"), (png(4, 4, 16, 2, bytes(100)), GREY_OR_RGB + "16"),
    (encoded(pixels(4, 4, 3), "JPEG", "CMYK"), GREY_OR_RGB + "of the mode CMYK"),
    (encoded(pixels(4, 4), save_all=True, append_images=[Image.fromarray(pixels(4, 5))]), "must have one frame, not 2"),
    (png(2049, 2048, 8, 0, b"\0"), "must have at most 4194304 pixels, not 2048 rows of 2049"),
    (png(10**5, 10**5, 8, 0, b"\0"), "must have at most 4194304 pixels, not many times more"),
    (encoded(pixels(9, 9))[:70], "cannot be read: Truncated File Read"), (b"BM" + bytes(99), "cannot be read: Unsupported BMP header type (0)"),
    (encoded(pixels(9, 9), "BMP")[:-9], "cannot be read: image file is truncated (3 bytes not processed)"),
    (b"\xff\xd8\xff" + bytes(9), "cannot be read: its header is not that of a JPEG file"),
], ids=range(14))
def test_refused_pictures(file, content, message):
    with refused(f"Picture {(path := file(content))} {message}", DataError):
        read_samples(path)


def test_a_large_file(file, monkeypatch):
    monkeypatch.setattr(pictures, "PICTURE_BYTES", 99)
    with refused(f"Picture {(path := file(encoded(pixels(9, 9))))} cannot be read: it must have at most 99 bytes", DataError):
        read_samples(path)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_a_folder(file, tmp_path, monkeypatch, shape):
    """Check the order of names, that hidden files are ignored, and that kinds of files may be mixed."""
    given = {name: pixels(*shape) // (k + 1) for k, name in enumerate(("9.png", "10.png", "a.png", "B.png"))}
    for name, array in given.items():
        file(encoded(array, "BMP" if name == "a.png" else "PNG"), name)
    file(b"\0\0\0\1Bud1", ".DS_Store")
    (tmp_path / ".git").mkdir()
    got = read_samples(tmp_path)
    assert got.names == ("10.png", "9.png", "B.png", "a.png") and got.labels is None and got.source == tmp_path.name
    wanted = np.stack([given[name] for name in got.names])
    np.testing.assert_array_equal(got.array, wanted if len(shape) == 2 else wanted.transpose(0, 3, 1, 2))
    monkeypatch.chdir(tmp_path)
    assert read_samples(".").source == tmp_path.name


def test_folders_that_are_refused(file, tmp_path, monkeypatch):
    def expect(message: str):
        with refused(message.replace("HERE", str(tmp_path)), DataError):
            read_samples(tmp_path)

    expect("Folder HERE must hold at least one PNG, JPEG or BMP picture")
    file(encoded(pixels(4, 6)), "a.png")
    other = file(encoded(pixels(6, 4)), "b.png")
    expect("Pictures of HERE must have one size and mode, 4 rows of 6 pixels in grey like a.png, not 6 rows of 4 pixels in "
           "grey like b.png")
    other.write_bytes(encoded(pixels(4, 6, 3)))
    expect("Pictures of HERE must have one size and mode, 4 rows of 6 pixels in grey like a.png, not 4 rows of 6 pixels in "
           "RGB like b.png")
    other.write_bytes(encoded(pixels(4, 6))[:50])
    expect("Picture HERE/b.png cannot be read: Truncated File Read")
    other.write_text("ant,bee")
    expect("Picture HERE/b.png must be PNG, JPEG or BMP, not a file of another form")
    other.unlink()
    os.mkfifo(other)
    expect("Picture HERE/b.png cannot be read: it is not a regular file")
    other.unlink()
    other.symlink_to("nowhere")
    expect("Picture HERE/b.png does not exist")
    monkeypatch.setattr(pictures, "ARRAY_BYTES", 47)
    expect("Folder HERE must hold at most 47 bytes of pixels, not 48")
    (tmp_path / "cats").mkdir()
    expect("Folder HERE must hold only PNG, JPEG and BMP pictures, not the folder cats")


def test_pillow_is_imported_for_pictures_only():
    code = "import sys, hadamac.samples; assert not any(name.startswith('PIL') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})


def test_damaged_files_of_every_kind(file):
    """Check that damage is either harmless or refused in one line, and never changes the pixels of PNG or .npz."""
    r, image = rng("damaged"), pixels(8, 9, 3)
    contents = {"PNG": encoded(image), "JPEG": encoded(image, "JPEG"), "BMP": encoded(image, "BMP"), "npy": npy(image),
                "npz": zipped(npy(image))}
    refusals = 0
    for kind, content in contents.items():
        whole = read_samples(file(content)).array
        for _ in range(60):
            path = file(hostile._bytes(r, content))
            try:
                got = read_samples(path).array
            except DataError as e:
                assert re.fullmatch(r"(Sample file|Picture|IDX file) .{10,600}", str(e)), str(e)
                refusals += 1
                continue
            if kind in ("PNG", "npz"):
                np.testing.assert_array_equal(got, whole)
    assert refusals > 150
