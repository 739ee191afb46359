"""Cells of a circuit, counted in Amaranth's RTLIL, before any synthesis.

Multipliers and block RAMs are exact, because the circuit instantiates them.  Look-up tables and flip-flops are those of
an ECP5: the bits of all operators of a kind, times a weight, and times a factor for the kind of block, because
synthesis simplifies each kind about as much wherever it stands.  Weights and factors were fitted to what Yosys and
nextpnr made of the blocks in docs/benchmarks/layers.json (non-negative least squares of the relative error);
``python -m bench.cells`` prints both side by side.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.back import rtlil

from ..base.block import Block
from ..base.targets import Target
from ..cores.flat import FlatTop

__all__ = ["Cells", "GROUPS", "bits_of", "cells_of", "weighted"]

GROUPS = {
    "add": ("add", "sub", "neg", "lt", "le", "gt", "ge"), "chain": ("CCU2C",), "choose": ("mux", "assign"),
    "logic": ("and", "or", "xor", "not"), "reduce": ("reduce_or", "reduce_and", "reduce_xor", "eq", "ne"),
    "shift": ("shl", "sshr", "shr"), "ram": ("ram",),
}
"""Kinds of RTLIL cells whose bits have one weight."""
_WEIGHTS = {"add": 0.473, "chain": 3.979, "choose": 0.057, "logic": 0.470, "reduce": 0.077, "shift": 0.477,
            "ram": 0.709}
"""Look-up tables for each bit."""
_FACTORS = {
    "Add": (1.25, 0.63), "Argmax": (0.97, 0.51), "Decimate": (1.15, 0.68), "Dense": (1.11, 0.74), "Fft2d": (0.86, 0.89),
    "Fft2d, iterative": (1.24, 0.89), "Rows, iterative": (1.24, 0.89),
    "Hadamard": (1.39, 0.80), "MaxPool": (1.54, 0.71), "ModRelu": (1.19, 0.76), "Modulus": (1.45, 0.93),
    "Normalise": (1.66, 0.83), "PairModulus": (1.38, 0.89), "Pwl": (1.0, 0.91), "Quadratic": (0.90, 0.94),
    "Relu": (0.12, 0.0), "RowPairs": (1.48, 0.71), "Rows": (0.86, 0.89), "SpectralPool": (1.53, 0.77),
}
"""Factors of look-up tables and of flip-flops, by the class of the block."""
_OTHERS = (1.0, 0.82)
"""Factors of classes that were not measured."""


@dataclass(frozen=True)
class Cells:
    """Cells of a circuit: look-up tables, flip-flops, multipliers and block RAMs."""

    luts: int = 0
    ffs: int = 0
    multipliers: int = 0
    blocks: int = 0

    def __add__(self, other: Cells) -> Cells:
        return Cells(self.luts + other.luts, self.ffs + other.ffs, self.multipliers + other.multipliers,
                     self.blocks + other.blocks)


def _records(text: str) -> Iterator[tuple[str, int]]:
    """Yield the kind of each RTLIL cell, and its bits; ``assign`` are those of a process which are conditional."""
    kind, parameters, depth = "", {}, None
    for line in map(str.strip, text.splitlines()):
        if depth is not None:
            depth += line.startswith("switch") - (line == "end")
            if line.startswith("assign") and depth:
                part = re.search(r"\[(\d+)(?::(\d+))?\]", line)
                yield "assign", 1 if part is None else int(part[1]) - int(part[2] or part[1]) + 1
            depth = None if depth < 0 else depth
        elif line.startswith("process"):
            depth = 0
        elif memory := re.match(r"memory width (\d+) size (\d+)", line):
            yield "ram", int(memory[1]) * -(-int(memory[2]) // 16)
        elif line.startswith("cell "):
            kind, parameters = line.split()[1].lstrip("\\$"), {}
        elif kind and line.startswith("parameter"):
            name, value = line.split()[-2:]
            parameters[name.lstrip("\\")] = value
        elif kind and line == "end":
            width = int(parameters.get("Y_WIDTH", parameters.get("WIDTH", "1")))
            reduces = kind in GROUPS["reduce"] or kind in ("lt", "le", "gt", "ge")
            yield kind, int(parameters["A_WIDTH"]) if reduces and "A_WIDTH" in parameters else width
            kind = ""


def bits_of(block: Block, target: Target) -> Counter[str]:
    """Return the bits of all RTLIL cells of a block by kind; an instantiated cell counts as one."""
    bits: Counter[str] = Counter()
    for kind, count in _records(rtlil.convert(FlatTop(block), platform=target, emit_src=False)):
        bits[kind] += count
    return bits


def weighted(bits: Counter[str], weights: dict[str, float] | None = None) -> float:
    """Return the look-up tables of a block before the factor of its kind."""
    weights = _WEIGHTS if weights is None else weights
    return sum(weights[group] * sum(bits[kind] for kind in kinds) for group, kinds in GROUPS.items())


def cells_of(block: Block, target: Target) -> Cells:
    """Return the cells of a block."""
    bits = bits_of(block, target)
    kind = type(block).__name__ + (", iterative" if getattr(getattr(block, "plan", None), "iterative", False) else "")
    luts, ffs = _FACTORS.get(kind, _OTHERS)
    return Cells(round(luts * weighted(bits)), round(ffs * bits["dff"]), bits[target.multiplier_cell],
                 sum(bits[cell] for cell in target.blocks))
