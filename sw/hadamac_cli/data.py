"""Images on the command line: the options that name them, and the checks that they fit a network.

A command takes images from ``--images`` (with ``--labels``), from ``--data``, or from the shipped digits if their size
fits the network.  The first bytes of a file tell its format: .npy, IDX, or IDX compressed with gzip.
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

_FORMS = ".npy, IDX, or IDX with gzip"
DataOption = Annotated[Path | None, typer.Option(
    "--data", show_default=False,
    help="Directory of a data set with MNIST's file names: train-images-idx3-ubyte and so on, with or without .gz.")]
ImagesOption = Annotated[Path | None, typer.Option(
    "--images", show_default=False, help=f"File of images, uint8 (n, size, size): {_FORMS}.")]
LabelsOption = Annotated[Path | None, typer.Option(
    "--labels", show_default=False, help=f"File of the classes of --images, integers (n,) from 0: {_FORMS}.")]
TestImagesOption = Annotated[Path | None, typer.Option(
    "--test-images", show_default=False, help="File of images to test on, in a format of --images.")]
TestLabelsOption = Annotated[Path | None, typer.Option(
    "--test-labels", show_default=False, help="File of the classes of --test-images, in a format of --labels.")]
TestShareOption = Annotated[float, typer.Option(
    "--test-share", min=0.01, max=0.9, help="Share of --images to test on, which the seed selects at random. "
    "It is not used with --test-images.")]
FramesOption = Annotated[int | None, typer.Option(
    "--frames", min=2, show_default="20, or all if there are fewer",
    help="Number of images to simulate, from the first one.")]
ClassesOption = Annotated[str | None, typer.Option(
    "--classes", show_default=False,
    help="Names of the classes, separated by commas; or a text file with one name in each line.")]


@dataclass(frozen=True)
class ImageSet:
    """Set of images that fit a network, with their labels and their source.

    Attributes
    ----------
    images : uint8 array (n, s, s)
        The images; ``s`` is the network's size or four less.
    labels : int64 array (n,) or None
        Classes of the images, from 0 to the number of the network's outputs minus one; None if they are not known.
    source : str
        Description of the source: names of files without their directories, or "the shipped digits".
    """

    images: np.ndarray
    labels: np.ndarray | None
    source: str

    def __len__(self) -> int:
        return len(self.images)

    def __str__(self) -> str:
        return f"{len(self)} image{'s' if len(self) != 1 else ''} of {self.source}"

    @property
    def known_labels(self) -> np.ndarray:
        """Labels of the images, for a caller that cannot work without them; DataError if they are not known."""
        if self.labels is None:
            raise DataError(f"Images of {self.source} must have labels")
        return self.labels

    @property
    def digest(self) -> str:
        """SHA-256 of the pixels, followed by the labels as little-endian 64-bit integers."""
        labels = b"" if self.labels is None else self.labels.astype("<i8").tobytes()
        return hashlib.sha256(np.ascontiguousarray(self.images).tobytes() + labels).hexdigest()

    def first(self, count: int) -> ImageSet:
        """Return the first ``count`` images, or all of them if there are fewer."""
        if count >= len(self):
            return self
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, images=self.images[:count], labels=labels)

    def record(self, prefix: str) -> dict[str, str | int]:
        """Return facts for an artifact's provenance: the source of the images, their number and their digest."""
        return {prefix: self.source, f"{prefix}_images": len(self), f"{prefix}_sha256": self.digest}


def say(what: str, images: ImageSet) -> None:
    """Print in one line which images a command works on."""
    console.print(f"{what} {images}", soft_wrap=True)


def _array(path: Path, what: str, kind: str) -> np.ndarray:
    """Read the array of a .npy or an IDX file."""
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


def _fitting(network: Network, pixels: np.ndarray, labels: np.ndarray | None, source: str) -> ImageSet:
    """Return images and labels as a set; raise DataError if type, size, number or classes do not fit the network."""
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        raise DataError(f"Images of {source} must be of type uint8 (0 to 255), not {pixels.dtype}")
    if pixels.ndim != 3:
        raise DataError(f"Images of {source} must have the shape (n, rows, columns), not {pixels.shape}")
    if pixels.shape[1] != pixels.shape[2] or pixels.shape[1] not in {network.size, max(network.size - 4, 1)}:
        raise DataError(f"Images for the network {network.name} must have {_sizes(network)} pixels, not "
                        f"{pixels.shape[1]} x {pixels.shape[2]} like those of {source}")
    if not len(pixels):
        raise DataError(f"Images of {source} must be at least 1, not 0")
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
    """Return a file's name as an artifact records it: one line of at most 255 characters."""
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
                        f"{have} like the shipped digits; name others with --images or --data")
    known = labels.max() < network.dense.outputs
    return _fitting(network, pixels, labels if known else None, "the shipped digits")


def _check_options(images: Path | None, labels: Path | None, data: Path | None) -> None:
    if images is not None and data is not None:
        raise DataError("Images must come from --images or from --data, not from both")
    if labels is not None and images is None:
        raise DataError("Labels (--labels) need their images (--images)")


def one_set(network: Network, images: Path | None, labels: Path | None, data: Path | None) -> ImageSet:
    """Load the images that a command works on.

    They come from ``--images``, from the test images of ``--data``, or, without both, from the shipped digits.

    Raises
    ------
    DataError
        If options contradict each other, a file cannot be used, or images or labels do not fit the network.
    """
    _check_options(images, labels, data)
    if images is not None:
        return _of_files(network, images, labels)
    return _shipped(network) if data is None else _of_directory(network, data, "test")


def two_sets(network: Network, images: Path | None, labels: Path | None, data: Path | None, test_images: Path | None,
             test_labels: Path | None) -> tuple[ImageSet, ImageSet | None]:
    """Load images to train or calibrate with, and images to test on; the latter are None if no option names them.

    Raises
    ------
    DataError
        For the reasons of :func:`one_set`, or if only one of ``--test-images`` and ``--test-labels`` is given.
    """
    _check_options(images, labels, data)
    if data is not None:
        if test_images is not None or test_labels is not None:
            raise DataError("Images to test on must come from --data or from --test-images, not from both")
        return _of_directory(network, data, "train"), _of_directory(network, data, "test")
    if (test_images is None) != (test_labels is None):
        raise DataError("Images to test on need both --test-images and --test-labels")
    first = _shipped(network) if images is None else _of_files(network, images, labels)
    return first, None if test_images is None else _of_files(network, test_images, test_labels)


def split(images: ImageSet, share: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split labelled images into those to train with, in their old order, and a random ``share`` to test on."""
    count = round(len(images) * share)
    if not 0 < count < len(images):
        raise DataError("Test share must leave images for training and for the test, not "
                        f"{count} of {len(images)} for the test")
    test = np.zeros(len(images), dtype=bool)
    test[np.random.default_rng(seed).choice(len(images), count, replace=False)] = True
    percent = f"{100 * share:g} %"

    def part(chosen: np.ndarray, which: str) -> ImageSet:
        source = f"{images.source} ({which} {percent} drawn by the seed)"
        return ImageSet(images.images[chosen], images.known_labels[chosen], source)

    return part(~test, "without"), part(test, "the")


def to_simulate(images: ImageSet, frames: int | None) -> ImageSet:
    """Return the first ``frames`` images, by default 20; raise DataError if there are fewer than that or than two."""
    if len(images) < 2 or (frames is not None and frames > len(images)):
        raise DataError(f"Frames to simulate must be from 2 to {len(images)}, the number of images, not {frames}"
                        if len(images) > 1 else f"Simulation needs at least 2 images, not the one of {images.source}")
    return images.first(frames or 20)


def class_names(text: str | None, network: Network) -> tuple[str, ...]:
    """Return the class names of ``--classes``: the lines of a text file, or the parts of the text between commas."""
    if text is None:
        return ()
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):
        is_file = False
    names = read_text(text).splitlines() if is_file else text.split(",")
    return check_classes((name.strip() for name in names if name.strip() or not is_file), network.dense.outputs)
