"""Arithmetic of arrival times: functions that compute when beats leave a stage from when they arrive.

Times are arrays with the cycle of the transfer of each beat of a first frame on a stream.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["double_buffer", "lag", "power", "starts", "transfers"]


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


def starts(times: np.ndarray, writes: int | Sequence[int], *, halves: int, frees: int | Sequence[int],
           busy: int | Sequence[int]) -> np.ndarray:
    """Return the cycles in which the reader of a buffer of ``halves`` parts starts, one for each part that it reads.

    A part takes ``writes`` beats, which are offered at ``times``.  The reader starts with it in the cycle after the
    last of them, and at least ``busy`` cycles after it started with the part before.  The part takes beats again
    ``frees`` cycles after that start.  Where parts differ, there is a number for each of them, in order.
    """
    out: list[int] = []
    written = -1
    counts = [writes] * (len(times) // writes) if isinstance(writes, int) else list(writes)
    freed, occupied = ([n] * len(counts) if isinstance(n, int) else list(n) for n in (frees, busy))
    # The last write of a part: the beats are taken one in each cycle, none before it is offered.
    if isinstance(writes, int):
        earliest = (times.reshape(-1, writes) - np.arange(writes)).max(1).tolist()
    else:
        earliest = [int((part - np.arange(len(part))).max()) for part in np.split(times, np.cumsum(counts)[:-1])]
    for k, (first, count) in enumerate(zip(earliest, counts)):
        free = out[k - halves] + freed[k - halves] if k >= halves else 0
        written = max(first, written + 1, free) + count - 1
        out.append(max(written + 1, out[-1] + occupied[k - 1] if out else 0))
    return np.array(out)


def double_buffer(times: np.ndarray, writes: int | Sequence[int], reads: int | Sequence[int]) -> np.ndarray:
    """Return the cycles of the reads of a double buffer, each half of which takes ``writes`` beats and ``reads`` reads.

    A half is read, one word in each cycle, as soon as it is full and the other half has been read.  Where fills differ,
    ``writes`` and ``reads`` have a number for each of them, in order.
    """
    begins = starts(times, writes, halves=2, frees=reads, busy=reads)
    if isinstance(reads, int):
        return (begins[:, None] + np.arange(reads)).reshape(-1)
    return np.concatenate([begin + np.arange(count) for begin, count in zip(begins, reads)])


def power(n: int) -> int:
    """Return the smallest power of two that is at least ``n``: the words addressed by a field of whole bits."""
    return 1 << (n - 1).bit_length()
