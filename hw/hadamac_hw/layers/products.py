"""Products of complex words and weights, and their sum over lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data

from ..base.primitives import Multiplier

__all__ = ["adder_tree", "complex_product"]


def complex_product(m: Module, lane: int, x: data.View,
                    weight: data.View | Mapping[str, Value]) -> tuple[Signal, Signal]:
    """Return both parts of the product of a word and a weight.

    A complex weight takes four multipliers and two sums.  A real one, which has only the part ``re``, takes two
    multipliers, whose products are delayed by a register in place of the sums.
    """

    def times(a: str, b: str) -> Value:
        p = Multiplier(a_width=len(x[a]), b_width=len(weight[b]))
        m.submodules[f"product{lane}_{a}_{b}"] = p
        m.d.comb += [
            p.a.eq(x[a]),
            p.b.eq(weight[b]),
        ]
        return p.p

    wide = signed(len(x["re"]) + len(weight["re"]) + 1)
    re = Signal(wide, name=f"re{lane}", reset_less=True)
    im = Signal(wide, name=f"im{lane}", reset_less=True)
    if isinstance(weight, Mapping):
        m.d.sync += [re.eq(times("re", "re")), im.eq(times("im", "re"))]
        return re, im
    m.d.sync += [re.eq(times("re", "re") - times("im", "im")), im.eq(times("re", "im") + times("im", "re"))]
    return re, im


def adder_tree(m: Module, values: Sequence[tuple[Signal, Signal]]) -> tuple[Signal, Signal]:
    """Return the sum of the lanes' products, which a pipelined adder tree forms: a level takes one cycle."""
    level = 0
    while len(values) > 1:
        sums = []
        for k in range(0, len(values), 2):
            pair = []
            for part, name in enumerate(("re", "im")):
                terms = [v[part] for v in values[k : k + 2]]
                s = Signal(signed(len(values[0][0]) + 1), name=f"tree{level}_{k}_{name}", reset_less=True)
                m.d.sync += s.eq(sum(terms[1:], terms[0]))
                pair.append(s)
            sums.append((pair[0], pair[1]))
        values, level = sums, level + 1
    return values[0]
