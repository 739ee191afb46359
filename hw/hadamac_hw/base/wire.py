"""Blocks connected as a graph: streams that fork to several blocks, and joins that take several.

A stream that several blocks take passes a :class:`~hadamac_hw.base.fork.Fork`; an input of a join that the estimate
gives a skip buffer passes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from hadamac.cost.skips import Skip

from .block import Block
from .fork import Fork
from .skip import SkipBuffer

__all__ = ["Node", "wire"]


@dataclass(frozen=True)
class Node:
    """A block in a graph.

    Attributes
    ----------
    name : str
        Name of the submodule.
    block : Block
    sources : tuple of int
        The nodes that it takes from, one for each input stream; -1 is the graph's own input.
    skips : tuple of Skip or None
        The skip buffer before each input; empty where none has one.
    """

    name: str
    block: Block
    sources: tuple[int, ...] = (-1,)
    skips: tuple[Skip | None, ...] = ()


def wire(m: Module, nodes: Sequence[Node], i: Any, overflow: Signal | None = None) -> Any:
    """Add the blocks as submodules, connect them, and return the output stream of the last one.

    Parameters
    ----------
    m : Module
    nodes : sequence of Node
        In topological order.
    i : stream
        What nodes with the source -1 take.
    overflow : Signal, optional
        Driven by the ``overflow`` of every block that has one.
    """
    users: list[list[tuple[int, int]]] = [[] for _ in range(len(nodes) + 1)]
    for k, node in enumerate(nodes):
        for n, source in enumerate(node.sources):
            users[source + 1].append((k, n))
    branches = {(-1, use): stream for use, stream in zip(users[0], _branches(m, "input", i, len(users[0])))}
    for k, node in enumerate(nodes):
        m.submodules[node.name] = node.block
        for n, (source, stream) in enumerate(zip(node.sources, node.block.input_streams)):
            given, skip = branches[source, (k, n)], node.skips[n] if node.skips else None
            if skip is not None:
                buffer = SkipBuffer(given.payload.shape().members["data"], depth=skip.depth)
                m.submodules[f"{node.name}_skip{n}"] = buffer
                wiring.connect(m, given, buffer.i)
                given = buffer.o
            wiring.connect(m, given, stream)
        if overflow is not None and node.block.offers("overflow"):
            with m.If(node.block.overflow):
                m.d.comb += overflow.eq(1)
        outputs = _branches(m, node.name, node.block.o, len(users[k + 1]))
        branches |= {(k, use): stream for use, stream in zip(users[k + 1], outputs)}
    return nodes[-1].block.o


def _branches(m: Module, name: str, stream: Any, count: int) -> list[Any]:
    """Return as many streams as there are users, forked where there are several."""
    if count < 2:
        return [stream]
    m.submodules[f"{name}_fork"] = fork = Fork(stream.payload.shape().members["data"], branches=count)
    wiring.connect(m, stream, fork.i)
    return fork.output_streams
