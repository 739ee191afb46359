"""Hadamard product with accumulation over input channels, and the dense layer's matrix-vector product.

``Y[o,b] = saturate(round_half_even((sum_c W[o,c,b] X[c,b] + bias[o] [b = DC]) / 2**shift[o]))``,
complex for the Hadamard product, real for :func:`dense`.  Products and sums are exact; the bias is
in units of the accumulator.
"""

from __future__ import annotations

import numpy as np

from ..numeric import clip_frames

__all__ = ["hadamard", "dense", "argmax"]


def hadamard(x, weights, bias, shift, width: int):
    """Bins (n, C_in, U, V) to (n, C_out, U, V).

    Parameters
    ----------
    x : complex128 (n, C_in, U, V), integral
    weights : complex128 (C_out, C_in, U, V), integral
    bias, shift : (C_out,)
    width : int
        Bits of each output part.

    Returns ``(y, overflow)``, overflow bool (n,).
    """
    n, inputs, *bins = x.shape
    by_bin = x.reshape(n, inputs, weights[0, 0].size).transpose(2, 0, 1)
    w = weights.reshape(len(weights), inputs, -1).transpose(2, 1, 0)
    total = np.matmul(by_bin, w)  # (bins, n, C_out); every partial sum is below 2**53, hence exact
    total[0] += bias
    y = np.ascontiguousarray(np.rint(total * 2.0 ** -np.asarray(shift)).transpose(1, 2, 0))
    return clip_frames(y.reshape(n, len(weights), *bins), width)


def dense(maps, weights, bias, shift, width: int):
    """Maps (n, C, M, M) to logits (n, K); weights (K, C, M, M).  Returns ``(logits, overflow)``."""
    total = maps.reshape(len(maps), weights[0].size) @ weights.reshape(len(weights), -1).T + bias
    return clip_frames(np.rint(total * 2.0 ** -np.asarray(shift)), width)


def argmax(logits):
    """Index of the largest logit, the lowest one of equals."""
    return np.argmax(logits, axis=-1)
