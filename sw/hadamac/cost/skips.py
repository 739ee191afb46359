"""Skip buffers: the FIFOs before a join that hold the beats of a shorter path until those of the longest arrive.

**Why no deadlock is possible.**  A fork offers a beat to all its branches and the next one only when all have taken it.
So a branch that cannot take a beat stops the others.  Every block delivers a frame without any beat of the next one.
A join is stuck only if it waits for a beat of frame f from one input while another input, which offers its own beat of
frame f, blocks the fork.  A buffered input does not block: its buffer holds a whole frame, and has none but beats of
frame f, because the join has taken all of frame f - 1; so it takes all of frame f.  An input without a buffer is the
end of a path that is *framed*: no beat of frame f leaves it before all of frame f has come in.  As it offers a beat of
frame f, all of frame f has passed the fork, the other branches have it, and will deliver.  Where no path of a join is
framed, all its inputs are buffered.

**Why no throughput is lost.**  Let every stage start frame after frame at the interval I of the slowest one, with the
arrival times of a first frame.  Each buffer is as deep as it is full in this schedule, and an input without a buffer is
the last to arrive with each of its beats, so that none of them has to wait where nothing holds it.  So the schedule is
possible.  Blocks start as soon as they can; starting earlier delays nothing (the streams are a marked graph).  So the
circuit keeps the schedule's interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..ops.base import Operation

__all__ = ["LATENCY", "SLACK", "Skip", "framed_from", "latest", "skip_buffers", "skip_depth"]

LATENCY = 1 + timing.RAM + timing.FIFO
"""Cycles from a beat into a skip buffer to its being offered: a memory, then a short FIFO."""
SLACK = 4
"""Words in reserve: the buffer says two words before its end that it is full, and counts a word a cycle late."""


@dataclass(frozen=True)
class Skip:
    """A skip buffer.

    Attributes
    ----------
    depth : int
        Words of its memory, a power of two.
    bits : int
        Bits of its memory and of the short FIFO that follows.
    """

    depth: int
    bits: int


def framed_from(operations: Sequence[Operation], source: int) -> dict[int, bool]:
    """Return for every stage that ``source`` leads to whether all paths to what leaves it are framed."""
    framed = {source: False}
    for k, op in enumerate(operations):
        paths = [framed[s] for s in op.stage.sources if s in framed]
        if k > source and paths:
            framed[k] = op.framed or all(paths)
    return framed


def latest(operations: Sequence[Operation], sources: Sequence[int], times: Sequence[np.ndarray]) -> int | None:
    """Return which input of a join may do without a buffer: the last to arrive of those framed from all forks on.

    None if there is none.  If another input arrives even later, this one needs a buffer as well, in which it waits:
    `skip_buffers`.
    """
    candidates = set(range(len(sources)))
    for fork in range(-1, len(operations)):
        reached = framed_from(operations, fork)
        inputs = [n for n, s in enumerate(sources) if s in reached]
        if len(inputs) > 1:
            candidates -= {n for n in inputs if not reached[sources[n]]}
    return max(candidates, key=lambda n: int(times[n][0]), default=None)


def skip_depth(entered: np.ndarray, left: np.ndarray, interval: int, width: int) -> Skip:
    """Return the buffer of one input of a join.

    Parameters
    ----------
    entered, left : int array (beats,)
        Cycles in which the beats of a first frame come and in which the join takes them.
    interval : int
        Cycles from frame to frame.
    width : int
        Bits of a beat.
    """
    frames = 1 + max(0, int(left[-1] - entered[0])) // interval
    full = 0
    for moment in (entered, entered[-1:] + interval):
        held = np.zeros(len(moment), dtype=np.int64)
        for k in range(-frames, frames + 1):
            shifted = moment + k * interval
            held += np.searchsorted(entered, shifted, "right") - np.searchsorted(left, shifted, "right")
        full = max(full, int(held.max()))
    depth = 1 << (max(full, len(entered)) + SLACK - 1).bit_length()
    return Skip(depth, width * (depth + timing.fifo_depth(timing.RAM)))


def skip_buffers(operations: Sequence[Operation], join: Operation, times: Sequence[np.ndarray], interval: int,
                 width: int) -> tuple[tuple[np.ndarray, ...], tuple[Skip | None, ...]]:
    """Return the times at which the inputs of a join offer it their beats, and their buffers, None for one without.

    Parameters
    ----------
    operations : sequence of Operation
        The stages before the join, in topological order.
    join : Operation
    times : sequence of int array
        Cycles in which the beats of a first frame leave the join's sources.
    interval : int
        Cycles from frame to frame.
    width : int
        Bits of a beat.
    """
    main = latest(operations, join.stage.sources, times)
    offered, taken = _offered(join, times, main)
    if main is not None and (taken[main] > times[main]).any():  # it would have to wait, and nothing would hold it
        main = None
        offered, taken = _offered(join, times, main)
    skips = tuple(None if n == main else skip_depth(entered, left, interval, width)
                  for n, (entered, left) in enumerate(zip(times, taken)))
    return offered, skips


def _offered(join: Operation, times: Sequence[np.ndarray],
             main: int | None) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Return the times at which inputs, all but ``main`` through buffers, offer beats, and at which these are taken."""
    offered = tuple(t if n == main else transfers(t + LATENCY) for n, t in enumerate(times))
    return offered, join.taken(*offered)
