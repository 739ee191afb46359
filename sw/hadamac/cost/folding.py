"""Folding of a network's circuit: the lanes of products and dense layers, and the circuit of transforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from ..checks import choice
from ..errors import FitError
from ..ops.base import Operation
from ..quantised.network import QuantNetwork
from .ends import input_plan, output_plan

__all__ = ["Plan", "TRANSFORMS", "plan"]

TRANSFORMS = ("streaming", "iterative")
"""Circuits of transforms: one sample in each cycle, or one memory and one butterfly, which is smaller and slower."""


@dataclass(frozen=True)
class Plan:
    """Folding of a circuit.

    Attributes
    ----------
    hadamard : tuple of int
        Number of lanes of each product of bins or of maps, in order.
    dense : tuple of int
        Number of lanes of each dense layer, in order.  An integer stands for a network with one.
    transforms : str or tuple of str
        Circuit of all transforms, or of each in order: of `TRANSFORMS`.  Words are the same.
    """

    hadamard: tuple[int, ...]
    dense: tuple[int, ...]
    transforms: str | tuple[str, ...] = TRANSFORMS[0]

    def __post_init__(self) -> None:
        if isinstance(self.dense, int):
            object.__setattr__(self, "dense", (self.dense,))
        for transforms in (self.transforms,) if isinstance(self.transforms, str) else self.transforms:
            choice("Transforms", transforms, TRANSFORMS)

    def lanes(self, qnet: QuantNetwork) -> list[int]:
        """Return the number of lanes of every stage, which is 1 for stages without a choice, 0 for one iterative."""
        products = iter(self.hadamard)
        circuits = repeat(self.transforms) if isinstance(self.transforms, str) else iter(self.transforms)
        transforms = (int(circuit == TRANSFORMS[0]) for circuit in circuits)
        lanes = {"multiply": products, "mix": products, "linear": iter(self.dense), "transform": transforms,
                 "inverse": transforms}
        return [next(lanes[op.stage.kind]) if op.stage.kind in lanes else 1 for op in qnet.stages]

    @classmethod
    def of_lanes(cls, qnet: QuantNetwork, lanes: Sequence[int]) -> Plan:
        """Return the folding in which every stage has the given number of lanes, as `lanes` returns them."""
        chosen = {kind: tuple(n for op, n in zip(qnet.stages, lanes) if op.stage.kind in kinds)
                  for kind, kinds in (("products", ("multiply", "mix")), ("dense", ("linear",)),
                                      ("transforms", ("transform", "inverse")))}
        circuits = tuple(TRANSFORMS[not n] for n in chosen["transforms"])
        same = circuits[0] if len(set(circuits)) == 1 else TRANSFORMS[0] if not circuits else circuits
        return cls(chosen["products"], chosen["dense"], same)


def plan(qnet: QuantNetwork, interval: int | None = None, transforms: str = TRANSFORMS[0]) -> Plan:
    """Return the folding with the fewest lanes for which no stage needs more than ``interval`` cycles for a frame.

    Parameters
    ----------
    qnet : QuantNetwork
    interval : int, optional
        Cycles of a frame.  The default is the least that is possible, which is the interval of the slowest stage when
        all stages have as many lanes as they can have.
    transforms : str
        Circuit of all transforms, one of `TRANSFORMS`.

    Raises
    ------
    FitError
        If the interval is less than the least that is possible.
    """
    choice("Transforms", transforms, TRANSFORMS)
    streaming = transforms == TRANSFORMS[0]
    most = [int(streaming) if op.stage.kind in ("transform", "inverse") else op.lanes[-1] for op in qnet.stages]
    slowest = [("input", input_plan(qnet).interval), *_output(qnet)]
    slowest += [(op.stage.name, op.interval(lanes)) for op, lanes in zip(qnet.stages, most)]
    name, least = max(slowest, key=lambda entry: entry[1])
    interval = least if interval is None else interval
    if interval < least:
        raise FitError(f"Interval must be at least {least} cycles (stage {name}), not {interval}")

    def fewest(op: Operation) -> int:
        """Return the fewest lanes with which an operation keeps the interval."""
        return next(n for n in op.lanes if op.interval(n) <= interval)

    products, dense = qnet.of_kind("multiply", "mix"), qnet.of_kind("linear")
    return Plan(tuple(map(fewest, products)), tuple(map(fewest, dense)), transforms)


def _output(qnet: QuantNetwork) -> list[tuple[str, int]]:
    """Return the name and the interval of the buffer behind the last stage, if there is one."""
    last = output_plan(qnet)
    return [("output", last.interval)] if last is not None else []
