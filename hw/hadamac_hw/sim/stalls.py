"""Patterns in which sources idle and sinks refuse beats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["STALLS", "Stall", "go"]


@dataclass(frozen=True)
class Stall:
    """Pattern in which a source idles and a sink refuses beats.

    Attributes
    ----------
    name
        Name by which a test chooses the pattern.
    idle
        Probability in each cycle that the source offers nothing.
    stall
        Probability in each cycle that the sink is not ready.
    burst
        Mean length of a run of idle or stalled cycles; 1 makes the cycles independent of each other.
    shy
        Whether the sink raises ready only after it has seen valid.
    """

    name: str
    idle: float = 0.0
    stall: float = 0.0
    burst: int = 1
    shy: bool = False


STALLS = {
    stall.name: stall
    for stall in (
        Stall("none"),
        Stall("idle", idle=0.4),
        Stall("stall", stall=0.4),
        Stall("both", idle=0.3, stall=0.3),
        Stall("bursts", idle=0.4, stall=0.4, burst=12),
        Stall("shy", shy=True),
    )
}
"""The stall matrix: patterns of idle sources and stalled sinks under which every block is tested, by name."""


def go(rng: np.random.Generator, probability: float, burst: int) -> Iterator[bool]:
    """Yield flags without end, each False with a `probability`, in runs of False with the mean length `burst`."""
    while True:
        if probability <= 0:
            yield True
        elif burst <= 1:
            yield from (rng.random(4096) >= probability).tolist()
        else:
            off = rng.geometric(1 / burst, 256)
            on = rng.geometric(min(1.0, probability / (1 - probability) / burst), 256)
            for going, stopped in zip(on.tolist(), off.tolist(), strict=True):
                yield from [True] * going + [False] * stopped
