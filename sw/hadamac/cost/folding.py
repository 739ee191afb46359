"""The folding of a network's circuit: how many lanes each product and the dense layer have."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FitError
from ..ops.base import Operation
from ..quantised.network import QuantNetwork

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """Lanes of each Hadamard product, in order, and of the dense layer."""

    hadamard: tuple[int, ...]
    dense: int

    def lanes(self, qnet: QuantNetwork) -> list[int]:
        """Return the lanes of every stage; 1 where there is no choice."""
        folded = iter((*self.hadamard, self.dense))
        return [next(folded) if op.stage.kind in ("multiply", "linear") else 1 for op in qnet.stages]


def plan(qnet: QuantNetwork, interval: int | None = None) -> Plan:
    """Return the fewest lanes with which no stage needs more than ``interval`` cycles a frame.

    Parameters
    ----------
    qnet : QuantNetwork
    interval : int, optional
        The default is the least possible: that of the slowest stage, where products and the dense layer have all their
        lanes.

    Raises
    ------
    FitError
        If the interval is less than that.
    """
    slowest = [("input", qnet.network.size**2)]
    slowest += [(op.stage.name, op.interval(op.lanes[-1])) for op in qnet.stages]
    name, least = max(slowest, key=lambda entry: entry[1])
    interval = least if interval is None else interval
    if interval < least:
        raise FitError(f"Interval must be at least {least} cycles (stage {name}), not {interval}")

    def fewest(op: Operation) -> int:
        return next(n for n in op.lanes if op.interval(n) <= interval)

    return Plan(tuple(map(fewest, qnet.of_kind("multiply"))), fewest(qnet.dense))
