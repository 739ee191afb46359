"""A network of streams as a game of tokens, cycle by cycle: stages, forks, joins and skip buffers, without any hardware.

Every stage takes beats, keeps a bounded number of them and gives beats in order.  A beat that a stage gives is offered
to all that take from it; each takes it in a cycle of its own, and the next one is offered only after all have taken it.
A join takes a beat from each of its inputs in one cycle.  Shares no code with :mod:`hadamac.cost`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Node", "Run", "play"]

FIFO = 16
"""Beats of an output FIFO, besides those in flight."""
SKIP_LATENCY = 5
"""Cycles from a beat into a skip buffer to the same beat out of it."""


@dataclass
class Node:
    """A stage.

    Attributes
    ----------
    sources : tuple of int
        The stages that it takes from; -1 is the input.  Several: a join.
    beats_in, beats : int
        Beats of a frame that it takes from its first source, and that it gives.
    framed : bool
        It takes a whole frame, into one of two halves of a buffer, before it gives the first beat of it.
    latency, pace : int
        Cycles from a beat that it takes, or from a step of reading its buffer, to the beat that it gives; cycles
        between two steps of reading.
    takes_part : list of bool array (beats,)
        Of a join: for every beat and input whether the input has a summand.
    depths : list of int or None
        Of a join: the beats that the buffer before every input holds; None for an input without a buffer.
    keeps : bool array (beats_in,) or None
        The beats that leave a stage that drops others.
    """

    sources: tuple[int, ...]
    beats_in: int
    beats: int
    framed: bool = False
    latency: int = 3
    pace: int = 1
    takes_part: list[np.ndarray] = field(default_factory=list)
    depths: list[int | None] = field(default_factory=list)
    keeps: np.ndarray | None = None

    @property
    def interval(self) -> int:
        """Cycles a frame without anything to wait for."""
        return max(self.beats_in, self.beats * self.pace if self.framed else self.beats)


@dataclass
class Run:
    """Record of a game.

    Attributes
    ----------
    out : list of int
        Cycles in which beats left the last stage.
    entered, left : dict of list of int
        For a join and the number of an input, the cycles in which beats arrived and in which the join took them.
    stuck : bool
        Nothing moved any more.
    """

    out: list[int] = field(default_factory=list)
    entered: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    left: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    stuck: bool = False

    def interval(self, beats: int) -> int:
        """Return the cycles between the last beats of the last two frames."""
        return self.out[-1] - self.out[-1 - beats]


class _Stage:
    """The state of a stage: beats taken, beats on their way out."""

    def __init__(self, node: Node):
        self.node, self.taken, self.read, self.full = node, 0, 0, deque()
        self.out: deque[int] = deque()
        self.ready_at = 0
        self.buffers: list[deque[int]] = [deque() for _ in node.sources]

    def can_take(self) -> bool:
        if self.node.framed:
            return self.taken // self.node.beats_in - self.read // self.node.beats < 2
        return len(self.out) < FIFO + self.node.latency

    def take(self, t: int) -> None:
        k = self.taken % self.node.beats_in
        self.taken += 1
        if self.node.framed:
            if k == self.node.beats_in - 1:
                self.full.append(t + 1)
        elif self.node.keeps is None or self.node.keeps[k]:
            self.out.append(t + self.node.latency)

    def step(self, t: int) -> None:
        """Read a beat of a full half of the buffer, if there is one and room for it."""
        if self.node.framed and self.full and self.full[0] <= t >= self.ready_at and len(
                self.out) < FIFO + self.node.latency:
            self.out.append(t + self.node.latency)
            self.read += 1
            self.ready_at = t + self.node.pace
            if self.read % self.node.beats == 0:
                self.full.popleft()


def play(nodes: list[Node], beats: int, frames: int, *, rng=None, stall: float = 0.0, patience: int = 400) -> Run:
    """Play until ``frames`` frames have left the last stage, or nothing has moved for ``patience`` cycles.

    Parameters
    ----------
    beats : int
        Beats of a frame of the input.
    stall : float
        The probability with which the input, the output and the reading of every stage rest in a cycle.
    """
    stages = [_Stage(node) for node in nodes]
    users = {e: [(k, n) for k, node in enumerate(nodes) for n, s in enumerate(node.sources) if s == e]
             for e in range(-1, len(nodes))}
    done: dict[int, set[tuple[int, int]]] = {e: set() for e in users}
    run, given, moved, t = Run(), 0, 0, 0

    def rests() -> bool:
        return rng is not None and rng.random() < stall

    while len(run.out) < frames * nodes[-1].beats:
        valid = {-1: given < beats * frames and not rests()} | {k: bool(s.out) and s.out[0] <= t for k, s in enumerate(stages)}
        takes: list[tuple[int, int]] = []
        for e, taken_by in users.items():
            for k, n in taken_by:
                node, stage = nodes[k], stages[k]
                if not valid[e] or (k, n) in done[e]:
                    continue
                if len(node.sources) == 1:
                    if stage.can_take():
                        takes.append((k, n))
                elif node.depths[n] is not None and len(stage.buffers[n]) < node.depths[n]:
                    takes.append((k, n))
        joins = []
        for k, (node, stage) in enumerate(zip(nodes, stages)):
            if len(node.sources) > 1 and stage.can_take():
                part = [n for n in range(len(node.sources)) if node.takes_part[n][stage.taken % node.beats]]
                ready = all(bool(stage.buffers[n]) and stage.buffers[n][0] <= t if node.depths[n] is not None else
                            valid[node.sources[n]] and (k, n) not in done[node.sources[n]] for n in part)
                if ready:
                    joins.append((k, part))
        for stage in stages:
            if not rests():
                stage.step(t)
        for k, part in joins:
            for n in part:
                run.left.setdefault((k, n), []).append(t)
                if nodes[k].depths[n] is not None:
                    stages[k].buffers[n].popleft()
                else:
                    run.entered.setdefault((k, n), []).append(t)
                    done[nodes[k].sources[n]].add((k, n))
            stages[k].take(t)
        for k, n in takes:
            done[nodes[k].sources[n]].add((k, n))
            if len(nodes[k].sources) == 1:
                stages[k].take(t)
            else:
                run.entered.setdefault((k, n), []).append(t)
                stages[k].buffers[n].append(t + SKIP_LATENCY)
        for e, taken_by in users.items():
            if taken_by and len(done[e]) == len(taken_by):
                done[e].clear()
                if e < 0:
                    given += 1
                else:
                    stages[e].out.popleft()
                moved = t
        if stages[-1].out and stages[-1].out[0] <= t and not rests():
            stages[-1].out.popleft()
            run.out.append(t)
            moved = t
        if takes or joins:
            moved = t
        if t - moved > patience:
            run.stuck = True
            break
        t += 1
    return run
