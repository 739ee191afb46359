"""Evaluation of the stages of a network in topological order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .stage import Stage, users_of_stages

__all__ = ["walk"]

T = TypeVar("T")


def walk(stages: Sequence[Stage], source: T, visit: Callable[[int, tuple[T, ...]], T]) -> T:
    """Return the result of the last stage.

    Parameters
    ----------
    stages : sequence of Stage
    source
        The input of the network.
    visit : function
        ``visit(k, taken)`` returns the result of stage ``k``; ``taken`` are the results of its sources, in order.  A
        result is kept until the last stage that takes it has been visited.
    """
    last = [max(users, default=-1) for users in users_of_stages(stages)]
    results = {-1: source}
    for k, stage in enumerate(stages):
        results[k] = visit(k, tuple(results[s] for s in stage.sources))
        for s in set(stage.sources):
            if last[s + 1] == k:
                del results[s]
    return results[len(stages) - 1]
