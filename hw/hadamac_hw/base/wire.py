"""Connection of blocks as a graph, in which a stream may go to several blocks and a block may take several streams.

A stream that several blocks take goes through a :class:`~hadamac_hw.base.fork.Fork`.  An input of a join (a block with
several inputs) goes through a :class:`~hadamac_hw.base.skip.SkipBuffer` if the estimate demands one there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring

from hadamac.cost.skips import Skip

from .block import Block
from .fork import Fork
from .numeric import delayed
from .region import add_region
from .skip import SkipBuffer

__all__ = ["Node", "wire"]


@dataclass(frozen=True)
class Node:
    """Node of a graph: a block, and where its inputs come from.

    Attributes
    ----------
    name : str
        Name of the submodule.
    block : Block
    sources : tuple of int
        For each input stream, the number of the node whose output it takes; -1 is the input of the graph.
    skips : tuple of Skip or None
        For each input stream, the skip buffer before it, or None; empty if no input has one.
    """

    name: str
    block: Block
    sources: tuple[int, ...] = (-1,)
    skips: tuple[Skip | None, ...] = ()


def wire(m: Module, nodes: Sequence[Node], i: stream.Interface,
         overflow: Signal | None = None) -> stream.Interface:
    """Add blocks as submodules, connect them, and return the output stream of the last one.

    Parameters
    ----------
    m : Module
        The module that gets the submodules.
    nodes : sequence of Node
        The nodes in topological order.
    i : stream
        The input of the graph, which nodes with the source -1 take.
    overflow : Signal, optional
        Signal that is 1 for a cycle, or more, after the ``overflow`` of any block was high: for the last block one
        cycle later, and one more for each block between.  Words take longer through a block.
    """
    flags = Signal()
    users: list[list[tuple[int, int]]] = [[] for _ in range(len(nodes) + 1)]
    for k, node in enumerate(nodes):
        for n, source in enumerate(node.sources):
            users[source + 1].append((k, n))
    branches = dict(zip(((-1, use) for use in users[0]), _branches(m, "input", i, len(users[0]))))
    for k, node in enumerate(nodes):
        add_region(m, node.name, node.block)
        for n, (source, target) in enumerate(zip(node.sources, node.block.input_streams)):
            given, skip = branches[source, (k, n)], node.skips[n] if node.skips else None
            if skip is not None:
                buffer = SkipBuffer(given.payload.shape().members["data"], depth=skip.depth)
                m.submodules[f"{node.name}_skip{n}"] = buffer
                wiring.connect(m, given, buffer.i)
                given = buffer.o
            wiring.connect(m, given, target)
        if overflow is not None and node.block.offers("overflow"):  # from block to block, because they are far apart
            flags = delayed(m, flags | node.block.overflow, 1, f"{node.name}_overflow")
        outputs = _branches(m, node.name, node.block.o, len(users[k + 1]))
        branches |= dict(zip(((k, use) for use in users[k + 1]), outputs))
    if overflow is not None:
        m.d.comb += overflow.eq(flags)
    return nodes[-1].block.o


def _branches(m: Module, name: str, source: stream.Interface, count: int) -> list[stream.Interface]:
    """Return ``count`` streams with the beats of ``source``, which a fork distributes if there are several."""
    if count < 2:
        return [source]
    m.submodules[f"{name}_fork"] = fork = Fork(source.payload.shape().members["data"], branches=count)
    wiring.connect(m, source, fork.i)
    return fork.output_streams
