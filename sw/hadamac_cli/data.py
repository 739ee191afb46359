"""Images on the command line: the options that name them, how they fit a network, and what is said of them.

A command takes images from ``--images`` (with ``--labels``), from ``--data``, or, where their size fits the network,
from the shipped digits.  Formats of a file are told by how it begins: .npy, or IDX, plain or gzip.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from hadamac.console import plain
from hadamac.data import data_files, load_mnist, read_idx, shipped_digits
from hadamac.errors import DataError
from hadamac.files.reading import open_regular
from hadamac.files.writing import read_text
from hadamac.network.network import Network
from hadamac.quantised.arrays import load_array, load_images
from hadamac.quantised.artifact import check_classes

from .options import console

__all__ = ["ClassesOption", "DataOption", "FramesOption", "ImageSet", "ImagesOption", "LabelsOption",
           "TestImagesOption", "TestLabelsOption", "TestShareOption", "class_names", "one_set", "say", "split",
           "to_simulate", "two_sets"]

_FORMS = ".npy or IDX, plain or .gz"
DataOption = Annotated[Path | None, typer.Option(
    "--data", show_default=False,
    help="Directory of a data set in MNIST's files: train-images-idx3-ubyte and so on, plain or .gz.")]
ImagesOption = Annotated[Path | None, typer.Option(
    "--images", show_default=False, help=f"Images, uint8 (n, size, size): {_FORMS}.")]
LabelsOption = Annotated[Path | None, typer.Option(
    "--labels", show_default=False, help=f"Their classes, integers (n,) from 0: {_FORMS}.")]
TestImagesOption = Annotated[Path | None, typer.Option(
    "--test-images", show_default=False, help="Images to test on, as --images.")]
TestLabelsOption = Annotated[Path | None, typer.Option(
    "--test-labels", show_default=False, help="Their classes, as --labels.")]
TestShareOption = Annotated[float, typer.Option(
    "--test-share", min=0.01, max=0.9, help="Share of --images kept for the test, drawn by the seed, unless "
    "--test-images names others.")]
FramesOption = Annotated[int | None, typer.Option(
    "--frames", min=2, show_default="20, or all where there are fewer", help="Images to simulate, the first ones.")]
ClassesOption = Annotated[str | None, typer.Option(
    "--classes", show_default=False, help="Names of the classes, separated by commas; or a text file, a name a line.")]


@dataclass(frozen=True)
class ImageSet:
    """Images that fit a network, and what is known of them.

    Attributes
    ----------
    images : uint8 array (n, s, s)
        ``s`` is the network's size, or four less.
    labels : int64 array (n,) or None
        From 0 to the network's outputs less one.
    source : str
        What they are, in words: names of files without their places, or the shipped digits.
    """

    images: np.ndarray
    labels: np.ndarray | None
    source: str

    def __len__(self) -> int:
        return len(self.images)

    def __str__(self) -> str:
        return f"{len(self)} image{'s' if len(self) != 1 else ''} of {self.source}"

    @property
    def digest(self) -> str:
        """SHA-256 of the pixels, and of the labels as little-endian 64-bit integers behind them."""
        labels = b"" if self.labels is None else self.labels.astype("<i8").tobytes()
        return hashlib.sha256(np.ascontiguousarray(self.images).tobytes() + labels).hexdigest()

    def first(self, count: int) -> ImageSet:
        """The first ``count`` images, or as many as there are."""
        if count >= len(self):
            return self
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, images=self.images[:count], labels=labels)

    def record(self, prefix: str) -> dict:
        """Facts for an artifact's provenance: what, how many, their digest."""
        return {prefix: self.source, f"{prefix}_images": len(self), f"{prefix}_sha256": self.digest}


def say(what: str, images: ImageSet) -> None:
    """Tell in one line what images a command works on."""
    console.print(f"{what} {images}", soft_wrap=True)


def _array(path: Path, what: str, kind: str) -> np.ndarray:
    """The array of a file in either form."""
    try:
        with open_regular(path) as file:
            start = file.read(2)
    except (OSError, ValueError):
        start = b""
    if start in (b"\0\0", b"\x1f\x8b"):
        return read_idx(path)
    return load_images(path) if what == "Image" else load_array(path, what, kind + " or an IDX file, plain or .gz")


def _sizes(network: Network) -> str:
    size = network.size
    return f"{size} x {size}" + (f" or {size - 4} x {size - 4}" if size > 4 else "")


def _fitting(network: Network, pixels: np.ndarray, labels, source: str) -> ImageSet:
    """Images and labels, or DataError in one line with both sizes, both counts, or the classes there are."""
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        raise DataError(f"Images of {source} must be of type uint8 (0 to 255), not {pixels.dtype}")
    if pixels.ndim != 3:
        raise DataError(f"Images of {source} must have the shape (n, rows, columns), not {pixels.shape}")
    if pixels.shape[1] != pixels.shape[2] or pixels.shape[1] not in {network.size, max(network.size - 4, 1)}:
        raise DataError(f"Images for the network {network.name} must have {_sizes(network)} pixels, not "
                        f"{pixels.shape[1]} x {pixels.shape[2]} as those of {source}")
    if not len(pixels):
        raise DataError(f"Images of {source} must be one at least, not 0")
    if labels is None:
        return ImageSet(pixels, None, source)
    labels, outputs = np.asarray(labels), network.dense.outputs
    if labels.dtype.kind not in "iu" or labels.shape != (len(pixels),):
        raise DataError(f"Labels of {source} must be {len(pixels)} integers, one for each image, not {labels.dtype} of "
                        f"the shape {labels.shape}")
    wrong = labels[(labels < 0) | (labels >= outputs)]
    if wrong.size:
        raise DataError(f"Labels of {source} must be from 0 to {outputs - 1}, the classes of the network "
                        f"{network.name}, not {wrong[0]}")
    return ImageSet(pixels, labels.astype(np.int64), source)


def _name(path: Path) -> str:
    """A file's name as an artifact may have it on record: one line, not endless."""
    name = plain(path.name)
    return name if len(name) <= 255 else name[:252] + "..."


def _of_files(network: Network, images: Path, labels: Path | None) -> ImageSet:
    source = _name(images) + (f", {_name(labels)}" if labels is not None else "")
    values = None if labels is None else _array(labels, "Label", "integers")
    return _fitting(network, _array(images, "Image", "uint8"), values, source)


def _of_directory(network: Network, directory: Path, split: str) -> ImageSet:
    pixels, labels = load_mnist(directory, split)
    of = _name(Path(directory).resolve())
    return _fitting(network, pixels, labels, ", ".join(f"{of}/{file.name}" for file in data_files(directory, split)))


def _shipped(network: Network) -> ImageSet:
    pixels, labels = shipped_digits()
    have = pixels.shape[-1]
    if have not in (network.size, network.size - 4):
        raise DataError(f"Images for the network {network.name} must have {_sizes(network)} pixels, not {have} x "
                        f"{have} as the shipped digits: name others with --images or --data")
    known = labels.max() < network.dense.outputs
    return _fitting(network, pixels, labels if known else None, "the shipped digits")


def _check_options(images: Path | None, labels: Path | None, data: Path | None) -> None:
    if images is not None and data is not None:
        raise DataError("Images come from --images or from --data, not from both")
    if labels is not None and images is None:
        raise DataError("Labels (--labels) need the images that they belong to (--images)")


def one_set(network: Network, images: Path | None, labels: Path | None, data: Path | None) -> ImageSet:
    """Load what a command is to work on: of ``--data`` the test images; without any option the shipped digits.

    Raises
    ------
    DataError
        If options contradict each other, a file can't be used, or images or labels do not fit the network.
    """
    _check_options(images, labels, data)
    if images is not None:
        return _of_files(network, images, labels)
    return _shipped(network) if data is None else _of_directory(network, data, "test")


def two_sets(network: Network, images: Path | None, labels: Path | None, data: Path | None, test_images: Path | None,
             test_labels: Path | None) -> tuple[ImageSet, ImageSet | None]:
    """Load images to learn or calibrate from, and those to test on, None where no option names them.

    Raises
    ------
    DataError
        As :func:`one_set`; or if images have labels in one of the two sets alone.
    """
    _check_options(images, labels, data)
    if data is not None:
        if test_images is not None or test_labels is not None:
            raise DataError("Images to test on come from --data or from --test-images, not from both")
        return _of_directory(network, data, "train"), _of_directory(network, data, "test")
    if (test_images is None) != (test_labels is None):
        raise DataError("Images to test on need both --test-images and --test-labels")
    first = _shipped(network) if images is None else _of_files(network, images, labels)
    return first, None if test_images is None else _of_files(network, test_images, test_labels)


def split(images: ImageSet, share: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Draw ``share`` of the images for a test, by a seed; what is left is in the files' order."""
    count = round(len(images) * share)
    if not 0 < count < len(images):
        raise DataError(f"Test share must leave images on both sides, not {count} of {len(images)} for the test")
    test = np.zeros(len(images), dtype=bool)
    test[np.random.default_rng(seed).choice(len(images), count, replace=False)] = True
    percent = f"{100 * share:g} %"
    return tuple(ImageSet(images.images[of], images.labels[of], f"{images.source} ({what} {percent} drawn by the seed)")
                 for of, what in ((~test, "without"), (test, "the")))


def to_simulate(images: ImageSet, frames: int | None) -> ImageSet:
    """The first ``frames`` images, 20 unless told; DataError where there are fewer than two, or than were asked for."""
    if len(images) < 2 or (frames is not None and frames > len(images)):
        raise DataError(f"Frames to simulate must be from 2 to {len(images)}, as many as there are images, not {frames}"
                        if len(images) > 1 else f"Simulation needs at least 2 images, not the one of {images.source}")
    return images.first(frames or 20)


def class_names(text: str | None, network: Network) -> tuple[str, ...]:
    """Class names of an option: of a text file, a name a line, or of the text itself; none without."""
    if text is None:
        return ()
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):
        is_file = False
    names = read_text(text).splitlines() if is_file else text.split(",")
    return check_classes((name.strip() for name in names if name.strip() or not is_file), network.dense.outputs)
