"""Measurement of the cells and the Fmax of a block as a network contains it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from amaranth.hdl import Value
from amaranth.lib.wiring import Out

from hadamac_hw.base.emit import emit

from ..synthesis import Flow, place
from .cases import Case, counts

__all__ = ["measure", "own_cells", "wrapper"]

_REGISTERS = ("load", "shift", "data", "results", "out", "sdo")


def wrapper(block, text: str) -> str:
    """Return Verilog that places registers around the module ``core`` of ``text``.

    Input and output are serial, so that the number of pins is no limit.  Combinational paths through a block are timed
    too, from register to register.  A block without registers has no clock.
    """
    clocked = "  input clk;" in text[text.index("module core(") :]
    ports = {"in": [("rst", 1)] if clocked else [], "out": []}
    for path, member, value in block.signature.flatten(block):
        ports["out" if member.flow is Out else "in"].append(("__".join(path), len(Value.cast(value))))
    connections, widths = [".clk(clk)"] if clocked else [], {}
    for side, register in (("in", "data"), ("out", "result")):
        at = 0
        for name, width in ports[side]:
            connections.append(f".{name}({register}[{at + width - 1}:{at}])")
            at += width
        widths[side] = at - 1
    i, o = widths["in"], widths["out"]
    return f"""
module wrapper(input clk, sdi, load_in, output reg sdo);
  reg load;
  (* keep *) reg [{i}:0] shift, data;
  wire [{o}:0] result;
  (* keep *) reg [{o}:0] results, out;
  always @(posedge clk) begin
    load <= load_in;
    shift <= {{shift, sdi}};
    if (load) data <= shift;  // without the condition it would be merged with shift
    results <= result;
    out <= load ? results : {{out, 1'b0}};
    sdo <= out[{o}];
  end
  core core({", ".join(connections)});
endmodule
"""


def own_cells(netlist: dict) -> Counter:
    """Return the wrapper's own cells: the flip-flops of its registers, and the tables before those of ``out``."""
    module = netlist["modules"]["wrapper"]
    bits = {name: set(module["netnames"].get(name, {"bits": []})["bits"]) for name in _REGISTERS}
    registers = set().union(*bits.values())
    found, before_out = Counter(), set()
    for cell in module["cells"].values():
        if cell["type"] == "TRELLIS_FF" and cell["connections"]["Q"][0] in registers:
            found["ff"] += 1
            if cell["connections"]["Q"][0] in bits["out"]:
                before_out.update(cell["connections"]["DI"])
    found["comb"] = sum(
        cell["type"] == "LUT4" and cell["connections"]["Z"][0] in before_out for cell in module["cells"].values())
    return found


def measure(case: Case, flow: Flow, seeds: list[int], build: Path, *, jobs: int) -> dict:
    """Measure a case; return its row, from which the wrapper's cells are subtracted."""
    block = case.block()
    facts = counts(block)
    text = emit(block, "core", platform=flow.target)
    placed = place(flow, text + wrapper(block, text), f"layer-{case.name}", seeds, build, jobs=jobs)
    around = own_cells(json.loads(placed.netlist.read_text()))
    cells = {name: count - around[name] for name, count in placed.cells.items()}
    return {"name": case.name, **facts, **cells, "fmax": placed.fmax, "fmax_of_seed": placed.fmax_of_seed,
            "seeds": seeds}
