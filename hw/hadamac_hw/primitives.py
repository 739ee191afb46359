"""Multiplier and memory: the two components whose bodies depend on the fabric.

Both have every register that a DSP block or a block RAM offers (three in a multiplier, the output
register of a memory), because without them neither reaches half of its speed.  The bodies here are
generic: plain operators and arrays that simulation and any synthesis tool understand.
"""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing

from .targets import ECP5, ecp5_multiplier, ecp5_ram, is_target

__all__ = ["Multiplier", "Ram"]

BLOCK_FROM = 64
"""Words from which a memory is block RAM where the target names its own; shorter ones are LUT RAM."""


class Multiplier(wiring.Component):
    """``p = a * b``, signed, exact.

    Timing: 3 cycles (operand, pipeline and product register), one product per cycle.  On ECP5 it is a
    MULT18X18D for operands of up to 18 bits.
    """

    LATENCY = timing.MULTIPLIER

    def __init__(self, *, a_width: int, b_width: int):
        self.a_width, self.b_width = a_width, b_width
        super().__init__({"a": In(signed(a_width)), "b": In(signed(b_width)), "p": Out(signed(a_width + b_width))})

    def elaborate(self, platform):
        m = Module()
        if is_target(platform, ECP5) and max(self.a_width, self.b_width) <= 18:
            ecp5_multiplier(m, self.a, self.b, self.p)
            return m
        # No reset: a DSP block's registers could take one, but nothing needs it.
        a, b, product = (Signal(s.shape(), reset_less=True) for s in (self.a, self.b, self.p))
        m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b), self.p.eq(product)]
        return m


class Ram(wiring.Component):
    """One write port, one read port; a ROM where ``writable`` is false.

    Timing: an address in cycle c gives ``read_data`` in cycle c + 2 (array and output register); a
    write in cycle c is seen by reads from cycle c + 1 on.  What a read of the same word in the same cycle
    gives is undefined on hardware (the old word in simulation); no block does it.
    """

    LATENCY = timing.RAM

    def __init__(self, *, width: int, depth: int, init=(), writable: bool = True):
        self.width, self.depth, self.init, self.writable = width, depth, list(init), writable
        address = range(max(depth, 2))
        members = {"read_address": In(address), "read_data": Out(width)}
        if writable:
            members |= {"write_address": In(address), "write_data": In(width), "write_enable": In(1)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        if is_target(platform, ECP5) and BLOCK_FROM <= self.depth <= 16384:
            ecp5_ram(m, self)
            return m
        # no_rw_check: synthesis need not build logic for a read and a write of one word in one cycle.
        m.submodules.array = array = memory.Memory(
            shape=self.width, depth=max(self.depth, 2), init=self.init, attrs={"no_rw_check": 1})
        read = array.read_port()
        m.d.comb += read.en.eq(1)
        if not self.writable and self.depth < BLOCK_FROM:
            # A table of logic has its registers before and behind it; the cycles are the same.
            m.d.sync += read.addr.eq(self.read_address)
            m.d.comb += self.read_data.eq(read.data)
        else:
            m.d.comb += read.addr.eq(self.read_address)
            m.d.sync += self.read_data.eq(read.data)
        if self.writable:
            write = array.write_port()
            m.d.comb += [
                write.addr.eq(self.write_address), write.data.eq(self.write_data), write.en.eq(self.write_enable),
            ]
        return m
