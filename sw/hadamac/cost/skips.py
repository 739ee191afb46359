"""Skip buffers: FIFOs before a join that hold the beats of a shorter path until those of the longest path arrive.

A *fork* copies a stream to several *branches*; a *join* is a stage that takes several streams.

**Why no deadlock is possible.**  A fork offers the next beat only after all branches have taken the current one, so
that a branch which cannot take a beat stops the others.  Every block delivers a frame without needing a beat of the
next one.  A join is therefore stuck only if it waits for a beat of frame f from one input, while another input offers
its own beat of frame f and blocks the fork.  There are two kinds of inputs, and neither can do so:

* An input with a buffer does not block the fork.  Its buffer has room for a whole frame, and contains only beats of
  frame f, because the join has taken all of frame f - 1.  It can therefore take all of frame f.
* An input without a buffer is the end of a path that is *framed*: no beat of frame f leaves the path before all of
  frame f has entered it.  If it offers a beat of frame f, all of frame f has passed the fork.  The other branches have
  received the frame too, and will deliver it.

If no path of a join is framed, all inputs of the join have buffers.

**Why no throughput is lost.**  Consider a schedule in which the arrival times of the first frame repeat at the interval
I of the slowest stage.  Each buffer has room for as many beats as it contains in this schedule, so that the schedule is
possible.  Blocks start as soon as they can, and starting earlier delays nothing, because the streams form a marked
graph.  The circuit is therefore never slower than the schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import timing
from ..ops.base import Operation

__all__ = ["SLACK", "Skip", "framed_from", "latest", "skip_depth"]

LATENCY = 1 + timing.RAM + timing.FIFO
"""Cycles from the entry of a beat into an empty skip buffer until it is offered: a memory, then a short FIFO."""
SLACK = 4
"""Words in reserve, because the buffer refuses beats when two words are still free, and counts one cycle late."""


@dataclass(frozen=True)
class Skip:
    """Size of a skip buffer.

    Attributes
    ----------
    depth : int
        Words of its memory, a power of two.
    bits : int
        Bits of the memory and of the short FIFO that follows it.
    """

    depth: int
    bits: int


def framed_from(operations: Sequence[Operation], source: int) -> dict[int, bool]:
    """Return, for every stage that ``source`` leads to, whether all paths from ``source`` through it are framed."""
    framed = {source: False}
    for k, op in enumerate(operations):
        paths = [framed[s] for s in op.stage.sources if s in framed]
        if k > source and paths:
            framed[k] = op.framed or all(paths)
    return framed


def latest(operations: Sequence[Operation], sources: Sequence[int], times: Sequence[np.ndarray]) -> int | None:
    """Return the number of the input of a join that needs no buffer, or None if there is none.

    It is the input whose beats arrive last, of those for which all paths from every fork are framed.
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
        Cycles in which the beats of a first frame enter the buffer, and in which the join takes them.
    interval : int
        Cycles from one frame to the next.
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
