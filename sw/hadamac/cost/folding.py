"""Folding of a network's circuit: the number of lanes of each product and of the dense layer."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FitError
from ..ops.base import Operation
from ..quantised.network import QuantNetwork

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """Folding: the number of lanes of each Hadamard product, in order, and of the dense layer."""

    hadamard: tuple[int, ...]
    dense: int

    def lanes(self, qnet: QuantNetwork) -> list[int]:
        """Return the number of lanes of every stage, which is 1 for stages without a choice."""
        folded = iter((*self.hadamard, self.dense))
        return [next(folded) if op.stage.kind in ("multiply", "linear") else 1 for op in qnet.stages]


def plan(qnet: QuantNetwork, interval: int | None = None) -> Plan:
    """Return the folding with the fewest lanes for which no stage needs more than ``interval`` cycles for a frame.

    Parameters
    ----------
    qnet : QuantNetwork
    interval : int, optional
        Cycles of a frame.  The default is the least that is possible, which is the interval of the slowest stage when
        all stages have as many lanes as they can have.

    Raises
    ------
    FitError
        If the interval is less than the least that is possible.
    """
    slowest = [("input", qnet.network.size**2)]
    slowest += [(op.stage.name, op.interval(op.lanes[-1])) for op in qnet.stages]
    name, least = max(slowest, key=lambda entry: entry[1])
    interval = least if interval is None else interval
    if interval < least:
        raise FitError(f"Interval must be at least {least} cycles (stage {name}), not {interval}")

    def fewest(op: Operation) -> int:
        """Return the fewest lanes with which an operation keeps the interval."""
        return next(n for n in op.lanes if op.interval(n) <= interval)

    return Plan(tuple(map(fewest, qnet.of_kind("multiply"))), fewest(qnet.dense))
