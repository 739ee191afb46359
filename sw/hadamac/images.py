"""Images as a network takes them."""

from __future__ import annotations

import numpy as np

from .errors import DataError

__all__ = ["as_images"]

_MARGIN = 4


def as_images(x, size: int = 32) -> np.ndarray:
    """Images as a network of ``size`` x ``size`` takes them; smaller ones are centred on zeros.

    Parameters
    ----------
    x : uint8 array (n, s, s)
        ``s`` is ``size``, or ``size - 4``: a border of two zero pixels is then added on each side
        (28 x 28 digits become 32 x 32).
    size : int
        In pixels.

    Returns
    -------
    uint8 array (n, size, size)
        ``x`` itself where nothing has to be added.

    Raises
    ------
    DataError
        For another type or shape.
    """
    x = np.asarray(x)
    if x.dtype != np.uint8:
        raise DataError(f"Images must be of type uint8 (0 to 255), not {x.dtype}")
    allowed = [(s, s) for s in (size, size - _MARGIN) if s > 0]
    if x.ndim != 3 or x.shape[1:] not in allowed:
        shapes = " or ".join(f"(n, {s}, {s})" for s, _ in allowed)
        raise DataError(f"Images must have the shape {shapes}, not {x.shape}")
    if x.shape[1] == size:
        return x
    return np.pad(x, ((0, 0), (_MARGIN // 2,) * 2, (_MARGIN // 2,) * 2))
