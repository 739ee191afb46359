"""Arithmetic of arrival times: functions that compute when beats leave a stage from when they arrive.

Times are arrays with the cycle of the transfer of each beat of a first frame on a stream.
"""

from __future__ import annotations

import numpy as np

__all__ = ["double_buffer", "lag", "power", "transfers"]


def transfers(available: np.ndarray) -> np.ndarray:
    """Return when beats are transferred that are available at given times: in order, at most one in each cycle."""
    n = np.arange(len(available))
    return np.maximum.accumulate(available - n) + n


def lag(times: np.ndarray, block: int, lag: int) -> np.ndarray:
    """Return when samples leave a delay line of ``lag`` samples that empties itself after every block of samples.

    A sample leaves when the sample ``lag`` places after it enters.  The last ``lag`` samples of a block leave without
    further input, one in each cycle.
    """
    entered = times.reshape(-1, block)
    return np.concatenate([entered[:, lag:], entered[:, -1:] + 1 + np.arange(lag)], axis=1).reshape(-1)


def double_buffer(times: np.ndarray, writes: int, reads: int) -> np.ndarray:
    """Return the cycles of the reads of a double buffer, each half of which takes ``writes`` beats and ``reads`` reads.

    A half is read, one word in each cycle, as soon as it is full and the other half has been read.
    """
    out, free = [], [0, 0]
    last_write = last_read = -1
    for k, beats in enumerate(times.reshape(-1, writes)):
        n = np.arange(writes)
        entered = np.maximum.accumulate(np.maximum(beats, max(last_write + 1, free[k % 2])) - n) + n
        last_write = entered[-1]
        read = max(last_write + 1, last_read + 1) + np.arange(reads)
        last_read = read[-1]
        free[k % 2] = last_read + 1
        out.append(read)
    return np.concatenate(out)


def power(n: int) -> int:
    """Return the smallest power of two that is at least ``n``: the words addressed by a field of whole bits."""
    return 1 << (n - 1).bit_length()
