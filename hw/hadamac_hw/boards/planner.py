"""The planner: the fastest folding of a network that fits a board, or the smallest that is fast enough.

A folding chooses lanes for every product and dense layer, and streaming or iterative transforms one by one.  With fewer
lanes a stage takes more cycles, and fewer multipliers, look-up tables and flip-flops.  So among all foldings that take
at most T cycles a frame, the one in which every stage has the fewest lanes that reach T needs the least of each, and
only one folding for each T has to be looked at.  The speed of a plan is the smallest T whose folding fits, which is
found by bisection.  ``verif/unit/test_planner.py`` compares it with all foldings of small networks.

Block RAMs are no limit of their own: memories that find none become logic (:mod:`hadamac_hw.boards.ration`), whose
look-up tables are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hadamac.cost.ends import input_plan, output_plan
from hadamac.cost.estimate import Estimate, Plan, estimate
from hadamac.errors import FitError
from hadamac.quantised.network import QuantNetwork

from ..cost.cells import Cells, cells_of
from ..network import Node, build_stages
from .board import Board
from .catalogue import BOARDS
from .ration import memories_of, spare

__all__ = ["FILL", "Planned", "Planner", "Row"]

FILL = 0.85
"""Largest share of the look-up tables, because fuller devices are hardly routed."""
_SHELL = Cells(luts=500, ffs=450)
"""Cells of a board's shell."""


@dataclass(frozen=True)
class Row:
    """A stage of a plan: its name, its choice in words, cycles a frame, and its cells."""

    name: str
    choice: str
    interval: int
    cells: Cells


@dataclass(frozen=True)
class Planned:
    """A plan, and what it needs.

    Attributes
    ----------
    folding : Plan
    estimate : Estimate
    rows : tuple of Row
        The stages, in order.
    cells : Cells
        Cells of all stages and of the shell, with as many block RAMs as the board has, and the logic of the others.
    relief : str
        What would shorten the interval.
    """

    folding: Plan
    estimate: Estimate
    rows: tuple[Row, ...]
    cells: Cells
    relief: str


class Planner:
    """Planner of one network on one board.

    Parameters
    ----------
    qnet : QuantNetwork
    board : Board
    max_multipliers : int, optional
        Most multipliers; by default those of the board.
    progress : function
        Function that is called with the name of each stage before its cells are counted.
    """

    def __init__(self, qnet: QuantNetwork, board: Board, *, max_multipliers: int | None = None,
                 progress: Callable[[str], None] = lambda text: None):
        self.qnet, self.board, self.progress = qnet, board, progress
        self.multipliers = board.multipliers if max_multipliers is None else min(max_multipliers, board.multipliers)
        self._counted: dict[tuple[str, int], Cells] = {}
        last = output_plan(qnet)
        self._ends = max(input_plan(qnet).interval, last.interval if last else 0)
        self._least = max(self._ends, *(op.interval(op.lanes[-1]) for op in qnet.stages))

    def fastest(self) -> Planned:
        """Return the plan with the shortest interval that fits.

        Raises
        ------
        FitError
            None fits; the message names the resource, by how much, and a board that would do.
        """
        intervals = self._intervals()
        if self._too_much(self._planned(intervals[-1])):
            raise self._misfit(intervals[-1])
        low, high = 0, len(intervals) - 1
        while low < high:
            middle = (low + high) // 2
            if self._too_much(self._planned(intervals[middle])):
                low = middle + 1
            else:
                high = middle
        return self._planned(intervals[low])

    def smallest(self, interval: int | None = None) -> Planned:
        """Return the smallest plan that takes at most so many cycles a frame; by default as many as it likes.

        Raises
        ------
        FitError
            No plan is so fast, or it does not fit.
        """
        if interval is not None and interval < self._least:
            raise FitError(f"Interval must be at least {self._least} cycles ({self._slowest()}), not {interval}")
        interval = self._intervals()[-1] if interval is None else interval
        found = self._planned(interval)
        if self._too_much(found):
            raise self._misfit(interval)
        return found

    def _intervals(self) -> list[int]:
        """Return the intervals at which foldings differ, in rising order."""
        every = {op.interval(n) for op in self.qnet.stages for n in op.lanes}
        return sorted({self._least, *(cycles for cycles in every if cycles > self._least)})

    def _slowest(self) -> str:
        """Return the name of a stage that determines the shortest interval."""
        return next((f"stage {op.stage.name}" for op in self.qnet.stages
                     if op.interval(op.lanes[-1]) == self._least), "the input or the output")

    def _folding(self, interval: int) -> list[int]:
        """Return the fewest lanes of each stage that reach an interval."""
        return [next(n for n in op.lanes if op.interval(n) <= interval) for op in self.qnet.stages]

    def _planned(self, interval: int) -> Planned:
        lanes = self._folding(interval)
        folding = Plan.of_lanes(self.qnet, lanes)
        costs, nodes = estimate(self.qnet, folding), build_stages(self.qnet, folding)
        for node in nodes:  # Amaranth warns of components that are never elaborated, unless they have this mark
            setattr(node.block, "_MustUse__silence", True)  # noqa: B010
        chosen = dict(zip((op.stage.name for op in self.qnet.stages), zip(self.qnet.stages, lanes)))
        cycles = {cost.name: cost.interval for cost in costs.stages}
        rows = []
        for node in nodes:
            op, count = chosen.get(node.name, (None, 1))
            choice = "" if op is None or len(op.lanes) < 2 else _said(op.stage.kind, count)
            rows.append(Row(node.name, choice, cycles.get(node.name, 0), self._cells(node, count)))
        total = sum((row.cells for row in rows), _SHELL)
        if self.board.family.target.blocks and total.blocks > self.board.blocks:
            memories = [memory for node in nodes for memory in memories_of(node.block, self.board.family.target)]
            spared = spare(memories, self.board.family.target, self.board.blocks)
            luts = sum(memories[k].price(1) for k in spared)
            total += Cells(luts=round(luts), blocks=-sum(
                self.board.family.target.block_count(memories[k].depth, memories[k].width) for k in spared))
        return Planned(folding, costs, tuple(rows), total, self._relief(lanes, costs))

    def _cells(self, node: Node, lanes: int) -> Cells:
        key = (node.name, lanes)
        if key not in self._counted:
            self.progress(node.name)
            self._counted[key] = cells_of(node.block, self.board.family.target)
        return self._counted[key]

    def _too_much(self, found: Planned) -> list[tuple[str, int, int]]:
        """Return the resources that the board has too few of, with the number needed and the number there is."""
        board, needs = self.board, found.cells
        rows = [("multipliers", found.estimate.multipliers, self.multipliers),
                ("look-up tables", needs.luts, int(FILL * board.luts))]
        if board.family.target.blocks:
            rows.append(("block RAMs", needs.blocks, board.blocks))
        else:
            rows.append(("bits of memory", found.estimate.memory_bits, board.memory_bits))
        return [row for row in rows if row[1] > row[2]]

    def _misfit(self, interval: int) -> FitError:
        found = self._planned(interval)
        name, need, there = self._too_much(found)[0]
        limited = name == "multipliers" and self.multipliers < self.board.multipliers
        larger = [board.name for board in BOARDS.values()
                  if not Planner(self.qnet, board)._too_much(found) and board.family == self.board.family]
        change = ("a higher --max-multipliers" if limited else
                  f"the board {larger[-1]}" if larger else "shorter words or fewer channels")
        slower = "" if interval == self._intervals()[-1] else ", a longer --interval"
        return FitError(f"Network {self.qnet.network.name} needs {need:,} {name} at {interval:,} cycles a frame, "
                        f"{need - there:,} more than the {there:,} of {self.board.name}; try {change}{slower}")

    def _relief(self, lanes: list[int], costs: Estimate) -> str:
        """Return what would shorten the interval: the next choice of the stages that determine it."""
        if self._ends == costs.interval:
            return "nothing: the input or the output takes as long"
        changes = []
        for op, n in zip(self.qnet.stages, lanes):
            if op.interval(n) < costs.interval:
                continue
            faster = [more for more in op.lanes if op.interval(more) < costs.interval]
            if not faster:
                return f"nothing: {op.stage.name} has no faster circuit"
            more = int(op.multipliers(faster[0]) - op.multipliers(n))
            changes.append(f"{op.stage.name} with {_said(op.stage.kind, faster[0])} ({more:+} multipliers)")
        return " and ".join(changes)


def _said(kind: str, lanes: int) -> str:
    """Return the choice of a stage in words."""
    if kind in ("transform", "inverse"):
        return "streaming" if lanes else "iterative"
    return f"{lanes} lane{'s' if lanes > 1 else ''}"
