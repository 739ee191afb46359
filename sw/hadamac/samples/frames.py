"""Frames that a network takes, made of arrays in the layouts that are usual for images and signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..checks import choice, integer, shown
from ..errors import DataError, DescriptionError
from .formats import InputFormat
from .words import as_words

__all__ = ["CHANNELS", "MARGIN", "PIXELS", "SAMPLES", "as_frames", "with_border"]

CHANNELS = (1, 16)
"""Smallest and largest number of channels of a frame."""
PIXELS = (4, 256)
"""Smallest and largest number of rows and of columns of an image."""
SAMPLES = (16, 4096)
"""Smallest and largest number of samples of a signal."""
MARGIN = 4
"""Pixels by which an image may be smaller than the network, in both directions."""


def as_frames(x: ArrayLike, shape: tuple[int, ...], format: InputFormat, *,
              margin: int = MARGIN) -> tuple[np.ndarray, str]:
    """Return an array as frames of words for a network, and a sentence that says how it was understood.

    ``(n, C, H, W)`` (channels first) and ``(n, H, W, C)`` (channels last) are images; for one channel, so is
    ``(n, H, W)``.  ``(n, C, N)``, ``(n, N, C)`` and, for one channel, ``(n, N)`` are signals.  If an array has both
    orders of channels, for example because C = H = W, channels first is taken, and the sentence says so.  Neither
    order of channels nor rows and columns are otherwise exchanged, and a grey image does not become one of several
    channels.

    :func:`hadamac.samples.words.as_words` says which types are allowed and how numbers become words.

    Parameters
    ----------
    x : array_like
        The images or signals.
    shape : tuple of int
        Shape of a frame: ``(C, H, W)`` or ``(C, N)``, with C from 1 to 16, H and W from 4 to 256, and N from 16 to
        4096.
    format : InputFormat
        Format of the words.
    margin : {4, 0}
        Pixels by which all images may be smaller than H and W.  Half of them are added on each side, as zeros.

    Returns
    -------
    frames : ndarray (n, *shape) of the type ``format.dtype``
        The words, in C order.  They share the memory of ``x`` if nothing has to be changed.
    understood : str
        For example ``uint8 (500, 28, 28): 500 grey images of 28x28, a border of zeros makes them 32x32``.

    Raises
    ------
    DescriptionError
        If ``shape`` or ``margin`` is not allowed.
    DataError
        If ``x`` has another type or shape, or has numbers that are not allowed.
    """
    channels, size = _frame(shape)
    choice("Margin of images", margin, (MARGIN, 0))
    what = "Images" if len(size) == 2 else "Signals"
    if isinstance(x, np.ma.MaskedArray):
        raise DataError(f"{what} must be a plain array, not a masked one: what the mask hides has no rule")
    try:
        array = np.asarray(x)
    except (ValueError, TypeError):  # Rows of several lengths, or an object that refuses to become an array.
        raise DataError(f"{what} must be an array of numbers, not {shown(x)}") from None
    fitting = [layout for layout in _layouts(channels, size, margin) if layout.shape == array.shape[1:]]
    if not fitting:
        raise DataError(_misfit(what, channels, size, margin, array.shape))
    layout = fitting[0]
    words, how = as_words(what, array, format)
    frames = layout.arranged(words, channels)
    if layout.size != size:
        frames = with_border(frames, size)
    parts = [_contents(layout, len(array), channels, size), _order(layout, channels, len(fitting) > 1),
             _border(layout, len(array), size), how]
    return np.ascontiguousarray(frames), f"{array.dtype.name} {array.shape}: {', '.join(filter(None, parts))}"


def with_border(x: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return images with zeros around them, as many on each side, so that the last two axes have a given size."""
    around = [((have_to - have) // 2,) * 2 for have_to, have in zip(size, x.shape[-2:])]
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + around)


@dataclass(frozen=True)
class _Layout:
    """Order in which an array has the numbers of frames.

    Attributes
    ----------
    shape : tuple of int
        Shape of the array without its first axis.
    size : tuple of int
        Rows and columns, or samples.
    order : str
        "first" or "last", where the channels are, or "none" if they have no axis.
    """

    shape: tuple[int, ...]
    size: tuple[int, ...]
    order: str

    def arranged(self, x: np.ndarray, channels: int) -> np.ndarray:
        """Return an array with channels first, which may be a view."""
        return np.moveaxis(x, -1, 1) if self.order == "last" else x.reshape(len(x), channels, *self.size)


def _sizes(size: tuple[int, ...], margin: int) -> list[tuple[int, ...]]:
    """Return the sizes of frames that are allowed, the network's own first."""
    smaller = tuple(n - margin for n in size)
    return [size, smaller] if len(size) == 2 and margin and min(smaller) > 0 else [size]


def _layouts(channels: int, size: tuple[int, ...], margin: int) -> Iterator[_Layout]:
    """Yield the layouts that are allowed, in the order of preference."""
    for have in _sizes(size, margin):
        if channels == 1:
            yield _Layout(have, have, "none")
    for order in ("first", "last"):
        for have in _sizes(size, margin):
            yield _Layout((channels, *have) if order == "first" else (*have, channels), have, order)


def _frame(shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Return channels and size of a frame after checking its shape."""
    if not isinstance(shape, tuple) or len(shape) not in (2, 3):
        raise DescriptionError(f"Frame shape must be (C, H, W) or (C, N), not {shown(shape)}")
    channels = integer("Channels of a frame", shape[0], *CHANNELS)
    if len(shape) == 2:
        return channels, (integer("Samples of a frame", shape[1], *SAMPLES),)
    return channels, (integer("Rows of a frame", shape[1], *PIXELS), integer("Columns of a frame", shape[2], *PIXELS))


def _by(size: tuple[int, ...]) -> str:
    """Return rows and columns in words, in this order."""
    return "x".join(map(str, size))


def _contents(layout: _Layout, count: int, channels: int, size: tuple[int, ...]) -> str:
    """Return in words what an array contains."""
    images, plural = len(size) == 2, "s" if count != 1 else ""
    grey, several = "grey " if images and channels == 1 else "", f" with {channels} channels" if channels > 1 else ""
    kind = f"{grey}image{plural} of {_by(layout.size)}" if images else f"signal{plural} of {size[0]} samples"
    return f"{count} {kind}{several}"


def _order(layout: _Layout, channels: int, both: bool) -> str:
    """Return in words where an array has its channels; nothing for one channel, which is the same everywhere."""
    if channels == 1:
        return ""
    return f"channels {layout.order}" + (", although channels last fit too" if both else "")


def _border(layout: _Layout, count: int, size: tuple[int, ...]) -> str:
    """Return in words that images get a border, or nothing if they do not."""
    return "" if layout.size == size else f"a border of zeros makes {'it' if count == 1 else 'them'} {_by(size)}"


def _misfit(what: str, channels: int, size: tuple[int, ...], margin: int, shape: tuple[int, ...]) -> str:
    """Return the message about an array of another shape, with a likely reason if there is one."""
    layouts = list(_layouts(channels, size, margin))
    named = [layout for layout in layouts if channels > 1 or layout.order == "none"]
    shapes = " or ".join(dict.fromkeys(f"(n, {', '.join(map(str, layout.shape))})" for layout in named))
    either = ", with or without an axis of 1 channel" if channels == 1 else ""
    message = f"{what} must have the shape {shapes}{either}, not {shown(shape)}"
    if shape in [layout.shape for layout in layouts]:
        return f"{message}: a single one needs a first axis of 1"
    have = _channels(shape[1:], size, margin)
    if have is None or have == channels:
        return message
    names = {1: "grey ", 3: "RGB "} if len(size) == 2 else {}
    return (f"{message}: {names.get(have, '')}{what.lower()} of {_counted(have)} do not fit a network of "
            f"{_counted(channels)}")


def _counted(channels: int) -> str:
    return f"{channels} channel{'s' if channels != 1 else ''}"


def _channels(shape: tuple[int, ...], size: tuple[int, ...], margin: int) -> int | None:
    """Return how many channels frames of the right size have, or None for frames of another size."""
    if shape in _sizes(size, margin):
        return 1
    if len(shape) == len(size) + 1:
        for order, have in ((shape[1:], shape[0]), (shape[:-1], shape[-1])):
            if order in _sizes(size, margin):
                return have
    return None
