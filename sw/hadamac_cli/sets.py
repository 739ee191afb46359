"""Sets of images or signals that a command works on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from hadamac.errors import DataError

from .options import console

__all__ = ["ImageSet", "say"]


@dataclass(frozen=True)
class ImageSet:
    """Set of images or signals that fit a network, with what it should answer, and their source.

    Attributes
    ----------
    images : array (n, ...)
        The images as they were given.
    frames : array (n, *shape)
        The same as words of the network's input format.
    labels : array (n, ...) or None
        Classes of the images, int64 from 0 to the number of the network's outputs minus one, or the values or maps that
        the network should answer, float64; None if they are not known.
    source : str
        Description of the source: names of files without their directories, or "the shipped digits".
    understood : str
        What the images were taken to be, in words; empty if there is nothing to say.
    kind : str
        "image" or "signal".
    """

    images: np.ndarray
    frames: np.ndarray
    labels: np.ndarray | None
    source: str
    understood: str = ""
    kind: str = "image"

    def __len__(self) -> int:
        return len(self.images)

    def __str__(self) -> str:
        return f"{self.count} of {self.source}"

    @property
    def count(self) -> str:
        """The number of images or signals in words."""
        return f"{len(self)} {self.kind}{'s' if len(self) != 1 else ''}"

    @property
    def known_labels(self) -> np.ndarray:
        """Labels of the images, for a caller that cannot work without them; DataError if they are not known."""
        if self.labels is None:
            raise DataError(f"Images of {self.source} must have labels")
        return self.labels

    @property
    def digest(self) -> str:
        """SHA-256 of the pixels, followed by the labels as little-endian 64-bit integers or floats."""
        labels = b"" if self.labels is None else self.labels.astype(f"<{self.labels.dtype.kind}8").tobytes()
        return hashlib.sha256(np.ascontiguousarray(self.images).tobytes() + labels).hexdigest()

    def first(self, count: int) -> ImageSet:
        """Return the first ``count`` images, or all of them if there are fewer."""
        return self if count >= len(self) else self.part(0, count)

    def part(self, start: int, stop: int) -> ImageSet:
        """Return the images with the numbers ``start`` to ``stop - 1``, counted from 0."""
        labels = None if self.labels is None else self.labels[start:stop]
        return replace(self, images=self.images[start:stop], frames=self.frames[start:stop], labels=labels)

    def record(self, prefix: str) -> dict[str, str | int]:
        """Return facts for an artifact's provenance: the source of the images, their number and their digest."""
        return {prefix: self.source, f"{prefix}_images": len(self), f"{prefix}_sha256": self.digest}


def say(what: str, images: ImageSet) -> None:
    """Print in one line which images a command works on, and in another one how they were understood."""
    console.print(f"{what} {images}", soft_wrap=True)
    if images.understood:
        console.print(f"Understood as {images.understood}", soft_wrap=True)
