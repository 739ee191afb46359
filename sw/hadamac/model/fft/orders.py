"""Orders in which an FFT gives its bins, and how many samples a circuit waits to change the order."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["ORDERS", "bit_reversed", "output_bins", "reorder_lag"]

ORDERS = ("natural", "bit-reversed", "centred")
"""Orders of a frame's bins: 0 .. N-1; as decimation in frequency makes them; -N/2 .. N/2-1 (DC in the middle)."""


@lru_cache(None)
def bit_reversed(size: int) -> np.ndarray:
    """Return the bin at each position of the output of a decimation in frequency."""
    bits = size.bit_length() - 1
    out = np.zeros(size, dtype=np.int64)
    for b in range(bits):
        out |= ((np.arange(size) >> b) & 1) << (bits - 1 - b)
    return out


@lru_cache(None)
def output_bins(size: int, order: str) -> np.ndarray:
    """Return the bin at each position of an output in ``order``."""
    if order == "bit-reversed":
        return bit_reversed(size)
    return np.arange(size) if order == "natural" else np.arange(size) ^ (size // 2)


def reorder_lag(size: int, order: str) -> int:
    """Return the samples between a frame's first write into the reorder memory and its first read.

    It is the smallest number for which no bin is read before it was written; in natural order and for even log2 N
    that is ``(sqrt N - 1)**2 + 1``.  The bit-reversed order needs no memory: 0.
    """
    if order == "bit-reversed":
        return 0
    return int(np.max(bit_reversed(size)[output_bins(size, order)] - np.arange(size))) + 1
