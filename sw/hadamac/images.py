"""Preparation of images for a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import DataError
from .samples.frames import MARGIN, with_border

__all__ = ["as_images"]


def as_images(x: ArrayLike, size: int = 32) -> np.ndarray:
    """Return images of ``size`` x ``size`` pixels; smaller images get a border of zeros.

    `hadamac.samples.as_frames` also takes other types, layouts and numbers of channels.

    Parameters
    ----------
    x : uint8 array (n, s, s)
        Images with ``s`` equal to ``size`` or ``size - 4``.  In the second case a border of two zero pixels is added
        on each side, so that digits of 28 x 28 pixels become 32 x 32.
    size : int
        Pixels of the network in each direction.

    Returns
    -------
    uint8 array (n, size, size)
        The images; ``x`` itself if it already has this size.

    Raises
    ------
    DataError
        If ``x`` has another type or shape.
    """
    x = np.asarray(x)
    if x.dtype != np.uint8:
        raise DataError(f"Images must be of type uint8 (0 to 255), not {x.dtype}")
    allowed = [(s, s) for s in (size, size - MARGIN) if s > 0]
    if x.ndim != 3 or x.shape[1:] not in allowed:
        shapes = " or ".join(f"(n, {s}, {s})" for s, _ in allowed)
        raise DataError(f"Images must have the shape {shapes}, not {x.shape}")
    return x if x.shape[1] == size else with_border(x, (size, size))
