"""Multiplier, memory and butterfly adders: the components whose bodies depend on the fabric.

The first two have every register that a DSP block or a block RAM offers (three in a multiplier, the output
register of a memory), because without them neither reaches half of its speed.  The bodies here are
generic: plain operators and arrays that simulation and any synthesis tool understand.
"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing

from .numeric import add_with_carry
from .targets import ECP5, ICE40, ecp5_chain, ecp5_multiplier, ecp5_ram, ice40_multiplier

__all__ = ["BLOCK_FROM", "ButterflyAdder", "Multiplier", "Ram"]

BLOCK_FROM = 32
"""Words from which a memory is block RAM where the target names its own; shorter ones are LUT RAM."""


class Multiplier(wiring.Component):
    """``p = a * b``, signed, exact.

    Timing: 3 cycles (operand, pipeline and product register), one product per cycle.  It is a MULT18X18D on
    ECP5 for operands of up to 18 bits, an SB_MAC16 on iCE40 for operands of up to 16.
    """

    LATENCY = timing.MULTIPLIER

    def __init__(self, *, a_width: int, b_width: int):
        self.a_width, self.b_width = a_width, b_width
        super().__init__({"a": In(signed(a_width)), "b": In(signed(b_width)), "p": Out(signed(a_width + b_width))})

    def elaborate(self, platform):
        m = Module()
        for target, body in ((ECP5, ecp5_multiplier), (ICE40, ice40_multiplier)):
            if platform is target and max(self.a_width, self.b_width) <= target.operand:
                body(m, self.a, self.b, self.p)
                return m
        # No reset: a DSP block's registers could take one, but nothing needs it.
        a, b, product = (Signal(s.shape(), reset_less=True) for s in (self.a, self.b, self.p))
        m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b), self.p.eq(product)]
        return m


class Ram(wiring.Component):
    """One write port, one read port; a ROM where ``writable`` is false.

    Timing: an address in cycle c gives ``read_data`` in cycle c + 2 (array and output register); a
    write in cycle c is seen by reads from cycle c + 1 on.  What a read of the same word in the same cycle
    gives is undefined on hardware (the old word in simulation); no block uses it.  With ``holds`` there is a
    ``read_enable``: while it is low, both read registers keep what they have.
    """

    LATENCY = timing.RAM

    def __init__(self, *, width: int, depth: int, init=(), writable: bool = True, holds: bool = False):
        self.width, self.depth, self.init, self.writable, self.holds = width, depth, list(init), writable, holds
        address = range(max(depth, 2))
        members = {"read_address": In(address), "read_data": Out(width)}
        if writable:
            members |= {"write_address": In(address), "write_data": In(width), "write_enable": In(1)}
        if holds:
            members["read_enable"] = In(1)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        if platform is ECP5 and BLOCK_FROM <= self.depth <= 16384:
            ecp5_ram(m, self)
            return m
        # no_rw_check: synthesis need not build logic for a read and a write of one word in one cycle.
        m.submodules.array = array = memory.Memory(
            shape=self.width, depth=max(self.depth, 2), init=self.init, attrs={"no_rw_check": 1})
        self.word = data = Signal(self.width, reset_less=True)
        m.d.comb += self.read_data.eq(data)
        enable = self.read_enable if self.holds else Const(1)
        if self.depth < BLOCK_FROM and (not self.writable or platform is ECP5):
            # A table of logic, or LUT RAM, has its registers before and behind it; the cycles are the same.
            read = array.read_port(domain="comb")
            address = Signal.like(self.read_address, reset_less=True)
            with m.If(enable):
                m.d.sync += [address.eq(self.read_address), data.eq(read.data)]
            m.d.comb += read.addr.eq(address)
        else:
            read = array.read_port()
            m.d.comb += [read.en.eq(enable), read.addr.eq(self.read_address)]
            with m.If(enable):
                m.d.sync += data.eq(read.data)
        if self.writable:
            write = array.write_port()
            m.d.comb += [
                write.addr.eq(self.write_address), write.data.eq(self.write_data), write.en.eq(self.write_enable),
            ]
        return m


class ButterflyAdder(wiring.Component):
    """While ``late`` ``a + b + carry``, else ``a``; with ``subtract``, ``a - b - 1 + carry``, else ``b``.

    Combinational.  On ECP5 the choice costs nothing: it fits into the carry chain's own tables.

    Members
    -------
    a : In(signed(width + 1)), b : In(signed(width))
    late, carry : In(1)
        ``carry`` is low while not ``late``.
    o : Out(signed(width + 1))
    """

    def __init__(self, *, width: int, subtract: bool):
        self.width, self.subtract = width, subtract
        wide = signed(width + 1)
        super().__init__({"a": In(wide), "b": In(signed(width)), "late": In(1), "carry": In(1), "o": Out(wide)})

    def elaborate(self, platform):
        m = Module()
        if platform is ECP5:
            # The tables give the bit before its carry; what they give for c = d = 0 is the carry they make.
            if self.subtract:
                table, operands = (lambda b, late, a, _: a ^ 1 ^ b if late else b), (self.b, self.late, self.a, None)
            else:
                table, operands = (lambda a, _, b, late: a ^ (b & late)), (self.a, None, self.b, self.late)
            ecp5_chain(m, table, operands, carry=self.carry, out=self.o)
        elif self.subtract:
            m.d.comb += self.o.eq(Mux(self.late, add_with_carry(self.a, ~self.b, self.carry), self.b))
        else:
            m.d.comb += self.o.eq(add_with_carry(self.a, Mux(self.late, self.b, 0), self.carry))
        return m
