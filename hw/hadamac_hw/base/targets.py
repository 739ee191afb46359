"""FPGA families whose own multipliers, memories and carry chains the primitives instantiate.

A target is passed to :func:`hadamac_hw.base.emit.emit` as ``platform``; without one, the primitives' bodies are
generic.  The body for a target and the generic body have the same latency and the same results.  ``models/`` holds
behavioural Verilog of the instantiated cells, so that the text for a target can be simulated too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, Value, ValueLike, signed

from hadamac.errors import DescriptionError

__all__ = ["BLOCK_FROM", "ECP5", "ICE40", "TARGETS", "Target", "ecp5_chain", "ecp5_multiplier", "ecp5_ram",
           "find_target", "ice40_multiplier"]


BLOCK_FROM = 32
"""Words from which a memory becomes block RAM by default."""


class Target:
    """A family of FPGAs.

    Attributes
    ----------
    name : str
        Its name on the command line.
    operand : int
        Bits of the widest operand that its multipliers take.
    block_from : int
        Words from which a memory becomes block RAM, if the family's block RAMs are instantiated; a shorter one is LUT
        RAM.
    """

    def __init__(self, name: str, operand: int, block_from: int = BLOCK_FROM):
        self.name = name
        self.operand = operand
        self.block_from = block_from

    def is_a(self, family: Target) -> bool:
        """Return whether this target is of a family, whatever its ``block_from``."""
        return self.name == family.name

    def with_blocks_from(self, words: int) -> Target:
        """Return the same family with block RAM for memories of ``words`` words or more."""
        return Target(self.name, self.operand, words)

    @property
    def models(self) -> str:
        """Verilog that models the family's cells in simulation."""
        return (Path(__file__).parent / "models" / f"{self.name}.v").read_text()


ECP5 = Target("ecp5", 18)
ICE40 = Target("ice40", 16)
TARGETS: dict[str, Target | None] = {"generic": None, "ecp5": ECP5, "ice40": ICE40}
"""All targets by name; the generic one is None."""


def find_target(name: str) -> Target | None:
    """Return the target of a name; None stands for the generic one."""
    if name not in TARGETS:
        raise DescriptionError(f"Target must be one of {', '.join(TARGETS)}, not {name!r}")
    return TARGETS[name]


def ecp5_multiplier(m: Module, a: Value, b: Value, p: Value) -> None:
    """Instantiate a MULT18X18D with all of its registers: it takes 3 cycles, as the generic body does."""
    a18, b18, p36 = Signal(signed(18)), Signal(signed(18)), Signal(signed(36))
    m.d.comb += [a18.eq(a), b18.eq(b), p.eq(p36)]
    registers = {}
    for name in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT"):
        registers |= {f"p_REG_{name}_CLK": "CLK0", f"p_REG_{name}_CE": "CE0", f"p_REG_{name}_RST": "RST0"}
    pins = {f"i_A{k}": a18[k] for k in range(18)} | {f"i_B{k}": b18[k] for k in range(18)}
    pins |= {f"o_P{k}": p36[k] for k in range(36)}
    m.submodules.dsp = Instance(
        "MULT18X18D", **registers, **pins, p_CLK0_DIV="ENABLED", p_GSR="DISABLED", p_RESETMODE="SYNC",
        p_SOURCEB_MODE="B_SHIFT", p_MULT_BYPASS="DISABLED", i_CLK0=ClockSignal(), i_CE0=1, i_RST0=0,
        i_SIGNEDA=1, i_SIGNEDB=1, i_SOURCEA=0, i_SOURCEB=0,
    )


def ice40_multiplier(m: Module, a: Value, b: Value, p: Value) -> None:
    """Instantiate an SB_MAC16 as a signed 16 x 16 multiplier with all of its registers, which takes 3 cycles too."""
    a16, b16, p32 = Signal(signed(16)), Signal(signed(16)), Signal(signed(32))
    m.d.comb += [a16.eq(a), b16.eq(b), p.eq(p32)]
    one = Const(1, 1)
    unused = ("AHOLD", "BHOLD", "CHOLD", "DHOLD", "IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT", "OLOADTOP", "OLOADBOT",
              "ADDSUBTOP", "ADDSUBBOT", "OHOLDTOP", "OHOLDBOT", "CI", "ACCUMCI", "SIGNEXTIN")
    registers = ("A_REG", "B_REG", "TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG", "PIPELINE_16x16_MULT_REG1",
                 "PIPELINE_16x16_MULT_REG2")
    m.submodules.dsp = Instance(
        "SB_MAC16", **{f"p_{name}": one for name in registers}, p_A_SIGNED=one, p_B_SIGNED=one,
        p_TOPOUTPUT_SELECT=Const(3, 2), p_BOTOUTPUT_SELECT=Const(3, 2), i_CLK=ClockSignal(), i_CE=1,
        i_A=a16, i_B=b16, i_C=Const(0, 16), i_D=Const(0, 16), **{f"i_{name}": 0 for name in unused}, o_O=p32,
    )


def ecp5_chain(m: Module, table: Callable[[int, int, int, int], int], operands: Sequence[Value | None], *,
               carry: ValueLike, out: Value) -> None:
    """Instantiate a carry chain of CCU2Cs with a table of our own: bit k of ``out`` is ``table(a, b, c, d) ^ carry_k``.

    Where the table gives 0, the carry out of a place is ``table(a, b, 0, 0)``; elsewhere it is the carry in.

    Parameters
    ----------
    table
        The function of the four input bits of every place.
    operands
        The four inputs: signed words, which are extended to the length of ``out``; single bits, which go to all
        places; or None, which is 0.
    carry
        The carry into the first place.
    out
        The sums.
    """
    places = -(-len(out) // 2) * 2

    def bit(operand: Value | None, k: int) -> Value:
        if operand is None:
            return Const(0, 1)
        return operand if not operand.shape().signed else operand[min(k, len(operand) - 1)]

    init = sum((table(k & 1, k >> 1 & 1, k >> 2 & 1, k >> 3) & 1) << k for k in range(16))
    sums = Signal(places)
    for k in range(0, places, 2):
        following = Signal(name=f"carry{k + 2}")
        pins = {f"i_{letter}{j}": bit(operand, k + j) for letter, operand in zip("ABCD", operands) for j in (0, 1)}
        m.submodules[f"place{k}"] = Instance(
            "CCU2C", **pins, i_CIN=carry, o_COUT=following, o_S0=sums[k], o_S1=sums[k + 1],
            p_INIT0=Const(init, 16), p_INIT1=Const(init, 16), p_INJECT1_0="NO", p_INJECT1_1="NO",
        )
        carry = following
    m.d.comb += out.eq(sums)


# Depths and widths in which a DP16KD may be used.
_SLICES = ((1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


def ecp5_ram(m: Module, *, width: int, depth: int, init: Sequence[int], read_address: Value, read_data: Value,
             read_enable: ValueLike = 1, write: tuple[Value, Value, Value] | None = None) -> None:
    """Instantiate DP16KDs side by side, written on port A and read on port B with its output register: 2 cycles.

    The depth of the memory decides the shape of each: 1024 x 18, 2048 x 9, 4096 x 4, 8192 x 2 or 16384 x 1.

    Parameters
    ----------
    width, depth, init
        Bits of a word, number of words, and what they are at first.
    read_address, read_data, read_enable
        Port B; its registers move while it is enabled.
    write
        Address, data and enable of port A; None for a ROM.
    """
    bits = next(w for d, w in _SLICES if d >= depth)
    shift = {18: 4, 9: 3, 4: 2, 2: 1, 1: 0}[bits]
    write_address, write_data, write_enable = write or (Const(0), Const(0, 0), 0)
    for low in range(0, width, bits):
        word = Signal(18)
        pins = {}
        for port, address, enable in (("A", write_address, 1), ("B", read_address, read_enable)):
            pins |= {f"i_AD{port}{k}": 0 for k in range(shift)}
            pins |= {f"i_AD{port}{shift + k}": bit for k, bit in enumerate(address)}
            pins |= {f"i_AD{port}{k}": 0 for k in range(shift + len(address), 14)}
            pins |= {f"i_CLK{port}": ClockSignal(), f"i_CE{port}": enable, f"i_OCE{port}": enable, f"i_RST{port}": 0}
            pins |= {f"i_CS{port}{k}": 0 for k in range(3)} | {f"p_DATA_WIDTH_{port}": bits}
            pins |= {f"p_CLK{port}MUX": f"CLK{port}", f"p_WRITEMODE_{port}": "NORMAL",
                     f"p_CSDECODE_{port}": "0b000"}
        if bits == 18:  # byte enables
            pins |= {"i_ADA0": write_enable, "i_ADA1": write_enable}
        data = write_data[low : low + bits]
        pins |= {f"i_DIA{k}": bit for k, bit in enumerate(data)} | {f"o_DOB{k}": word[k] for k in range(bits)}
        m.submodules[f"block{low // bits}"] = Instance(
            "DP16KD", **pins, **_initial([(int(v) >> low) & ((1 << bits) - 1) for v in init], bits),
            i_WEA=write_enable, i_WEB=0, p_REGMODE_A="NOREG", p_REGMODE_B="OUTREG", p_RESETMODE="SYNC",
            p_ASYNC_RESET_RELEASE="SYNC", p_GSR="DISABLED",
        )
        m.d.comb += read_data[low : low + bits].eq(word[: min(bits, width - low)])


def _initial(words: list[int], bits: int) -> dict[str, Const]:
    """Return the INITVAL parameters of a DP16KD.

    The block is an array of 18-bit words, of which each takes 20 bits of a parameter and sixteen make up a parameter.
    Narrower words fill an 18-bit word from below: 9-bit words fill it two at a time, those of 4, 2 and 1 bit fill only
    its first 16 bits, because they do not use the ninth bits.
    """
    per = 18 // bits if bits >= 9 else 16 // bits
    rows = [0] * 64
    for k, value in enumerate(words):
        place = k // per
        rows[place // 16] |= value << (20 * (place % 16) + bits * (k % per))
    return {f"p_INITVAL_{k:02X}": Const(row, 320) for k, row in enumerate(rows) if row}
