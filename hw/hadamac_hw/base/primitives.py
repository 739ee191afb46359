"""Multiplier, memory and adders: the components whose bodies depend on the target.

Multiplier and memory use every register that a DSP block or a block RAM offers (three in a multiplier, the output
register of a memory), because without them neither reaches half of its speed.  The generic bodies are plain operators
and arrays, which simulators and any synthesis tool understand; the others are in :mod:`hadamac_hw.base.targets`.
"""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing

from .numeric import add_with_carry, delayed
from .targets import BLOCK_FROM, RamPorts, Target, long_ones

__all__ = ["ButterflyAdder", "ChoiceAdder", "FarRam", "Multiplier", "Ram"]


class Multiplier(wiring.Component):
    """Exact signed product ``p = a * b``.

    For a target it is the family's multiplier, if that takes operands of so many bits.

    Members
    -------
    a : In(signed(a_width))
    b : In(signed(b_width))
    p : Out(signed(a_width + b_width))

    Timing
    ------
    ``timing.MULTIPLIER`` cycles, one product a cycle: operand, pipeline and product register, which a DSP block has,
    and a register in the fabric, because the columns of DSP blocks are far from what uses their products.
    """

    LATENCY = timing.MULTIPLIER

    def __init__(self, *, a_width: int, b_width: int):
        self.a_width = a_width
        self.b_width = b_width
        super().__init__({
            "a": In(signed(a_width)),
            "b": In(signed(b_width)),
            "p": Out(signed(a_width + b_width)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        near = Signal.like(self.p)
        m.d.comb += self.p.eq(delayed(m, near, 1, "product"))
        if platform is not None and platform.has_multiplier(self.a_width, self.b_width):
            platform.multiplier(m, self.a, self.b, near)
            return m
        # The registers have no reset: those of a DSP block could have one, but nothing needs it.
        a, b = delayed(m, self.a, 1, "a"), delayed(m, self.b, 1, "b")
        m.d.comb += near.eq(delayed(m, a * b, 2, "near"))
        return m


class Ram(wiring.Component):
    """Memory with one write port and one read port, or a ROM.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and words.
    init : iterable of int
        First words after configuration; the others are 0.
    writable : bool
        Whether there is a write port; without it the memory is a ROM.
    holds : bool
        Whether there is a ``read_enable``.

    Members
    -------
    read_address : In(range(depth))
    read_data : Out(width)
    read_enable : In(1)
        While it is low, both read registers keep their words.
    write_address : In(range(depth)), write_data : In(width), write_enable : In(1)

    Timing
    ------
    An address in cycle c gives ``read_data`` in cycle c + ``timing.RAM`` (array and output register).  Reads see a
    write of cycle c from cycle c + 1 on.  A read of a word in the very cycle in which it is written gives the old word
    in simulation and is undefined on hardware; no block reads so.
    """

    LATENCY = timing.RAM

    def __init__(self, *, width: int, depth: int, init: Iterable[int] = (), writable: bool = True,
                 holds: bool = False):
        self.width = width
        self.depth = depth
        self.init = list(init)
        self.writable = writable
        self.holds = holds
        address = range(max(depth, 2))
        members = {"read_address": In(address), "read_data": Out(width)}
        if writable:
            members |= {"write_address": In(address), "write_data": In(width), "write_enable": In(1)}
        if holds:
            members["read_enable"] = In(1)
        super().__init__(members)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        blocks = platform is not None and bool(platform.blocks)  # the family's block RAM is instantiated
        in_blocks = (long_ones if platform is None else platform.in_blocks)(self.depth, self.width, self.writable)
        if platform is not None and blocks and in_blocks and self.depth <= platform.shapes[-1][0]:
            write = (self.write_address, self.write_data, self.write_enable) if self.writable else None
            platform.ram(m, RamPorts(self.width, self.depth, self.init, self.read_address, self.read_data,
                                     self.read_enable if self.holds else 1, write))
            return m
        # no_rw_check: synthesis need not add logic for a read and a write of the same word in the same cycle.
        attributes: dict[str, int | str] = {"no_rw_check": 1}
        if blocks and self.depth >= BLOCK_FROM and not in_blocks:  # synthesis would choose block RAM
            attributes |= {"ram_style": "distributed"} if self.writable else {"rom_style": "logic"}
        m.submodules.array = array = memory.Memory(
            shape=self.width, depth=max(self.depth, 2), init=self.init, attrs=attributes)
        self.word = data = Signal(self.width, reset_less=True)
        m.d.comb += self.read_data.eq(data)
        enable = self.read_enable if self.holds else Const(1)
        if not in_blocks and (not self.writable or blocks):
            # A table in logic, or LUT RAM, has one register before and one after it, which takes as many cycles.
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


class FarRam(wiring.Component):
    """Memory that may be far away from what feeds and from what reads it: a :class:`Ram` between registers.

    Parameters and members are those of `Ram` without ``holds``.

    Timing
    ------
    An address in cycle c gives ``read_data`` in cycle c + ``timing.FAR``.  As of a `Ram`, reads see a write of cycle c
    from cycle c + 1 on.
    """

    LATENCY = timing.FAR

    def __init__(self, *, width: int, depth: int, init: Iterable[int] = (), writable: bool = True):
        self.near = Ram(width=width, depth=depth, init=init, writable=writable)
        self.width, self.depth, self.writable = width, depth, writable
        super().__init__(self.near.signature)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.near = near = self.near
        for name in ("read_address", *(("write_address", "write_data", "write_enable") if self.writable else ())):
            m.d.comb += getattr(near, name).eq(delayed(m, getattr(self, name), 1, name))
        m.d.comb += self.read_data.eq(delayed(m, near.read_data, 1, "read_data"))
        return m


class ButterflyAdder(wiring.Component):
    """Adder of a butterfly, whose output is either a sum or one operand unchanged.

    ======================  ======================  ===============
    kind                    ``o`` while ``late``    ``o`` otherwise
    ======================  ======================  ===============
    without ``subtract``    ``a + b + carry``       ``a``
    with ``subtract``       ``a - b - 1 + carry``   ``b``
    ======================  ======================  ===============

    Combinational.  On ECP5 the choice costs nothing, because it fits into the tables of the carry chain.

    Members
    -------
    a : In(signed(width + 1))
    b : In(signed(width))
    late, carry : In(1)
        ``carry`` must be low while ``late`` is low.
    o : Out(signed(width + 1))
    """

    def __init__(self, *, width: int, subtract: bool):
        self.width = width
        self.subtract = subtract
        wide = signed(width + 1)
        super().__init__({"a": In(wide), "b": In(signed(width)), "late": In(1), "carry": In(1), "o": Out(wide)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if platform is not None and platform.carry_tables:
            # A table gives a bit of the sum without its carry; its value for c = d = 0 is the carry that is generated.
            operands: tuple[Value | None, ...]
            if self.subtract:
                operands = (self.b, self.late, self.a, None)
                platform.chain(m, lambda b, late, a, _: a ^ 1 ^ b if late else b, operands, carry=self.carry,
                               out=self.o)
            else:
                operands = (self.a, None, self.b, self.late)
                platform.chain(m, lambda a, _, b, late: a ^ (b & late), operands, carry=self.carry, out=self.o)
        elif self.subtract:
            m.d.comb += self.o.eq(Mux(self.late, add_with_carry(self.a, ~self.b, self.carry), self.b))
        else:
            m.d.comb += self.o.eq(add_with_carry(self.a, Mux(self.late, self.b, 0), self.carry))
        return m


class ChoiceAdder(wiring.Component):
    """Adder of an accumulator, ``o = a + (first if start else held)``, modulo 2**width.

    Combinational.  On ECP5 the choice costs nothing, because it fits into the tables of the carry chain.

    Members
    -------
    a, first, held : In(signed(width))
    start : In(1)
    o : Out(signed(width))
    """

    def __init__(self, *, width: int):
        word = signed(width)
        super().__init__({"a": In(word), "first": In(word), "held": In(word), "start": In(1), "o": Out(word)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if platform is not None and platform.carry_tables:
            platform.chain(m, lambda a, start, held, first: a ^ (first if start else held),
                           (self.a, self.start, self.held, self.first), carry=0, out=self.o)
        else:
            m.d.comb += self.o.eq(self.a + Mux(self.start, self.first, self.held))
        return m
