"""Tables of a Hadamard product: its weights, the number of the weights of each bin, and the biases of its outputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from hadamac.arrivals import power
from hadamac.model.hadamard import HadamardPlan

from ..base.numeric import delayed

__all__ = ["bias_starts", "index_words", "lane_words", "output_words"]


def _word(*parts: tuple[int, int]) -> int:
    """Return one word of parts (value, bits), the lowest first; negative values are in two's complement."""
    word, at = 0, 0
    for value, bits in parts:
        word |= (int(value) & ((1 << bits) - 1)) << at
        at += bits
    return word


def lane_words(plan: HadamardPlan, lanes: int, lane: int) -> list[int]:
    """Return the content of a lane's weight memory: packed weights in the order (output, bin, fold).

    With an index, they stand in the order (output, set of weights, fold), and sets and folds have bits of their own in
    the address.
    """
    w = plan.stored[:, lane::lanes].transpose(0, 2, 1)
    if plan.index is not None:
        w = np.pad(w, ((0, 0), (0, power(plan.sets) - plan.sets), (0, power(plan.folds(lanes)) - plan.folds(lanes))))
    bits = plan.weight_width
    imaginary = 0 if plan.real else bits
    return [_word((z.real, bits), (z.imag, imaginary)) for z in w.reshape(-1)]


def output_words(plan: HadamardPlan) -> list[int]:
    """Return the content of the table of outputs: the bias, and ``drop - shift`` above it.

    With ramps there are, in place of the bias, those of the first two pixels and the two steps of `bias_starts`.
    """
    left = plan.drop - np.asarray(plan.shift)
    if plan.ramps is None:
        rows = zip(plan.bias)
    else:
        down, along = np.asarray(plan.ramps).T
        rows = zip(plan.bias, plan.bias + down, along, 2 * down)
    wide = plan.bias_width
    return [_word(*((value, wide) for value in row), (up, plan.left_width)) for row, up in zip(rows, left)]


def index_words(plan: HadamardPlan) -> list[int]:
    """Return the number of the weights of each bin, in the order of a stream."""
    return [] if plan.index is None else [int(k) for k in plan.index]


def bias_starts(m: Module, plan: HadamardPlan, table: Value, at: Mapping[str, Value]) -> tuple[list[Value], Value]:
    """Return what the sums of both parts of a bin begin with, and ``left``, one cycle later, from registers.

    Parameters
    ----------
    m : Module
    plan : HadamardPlan
    table : Value
        Row of the table of outputs.
    at : mapping of str to Value
        Without ramps ``dc``, whether the bin has a bias.  With ramps ``bin``, whether the step is the first of its bin,
        ``top``, whether the bin is the first of the frame, and ``edge``, whether it is the first of its row.
    """
    wide = plan.bias_width
    if plan.ramps is None:
        start = Signal(signed(wide), name="start", reset_less=True)
        m.d.sync += start.eq(Mux(at["dc"], table[:wide].as_signed(), 0))
        return [start, start if plan.everywhere else Const(0)], delayed(m, table[wide:], 1, "left_row")
    biases, along, down = (table[:wide], table[wide : 2 * wide]), table[2 * wide : 3 * wide], table[3 * wide : 4 * wide]
    starts: list[Value] = []
    for part, bias in zip(("re", "im"), biases):
        line = Signal(signed(wide), name=f"line_{part}", reset_less=True)  # of the first pixel of the row
        start = Signal(signed(wide), name=f"start_{part}", reset_less=True)
        first = Mux(at["top"], bias.as_signed(), line + down.as_signed())
        with m.If(at["bin"]):
            m.d.sync += start.eq(Mux(at["edge"], first, start + along.as_signed()))
            with m.If(at["edge"]):
                m.d.sync += line.eq(first)
        starts.append(start)
    return starts, delayed(m, table[4 * wide :], 1, "left_row")
