"""Borders of maps: their size, their zeros, and the computation of what is still to be computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..network.layers import LENGTHS, SIZES, Canvas, Dense, Pointwise
from ..shapes import Pair, text
from .builder import Builder, Value, least_size
from .registry import Unsupported

__all__ = ["dense", "field", "in_maps", "in_space", "placed", "settled", "smallest"]


def field(pair: Pair) -> int | Pair:
    """Return a size as the field of a layer: an integer for signals and squares."""
    return pair[1] if pair[0] in (1, pair[1]) else pair


def in_space(x: Value) -> Value:
    """Return a value that has pixels; refuse one that has bins."""
    if x.spectral:
        raise Unsupported("takes maps, and gets bins: use hadamac.nn.Inverse before it")
    return x


def placed(b: Builder, x: Value, size: Pair) -> Value:
    """Return a value in maps of a size, with a border of zeros; the value itself if it is so already."""
    if x.held == size and x.blank:
        return x
    most = (LENGTHS if b.flat else SIZES)[-1]
    if max(size) > most:
        what = "samples" if b.flat else "rows and columns"
        raise Unsupported(f"needs maps of {text(size)}, and a network has at most {most} {what}: use smaller maps, or "
                          "circular padding")
    x = settled(b, x)
    return b.put(x, Canvas, keep=field(x.real), size=field(size), clean=True)


def smallest(b: Builder, x: Value) -> Value:
    """Return a value in the smallest maps that hold it; those with a border that is not zero may stay as they are."""
    size = least_size(x.real, b.flat)
    return x if x.held in (size, (1, 1)) else placed(b, x, size)


def in_maps(b: Builder, x: Value) -> Value:
    """Return a value whose layer gives maps, not bins; for a dense layer, the two have other weights."""
    if not b.in_bins(x):
        return x
    return b.put(x, Canvas, keep=field(x.real), size=field(x.held), clean=True)


def settled(b: Builder, x: Value) -> Value:
    """Return a value of which everything is computed: the mean of maps, and the function of each channel."""
    if x.mean or x.affine is not None and x.held == (1, 1):
        identity = np.eye(x.channels)
        return replace(dense(b, x, identity, np.zeros(x.channels)), shape=x.shape)
    if x.affine is None:
        return x
    scale, shift = x.affine.scale, x.affine.shift
    tensors = {"weight": np.diag(scale), "bias": shift}
    return b.put(replace(x, affine=None), Pointwise, channels=x.channels, tensors=tensors, radius=x.radius,
                 clean=x.blank and not shift.any())


def dense(b: Builder, x: Value, weight: np.ndarray, bias: np.ndarray) -> Value:
    """Return ``weight @ x + bias`` of a vector, or of the means of maps.

    Parameters
    ----------
    weight : float64 array (outputs, features)
        The features are means of channels, or pixels in the order (channel, row, column).
    bias : float64 array (outputs,)
    """
    affine, mean = x.affine, x.mean
    x = in_maps(b, smallest(b, replace(in_space(x), affine=None, mean=False)))
    outputs, (rows, columns) = len(weight), x.real
    each = weight.reshape(outputs, x.channels, *((1, 1) if mean else x.real))
    if mean:
        each = np.broadcast_to(each / (rows * columns), (outputs, x.channels, rows, columns))
    if affine is not None:  # of a mean it is the same as of the pixels
        bias = bias + np.einsum("ocyx,c->o", each, affine.shift)
        each = each * affine.scale[:, None, None]
    padded = np.zeros((outputs, x.channels, *x.held))
    padded[..., :rows, :columns] = each
    return b.put(x, Dense, outputs=outputs, tensors={"weight": padded, "bias": bias}, real=(1, 1), shape=(outputs,),
                 clean=True)
