"""Tests of the planner: its plan is the best of all foldings, its cells are those of the text, its refusals say why."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from hadamac.cost.estimate import Plan, estimate
from hadamac.errors import FitError
from hadamac_hw.base.emit import emit
from hadamac_hw.base.targets import ECP5
from hadamac_hw.boards.catalogue import find_board
from hadamac_hw.boards.planner import Planner
from hadamac_hw.cost.cells import cells_of
from hadamac_hw.network import Top, build_stages
from support import tiny
from support.seeds import rng

BOARD = find_board("ulx3s-85f")


def small():
    return tiny.quantised(tiny.one_group(), rng("planner"))


def all_foldings(qnet):
    for lanes in itertools.product(*(op.lanes for op in qnet.stages)):
        yield Plan.of_lanes(qnet, lanes)


@pytest.mark.parametrize("most", [12, 16, 20, 24, 30, 60])
def test_fastest_is_the_best_of_all_foldings(most):
    """No folding with so few multipliers is faster, and none that is as fast has fewer of them."""
    qnet = small()
    every = [(e.interval, e.multipliers) for e in (estimate(qnet, folding) for folding in all_foldings(qnet))]
    fitting = [costs for costs in every if costs[1] <= most]
    planner = Planner(qnet, BOARD, max_multipliers=most)
    if not fitting:
        with pytest.raises(FitError, match=r"multipliers .* more than the .* try a higher --max-multipliers$"):
            planner.fastest()
        return
    found = planner.fastest()
    assert (found.estimate.interval, found.estimate.multipliers) == min(fitting)


def test_smallest_has_the_fewest_multipliers_of_all_foldings():
    qnet = small()
    every = [(e.multipliers, e.interval) for e in (estimate(qnet, folding) for folding in all_foldings(qnet))]
    planner = Planner(qnet, BOARD)
    assert planner.smallest().estimate.multipliers == min(every)[0]
    for interval in sorted({costs[1] for costs in every}):
        found = planner.smallest(interval).estimate
        assert found.interval <= interval and found.multipliers == min(m for m, t in every if t <= interval)
    with pytest.raises(FitError, match=r"^Interval must be at least \d+ cycles \(.*\), not 1$"):
        planner.smallest(1)


@pytest.mark.parametrize("interval", [None, 1000])
def test_cells_are_those_of_the_text(interval):
    """Multipliers and block RAMs of a plan are exact, and so are the estimate's multipliers."""
    qnet = small()
    planner = Planner(qnet, BOARD)
    found = planner.fastest() if interval is None else planner.smallest(interval)
    text = emit(Top(qnet, folding=found.folding), "planned", platform=ECP5)
    assert found.cells.multipliers == found.estimate.multipliers == text.count(" MULT18X18D ")
    assert found.cells.blocks == text.count(" DP16KD ")
    assert sum(row.cells.multipliers for row in found.rows) == found.cells.multipliers


def test_few_block_rams_cost_logic():
    qnet = small()
    plenty, few = (Planner(qnet, replace(BOARD, blocks=blocks)).fastest() for blocks in (208, 3))
    assert plenty.cells.blocks > 3 >= few.cells.blocks and few.cells.luts > plenty.cells.luts
    assert few.estimate == plenty.estimate


def test_a_network_that_does_not_fit_names_the_resource_and_a_board():
    qnet = small()
    tight = replace(BOARD, luts=100, name="tight")
    with pytest.raises(FitError) as error:
        Planner(qnet, tight).fastest()
    assert re.fullmatch(r"Network one needs [\d,]+ look-up tables at [\d,]+ cycles a frame, [\d,]+ more than the 85 of "
                        r"tight; try the board ecpix5-85f", str(error.value))


def test_relief_is_the_next_step():
    """What the plan names as relief makes the network faster, for so many multipliers more."""
    qnet = small()
    found = Planner(qnet, BOARD).smallest()
    more = [int(n) for n in re.findall(r"\(\+(\d+) multipliers\)", found.relief)]
    assert more
    assert Planner(qnet, BOARD).fastest().relief == "nothing: the input or the output takes as long"
    wider = Planner(qnet, BOARD, max_multipliers=found.estimate.multipliers + sum(more)).fastest()
    assert wider.estimate.interval < found.estimate.interval


def test_one_block_counts_alone():
    node = build_stages(small(), Plan((1,), 1))[1]
    cells = cells_of(node.block, ECP5)
    assert cells.multipliers == node.block.multipliers and cells.luts > 0 and cells.ffs > 0
