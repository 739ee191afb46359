"""Choice of the memories that become block RAM where a device has too few: those stay whose logic would be largest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from amaranth.hdl import Elaboratable, Fragment

from ..base.targets import BLOCK_FROM, Target

__all__ = ["Memory", "memories_of", "rationed", "spare"]

_WORDS, _BITS, _CELLS = 16, 4, 6
"""Words and bits of a cell of LUT RAM, and the look-up tables that it takes, on ECP5 and on Gowin."""


@dataclass(frozen=True)
class Memory:
    """A memory that may be block RAM: its words, the bits of a word, and whether it has a write port."""

    depth: int
    width: int
    writable: bool

    def price(self, blocks: int) -> float:
        """Return the look-up tables that each block RAM costs which is not used."""
        words = -(-self.depth // _WORDS)
        tables = words * -(-self.width // _BITS) * _CELLS if self.writable else words * self.width
        return tables / blocks


@dataclass
class _Recorder:
    """Choice of every long memory, which keeps a list of them, in the order in which they are elaborated."""

    memories: list[Memory] = field(default_factory=list)

    def __call__(self, depth: int, width: int, writable: bool) -> bool:
        if depth < BLOCK_FROM:
            return False
        self.memories.append(Memory(depth, width, writable))
        return True


@dataclass
class _Rations:
    """Choice of every long memory but some, which are given by their places in that order."""

    spared: frozenset[int]
    place: int = -1

    def __call__(self, depth: int, width: int, writable: bool) -> bool:
        if depth < BLOCK_FROM:
            return False
        self.place += 1
        return self.place not in self.spared


def rationed(make: Callable[[], Elaboratable], target: Target, limit: int) -> Target:
    """Return a target for which a circuit needs at most ``limit`` block RAMs, if that is possible.

    The memories whose logic is smallest for each block RAM become logic or LUT RAM, as many as need be, and the first
    of equal ones.  The target is for one elaboration of the circuit, because it counts the memories.

    Parameters
    ----------
    make
        Function that makes the circuit.
    target
        A family whose block RAM is instantiated.
    limit
        Number of block RAMs.
    """
    return target.choosing(_Rations(frozenset(spare(memories_of(make(), target), target, limit))))


def memories_of(circuit: Elaboratable, target: Target) -> list[Memory]:
    """Return the long memories of a circuit, in the order in which they are elaborated."""
    recorder = _Recorder()
    Fragment.get(circuit, target.choosing(recorder))
    return recorder.memories


def spare(memories: list[Memory], target: Target, limit: int) -> set[int]:
    """Return the places of the memories that become logic, so that the others need at most ``limit`` block RAMs."""
    counts = [target.block_count(memory.depth, memory.width) for memory in memories]
    prices = [memory.price(count) for memory, count in zip(memories, counts)]
    need, spared = sum(counts), set()
    for place in sorted(range(len(counts)), key=lambda k: prices[k]):
        if need <= limit:
            break
        spared.add(place)
        need -= counts[place]
    return spared
