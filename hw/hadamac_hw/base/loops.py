"""Counters of nested loops, and facts about the beat that comes next, which are known before it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TypeAlias

from amaranth.hdl import Const, Module, Mux, Signal, Value

__all__ = ["Number", "foreseen", "nest"]

Number: TypeAlias = Value | int
"""Counter or bit: a value of the circuit or an integer, for which the same expressions hold."""


def nest(m: Module, step: Value, *limits: int, name: str = "index", start: int = 0) -> tuple[list[Signal], Value]:
    """Return the counters of nested loops, which advance in each cycle in which ``step`` is high.

    Parameters
    ----------
    m
        The module that gets the counters.
    step
        The bit that advances them.
    limits
        Passes of each loop, outermost first.
    name
        Name of the counters' signals, which a number follows.
    start
        Steps that have been made at the beginning.

    Returns
    -------
    (list of Signal, Value)
        The counters, outermost first, and a bit that is high while every counter is at its last value, so that the
        next step starts again from 0.
    """
    indices: list[Signal] = []
    final: Value = Const(1, 1)
    for k, limit in reversed(list(enumerate(limits))):
        first = start // prod(limits[k + 1 :]) % limit
        index = Signal(range(max(limit, 2)), name=f"{name}{k}", init=first)
        if limit > 1:
            # Whether a counter is at its end is known when it gets there, so that no comparison delays the others.
            at_end = Signal(name=f"{name}{k}_at_end", init=first == limit - 1)
            with m.If(step & final):
                m.d.sync += [index.eq(Mux(at_end, 0, index + 1)), at_end.eq(index == limit - 2)]
            final = final & at_end
        indices.insert(0, index)
    return indices, final


def foreseen(m: Module, step: Value, *limits: int, facts: Callable[..., Sequence[Number]]) -> list[Signal]:
    """Return what is true of the present beat, in registers, so that no counter is compared in the beat's own cycle.

    The counters are one beat ahead of the stream.  The last register says whether every counter is at its last value.

    Parameters
    ----------
    m
        The module that gets the counters and registers.
    step
        The bit that is high while a beat passes.
    limits
        Passes of each loop, outermost first.
    facts
        Function of the counters, outermost first, that returns bits.  It is called with values of the circuit, and
        once with integers for the first beat.
    """
    count = prod(limits)
    counters, final = nest(m, step, *limits, start=1 % count)
    coming, first = (*facts(*counters), final), (*facts(*(0 for _ in limits)), count == 1)
    registers = [Signal(name=f"fact{k}", init=int(bool(now))) for k, now in enumerate(first)]
    with m.If(step):
        m.d.sync += [register.eq(fact) for register, fact in zip(registers, coming)]
    return registers
