"""Skip buffers in a game of tokens: neither deadlock nor a longer interval with them, either of the two with less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from hadamac.arrivals import transfers
from hadamac.cost.estimate import estimate
from hadamac.cost.skips import LATENCY, SLACK, framed_from, latest, skip_buffers, skip_depth
from hadamac.ops.add import takes_part
from support import tiny
from support.seeds import rng
from support.tokens import SKIP_LATENCY, Node, play

PLENTY = 10**9
"""Beats of a buffer that is never full."""


@dataclass
class Operation:
    """What :mod:`hadamac.cost.skips` asks of a stage."""

    sources: tuple[int, ...]
    framed: bool = False
    takes_part: tuple = ()

    @property
    def stage(self):
        return SimpleNamespace(sources=self.sources)

    def taken(self, *times):
        """Return the cycles in which the beats of every input are taken, each with those of the others."""
        spread = [np.full(len(mask), -1) for mask in self.takes_part]
        for all_times, mask, t in zip(spread, self.takes_part, times, strict=True):
            all_times[mask] = t
        together = transfers(np.maximum.reduce(spread))
        return tuple(together[mask] for mask in self.takes_part)


def operations(nodes: list[Node]) -> list[Operation]:
    return [Operation(node.sources, node.framed, tuple(node.takes_part)) for node in nodes]


def joins(nodes: list[Node]) -> list[int]:
    return [k for k, node in enumerate(nodes) if len(node.sources) > 1]


def with_depths(nodes: list[Node], depths: dict[int, list]) -> list[Node]:
    return [replace(node, depths=depths[k]) if k in depths else node for k, node in enumerate(nodes)]


def plenty(nodes: list[Node]) -> dict[int, list]:
    return {k: [PLENTY] * len(nodes[k].sources) for k in joins(nodes)}


def buffered(nodes: list[Node], beats: int) -> tuple[dict[int, list], int]:
    """Return the beats that the buffers of every join hold, as `skip_buffers` has it, and the slowest interval.

    A buffer of D words may say as late as with D - SLACK + 1 words in it that it takes no more.
    """
    depths, interval = plenty(nodes), max(beats, *(node.interval for node in nodes))
    for k in joins(nodes):  # the times at a join depend on the buffers before those that come earlier
        run = play(with_depths(nodes, depths), beats, 1)
        times = [np.array(run.entered[k, n]) for n in range(len(nodes[k].sources))]
        ops = operations(nodes)
        skips = skip_buffers(ops[:k], ops[k], times, interval, 1)[1]
        depths[k] = [None if skip is None else PLENTY for skip in skips]
        depths |= {k: [skip and skip.depth - SLACK + 1 for skip in skips]}
    return depths, interval


def average(nodes: list[Node], depths: dict[int, list], beats: int, frames: int = 40) -> float:
    """Return the mean interval of the last half of ``frames`` frames; infinity where it comes to a stop."""
    run = play(with_depths(nodes, depths), beats, frames)
    last = nodes[-1].beats
    return float("inf") if run.stuck else (run.out[-1] - run.out[-1 - frames // 2 * last]) / (frames // 2)


def every(beats: int, count: int = 2) -> list[np.ndarray]:
    """Return masks of inputs that take part in every beat."""
    return [np.ones(beats, dtype=bool)] * count


B = 24
SKIP = [  # a fork of the input: a path of three frames, and a direct one
    Node((-1,), B, B, framed=True), Node((0,), B, B, framed=True, latency=9), Node((1,), B, B, framed=True),
    Node((2, -1), B, B, takes_part=every(B))]


def test_a_long_path_and_a_direct_one():
    """The buffer holds what the long path has in its three double buffers."""
    depths, interval = buffered(SKIP, B)
    assert interval == B and depths[3][0] is None and depths[3][1] > 3 * B
    assert average(SKIP, depths, B) == B
    for seed in range(5):
        run = play(with_depths(SKIP, depths), B, 8, rng=np.random.default_rng(seed), stall=0.1 * seed)
        assert not run.stuck and len(run.out) == 8 * B


def test_less_than_a_frame_is_a_deadlock():
    """The fork cannot offer the last beat of the frame for which the long path waits."""
    for depth in (1, B // 2, B - 2):
        assert play(with_depths(SKIP, {3: [None, depth]}), B, 4).stuck
        assert play(with_depths(SKIP, {3: [PLENTY, depth]}), B, 4).stuck, "a buffer on the long path is of no use"
    for depth in (B - 1, B):  # the last beat may wait in the fork: a frame is enough, if not for the interval
        assert not play(with_depths(SKIP, {3: [None, depth]}), B, 4).stuck
    assert play(with_depths(SKIP, {3: [None, None]}), B, 4).stuck, "and so it is without any buffer"


def test_less_than_the_schedule_needs_is_slower():
    """A buffer of a frame or two prevents the deadlock, but the long path is not kept busy."""
    need = next(d for d in range(B, 6 * B) if average(SKIP, {3: [None, d]}, B) == B)
    assert 3 * B < need <= buffered(SKIP, B)[0][3][1]
    assert average(SKIP, {3: [None, B]}, B) > average(SKIP, {3: [None, 2 * B]}, B) > B
    # The depth is the next power of two: half of it would not do.
    depth = buffered(SKIP, B)[0][3][1] + SLACK - 1
    assert depth & (depth - 1) == 0 and depth // 2 < need + SLACK - 1


def test_an_input_that_waits_for_another_needs_a_buffer():
    """Of two framed paths, and of a framed path that is not the last to arrive, although it could do without.

    Without a buffer there is no deadlock, but its wait stops the fork.
    """
    late = [Node((-1,), B, B, framed=True), *[Node((k,), B, B, latency=20 + B) for k in range(4)]]
    late[1] = replace(late[1], sources=(-1,))
    nodes = [*late, Node((0, 4), B, B, takes_part=every(B))]
    assert latest(operations(nodes)[:5], (0, 4), [np.arange(B) + 30, np.arange(B) + 180]) == 0
    depths, interval = buffered(nodes, B)
    assert None not in depths[5] and average(nodes, depths, B) == interval == B
    assert not play(with_depths(nodes, {5: [None, depths[5][1]]}), B, 8).stuck
    assert average(nodes, {5: [None, depths[5][1]]}, B) > B


def random_nodes(r) -> tuple[list[Node], int]:
    """Return stages at random: pipelines, stages of whole frames, crops, sums of unequal frames; and beats of a frame."""
    beats = int(r.integers(6, 20))
    sizes, unused, nodes = {-1: beats}, {-1}, []

    def add(node: Node) -> None:
        nodes.append(node)
        sizes[len(nodes) - 1] = node.beats
        unused.difference_update(node.sources)
        unused.add(len(nodes) - 1)

    def join(*taken: int) -> Node:
        most = max(sizes[e] for e in taken)  # the first beat, of the mean, is every input's
        masks = [np.isin(np.arange(most), [0, *r.choice(np.arange(1, most), sizes[e] - 1, replace=False)]) for e in taken]
        return Node(taken, most, most, takes_part=masks, latency=int(r.integers(1, 6)))

    for _ in range(int(r.integers(3, 8))):
        edges, kind = list(sizes), r.random()
        source = int(r.choice(edges[-3:]))
        size = sizes[source]
        if len(unused) > 1 and r.random() < 0.4:
            some = r.choice(edges, min(len(edges), int(r.integers(2, 4))), replace=False)
            add(join(*(sorted(unused) if r.random() < 0.5 else (int(e) for e in some))))
        elif kind < 0.4:
            add(Node((source,), size, size, latency=int(r.integers(1, 30))))
        elif kind < 0.5:
            keeps = np.append(True, r.random(size - 1) < 0.6)
            add(Node((source,), size, int(keeps.sum()), keeps=keeps))
        else:
            add(Node((source,), size, int(r.integers(4, 20)), framed=True, latency=int(r.integers(3, 12)),
                     pace=int(r.integers(1, 3))))
    if len(unused) > 1:
        add(join(*sorted(unused)))
    return nodes, beats


@pytest.mark.parametrize("part", range(2))
def test_any_graph(part):
    """No deadlock, whatever rests, and the interval of the slowest stage, in graphs with forks within forks."""
    r, seen = rng("skips", part), 0
    while seen < 12:
        nodes, beats = random_nodes(r)
        if not joins(nodes):
            continue
        seen += 1
        depths, interval = buffered(nodes, beats)
        assert average(nodes, depths, beats) <= interval, nodes
        for stall in (0.2, 0.6):
            run = play(with_depths(nodes, depths), beats, 4, rng=r, stall=stall)
            assert not run.stuck and len(run.out) == 4 * nodes[-1].beats, nodes


def test_graphs_without_buffers_stop():
    """So some of those of the test before need theirs; in others the output FIFOs of stages hold enough."""
    r, stuck = rng("bare"), 0
    for _ in range(80):
        nodes, beats = random_nodes(r)
        stuck += play(with_depths(nodes, {k: [None] * len(nodes[k].sources) for k in joins(nodes)}), beats, 4).stuck
    assert stuck >= 3


def test_framed_paths():
    """A path is framed once any of its stages is; what a join gives, once all of its inputs are."""
    ops = [Operation((-1,)), Operation((0,), True), Operation((1,)), Operation((0, 2)), Operation((2, 1)),
           Operation((4, 3))]
    assert framed_from(ops, -1) == {-1: False, 0: False, 1: True, 2: True, 3: False, 4: True, 5: False}
    assert framed_from(ops, 0) == {0: False, 1: True, 2: True, 3: False, 4: True, 5: False}
    assert framed_from(ops, 1) == {1: False, 2: False, 3: False, 4: False, 5: False}
    assert framed_from(ops, 3) == {3: False, 5: False}


def times(*first: int) -> list[np.ndarray]:
    return [np.arange(3) + t for t in first]


@pytest.mark.parametrize(("ops", "sources", "first", "expected"), [
    # the image is both a summand and what the framed stage takes
    ([Operation((-1,), True)], (0, -1), (40, 0), 0),
    ([Operation((-1,), True)], (-1, 0), (0, 40), 1),
    # a framed path although another one arrives later; none at all
    ([Operation((-1,), True), Operation((-1,))], (0, 1), (10, 50), 0),
    ([Operation((-1,)), Operation((-1,))], (0, 1), (10, 50), None),
    # the later of two, the first of equals
    ([Operation((-1,), True), Operation((-1,), True)], (0, 1), (10, 50), 1),
    ([Operation((-1,), True), Operation((-1,), True)], (0, 1), (50, 50), 0),
    # framed from the input on, but not from the fork within: both paths are after it
    ([Operation((-1,), True), Operation((0,)), Operation((0,))], (1, 2), (10, 50), None),
    ([Operation((-1,), True), Operation((0,)), Operation((0,), True)], (1, 2), (90, 50), 1),
    # three inputs, one of which is framed from the outer fork only
    ([Operation((-1,), True), Operation((0,)), Operation((0,), True), Operation((-1,))], (1, 2, 3), (90, 50, 60), 1),
    # a stage that leads to one input alone is no fork of this join
    ([Operation((-1,), True), Operation((0,)), Operation((-1,))], (1, 2), (90, 50), 0),
    # through a join, all of whose inputs are framed
    ([Operation((-1,), True), Operation((-1,), True), Operation((0, 1)), Operation((-1,))], (2, 3), (90, 50), 0),
    ([Operation((-1,), True), Operation((-1,)), Operation((0, 1)), Operation((-1,))], (2, 3), (90, 50), None),
])
def test_the_latest_of_the_framed_paths(ops, sources, first, expected):
    assert latest(ops, sources, times(*first)) == expected


def test_depths():
    """The fullest moment of the schedule, or a frame, and four words in reserve, as a power of two."""
    beats = np.arange(16)
    assert skip_depth(beats, beats + 5, 16, 8).depth == 32  # a frame, and reserve
    assert skip_depth(beats, beats + 11, 16, 8).depth == 32
    assert skip_depth(beats, beats + 28, 16, 8).depth == 32  # 28 beats before the first is taken
    assert skip_depth(beats, beats + 29, 16, 8).depth == 64
    assert skip_depth(beats, beats + 60, 16, 8).depth == 64
    assert skip_depth(beats, beats + 28, 100, 8).depth == 32  # frames far apart: never more than one
    assert skip_depth(beats[:4], beats[:4] + 5, 16, 8).depth == 8
    assert skip_depth(beats, beats + 28, 16, 8).bits == 8 * (32 + 16)
    for seed in range(20):  # against counting, cycle by cycle, over many frames
        r = np.random.default_rng(seed)
        interval, n = int(r.integers(20, 60)), int(r.integers(3, 20))
        entered = np.cumsum(r.integers(1, 3, n))
        left = transfers(entered + r.integers(5, 150, n))
        t = np.arange(12 * interval)
        held = sum((entered[None] + f * interval <= t[:, None]).sum(1) - (left[None] + f * interval <= t[:, None]).sum(1)
                   for f in range(12))
        need = max(int(held.max()), n) + SLACK
        assert need <= skip_depth(entered, left, interval, 8).depth < 2 * need


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_buffers_of_networks(name):
    """Every input of a sum but one that never waits has a buffer of a frame at least, which the memory counts."""
    q = tiny.quantised(tiny.residuals()[name], rng("skips", name), count=8)
    assert SKIP_LATENCY == LATENCY
    for cost, op in zip(estimate(q).stages[1:], q.stages, strict=True):
        assert len(cost.skips) == (len(op.stage.sources) if op.stage.kind == "join" else 0)
        assert cost.memory_bits == op.memory_bits() + sum(s.bits for s in cost.skips if s) or op.stage.kind != "join"
        assert sum(s is None for s in cost.skips) <= 1
        for n, skip in enumerate(cost.skips):
            assert skip is None or skip.depth >= takes_part(op.stage, n).sum() + SLACK
