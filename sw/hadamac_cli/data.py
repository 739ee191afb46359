"""Images and signals on the command line: the options that name them, and the checks that they fit a network.

A command takes them from ``--images`` (with ``--labels``), from ``--data``, or from the samples of the artifact; for
the default network these are the shipped digits.  :mod:`hadamac.samples` reads the files and says what it understood.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from hadamac.console import plain
from hadamac.data import data_files, load_mnist, read_idx, shipped_digits
from hadamac.errors import DataError
from hadamac.files.writing import read_text
from hadamac.network.network import Network
from hadamac.quantised.artifact import Artifact, check_classes
from hadamac.samples.arrays import load_array, readable, starts_with
from hadamac.samples.files import read_samples
from hadamac.samples.frames import as_frames

from .sets import ImageSet

__all__ = ["ClassesOption", "DataOption", "FramesOption", "ImagesOption", "LabelsOption", "TestImagesOption",
           "TestLabelsOption", "TestShareOption", "class_names", "one_set", "split", "to_simulate", "two_sets"]

_FORMS = ".npy, IDX, or IDX with gzip"
_ALL_FORMS = ".npy, .npz, IDX (with or without gzip), a PNG, JPEG or BMP picture, or a folder of pictures"
DataOption = Annotated[Path | None, typer.Option(
    "--data", show_default=False,
    help="Directory of a data set with MNIST's file names: train-images-idx3-ubyte and so on, with or without .gz.")]
ImagesOption = Annotated[Path | None, typer.Option(
    "--images", show_default=False, help=f"Images or signals, channels first or last: {_ALL_FORMS}.")]
LabelsOption = Annotated[Path | None, typer.Option(
    "--labels", show_default=False, help="File of the classes of --images, integers (n,) from 0, or of the values or "
    f"maps that the network should answer: {_FORMS}.")]
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


def _numbers(path: Path) -> np.ndarray:
    """Read the array of a .npy or an IDX file of labels."""
    with readable("Label file", path, "cannot be read"):
        start = starts_with(path)
    if start.startswith((b"\0\0", b"\x1f\x8b")):
        return read_idx(path)
    return load_array(path, "Label", "numbers or an IDX file, plain or .gz")


def _fitting(network: Network, pixels: np.ndarray, labels: np.ndarray | None, source: str) -> ImageSet:
    """Return images and labels as a set; raise DataError if type, shape, number or classes do not fit the network."""
    try:
        frames, understood = as_frames(pixels, network.shape, network.input_format)
    except DataError as e:
        raise DataError(f"{e} ({source}, for the network {network.name})") from None
    if not len(frames):
        raise DataError(f"Images of {source} must be at least 1, not 0")
    if labels is not None:
        checked = _classes if network.output == "classes" else _answers
        labels = checked(network, np.asarray(labels), len(frames), source)
    return ImageSet(np.asarray(pixels), frames, labels, source, understood, network.source)


def _classes(network: Network, labels: np.ndarray, count: int, source: str) -> np.ndarray:
    """Return labels as int64 after checking that they are classes of a network."""
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise DataError(f"Labels of {source} must be {count} integers, one for each image, not {labels.dtype} of the "
                        f"shape {labels.shape}")
    wrong = labels[(labels < 0) | (labels >= network.outputs)]
    if wrong.size:
        raise DataError(f"Labels of {source} must be from 0 to {network.outputs - 1}, the classes of the network "
                        f"{network.name}, not {wrong[0]}")
    return labels.astype(np.int64)


def _answers(network: Network, targets: np.ndarray, count: int, source: str) -> np.ndarray:
    """Return targets as float64 after checking that they are such as a network answers."""
    shape = (count, *network.output_shape)
    if network.output == "values" and network.outputs == 1 and targets.shape == (count,):
        targets = targets[:, None]
    if targets.dtype.kind not in "fiu" or targets.shape != shape:
        raise DataError(f"Targets of {source} must be numbers of the shape {shape}, the {network.output} of the "
                        f"network {network.name}, not {targets.dtype} of the shape {targets.shape}")
    if not np.isfinite(targets).all():
        index = tuple(int(k) for k in np.argwhere(~np.isfinite(targets))[0])
        raise DataError(f"Targets of {source} must be finite, not {targets[index]} at {list(index)}")
    return targets.astype(np.float64)


def _name(path: Path) -> str:
    """Return a file's name as an artifact records it."""
    return _short(path.name)


def _short(name: str) -> str:
    """Return a name as one line of at most 255 characters."""
    name = plain(name)
    return name if len(name) <= 255 else name[:252] + "..."


def _of_files(network: Network, images: Path, labels: Path | None) -> ImageSet:
    given = read_samples(images)
    source = _short(given.source) + (f", {_name(labels)}" if labels is not None else "")
    values = given.labels if labels is None else _numbers(labels)
    return _fitting(network, given.array, values, source)


def _of_directory(network: Network, directory: Path, split: str) -> ImageSet:
    pixels, labels = load_mnist(directory, split)
    of = _name(Path(directory).resolve())
    return _fitting(network, pixels, labels, ", ".join(f"{of}/{file.name}" for file in data_files(directory, split)))


def _shipped(artifact: Artifact) -> ImageSet:
    """Return the samples of an artifact, or the shipped digits if it has none and takes such images."""
    network = artifact.qnet.network
    if artifact.samples is not None:
        frames, answers = artifact.samples
        return _fitting(network, frames, answers, f"the samples of {network.name}")
    pixels, labels = shipped_digits()
    try:
        as_frames(pixels[:1], network.shape, network.input_format)
    except DataError as e:
        raise DataError(f"{e} (the shipped digits, for the network {network.name}); name others with --images or "
                        "--data") from None
    known = network.output == "classes" and labels.max() < network.outputs
    return replace(_fitting(network, pixels, labels if known else None, "the shipped digits"), understood="")


def _check_options(images: Path | None, labels: Path | None, data: Path | None) -> None:
    if images is not None and data is not None:
        raise DataError("Images must come from --images or from --data, not from both")
    if labels is not None and images is None:
        raise DataError("Labels (--labels) need their images (--images)")


def one_set(artifact: Artifact, images: Path | None, labels: Path | None, data: Path | None) -> ImageSet:
    """Load the images that a command works on.

    They come from ``--images``, from the test images of ``--data``, or, without both, from the artifact's samples.

    Raises
    ------
    DataError
        If options contradict each other, a file cannot be used, or images or labels do not fit the network.
    """
    _check_options(images, labels, data)
    network = artifact.qnet.network
    if images is not None:
        return _of_files(network, images, labels)
    return _shipped(artifact) if data is None else _of_directory(network, data, "test")


def two_sets(network: Network, images: Path | None, labels: Path | None, data: Path | None, test_images: Path | None,
             test_labels: Path | None, artifact: Artifact | None = None) -> tuple[ImageSet, ImageSet | None]:
    """Load images to train or calibrate with, and images to test on; the latter are None if no option names them.

    Without any option, the first ones are the samples of ``artifact``.

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
    if test_labels is not None and test_images is None:
        raise DataError("Labels to test on (--test-labels) need their images (--test-images)")
    if images is not None:
        first = _of_files(network, images, labels)
    elif artifact is not None:
        first = _shipped(artifact)
    else:
        raise DataError("Training needs --data, or --images with their labels")
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
        return replace(images, images=images.images[chosen], frames=images.frames[chosen],
                       labels=images.known_labels[chosen], source=source, understood="")

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
    return check_classes((name.strip() for name in names if name.strip() or not is_file), network.outputs)
