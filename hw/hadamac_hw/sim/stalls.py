"""Patterns of idle sources and stalled sinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["STALLS", "Stall", "go"]


@dataclass(frozen=True)
class Stall:
    """How often a source idles and a sink refuses.

    Attributes
    ----------
    name
        By which a test picks it.
    idle, stall
        Probability per cycle that the source offers nothing, that the sink is not ready.
    burst
        Mean length of a run of such cycles; 1 makes the cycles independent.
    shy
        The sink raises ready only after it has seen valid.
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
"""The matrix of idle source and stalled sink through which every stream block goes."""


def go(rng: np.random.Generator, probability: float, burst: int) -> Iterator[bool]:
    """Endless flags, False with `probability`, in runs of mean length `burst`."""
    while True:
        if probability <= 0:
            yield True
        elif burst <= 1:
            yield from (rng.random(4096) >= probability).tolist()
        else:
            off = rng.geometric(1 / burst, 256)
            on = rng.geometric(min(1.0, probability / (1 - probability) / burst), 256)
            for go, stop in zip(on.tolist(), off.tolist(), strict=True):
                yield from [True] * go + [False] * stop
