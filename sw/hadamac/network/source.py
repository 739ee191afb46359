"""Input of a network: frames of words as users bring them, and the maps that the first stages take."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FitError
from ..numeric import SQ
from ..samples.frames import as_frames
from ..samples.padding import padded
from .network import Network

__all__ = ["source_format", "source_frames", "source_shift", "source_values", "source_words"]


def source_frames(network: Network, x: ArrayLike) -> np.ndarray:
    """Return frames of words (n, channels, rows, columns); signals have one row.

    :func:`hadamac.samples.frames.as_frames` says what ``x`` may be, and raises DataError for anything else.
    """
    frames, _ = as_frames(x, network.shape, network.input_format)
    return frames.reshape(len(frames), network.channels, *network.given)


def source_values(network: Network, frames: np.ndarray) -> np.ndarray:
    """Return the float64 values of frames of words, with the border that makes them powers of two."""
    return network.input_format.values(padded(frames, network.size, network.padding))


def source_shift(network: Network, width: int) -> int:
    """Return the places by which an input word is shifted up to become a word of ``width`` bits that is as large.

    Raises FitError for an input format that has more bits.
    """
    given = network.input_format
    bits = given.bits + (not given.signed)
    if bits > width:
        raise FitError(f"Input format {given} must have at most {width - (not given.signed)} bits where words have "
                       f"{width}, not {given.bits}: choose number formats with longer words")
    return width - bits


def source_format(network: Network, width: int) -> SQ:
    """Return the format of the words of ``width`` bits that the input becomes."""
    fraction = network.input_format.fraction + source_shift(network, width)
    return SQ(width - fraction, fraction)


def source_words(network: Network, frames: np.ndarray, width: int) -> np.ndarray:
    """Return the maps of words (n, channels, H, W), as float64, of frames: with their border, and shifted up."""
    maps = padded(frames, network.size, network.padding)
    return maps.astype(np.float64) * 2.0 ** source_shift(network, width)
