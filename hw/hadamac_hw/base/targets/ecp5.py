"""ECP5 (Lattice): MULT18X18D, DP16KD, and carry chains of CCU2C with tables of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, Value, ValueLike, signed

from .target import RamPorts, Target, block_shape, slices

__all__ = ["ECP5"]

_SHAPES = ((1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words and bits of a word in which a DP16KD may be used."""


@dataclass(frozen=True)
class _Ecp5(Target):
    multiplier_cell: ClassVar = "MULT18X18D"
    carry_tables: ClassVar[bool] = True
    shapes: ClassVar = _SHAPES

    def multiplier(self, m: Module, a: Value, b: Value, p: Value) -> None:
        """Instantiate a MULT18X18D with all of its registers."""
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

    def chain(self, m: Module, table: Callable[[int, int, int, int], int], operands: Sequence[Value | None], *,
              carry: ValueLike, out: Value) -> None:
        """Instantiate a carry chain of CCU2Cs; see :meth:`Target.chain`."""
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

    def reset_register(self, m: Module, d: Value, q: Value) -> bool:
        """Instantiate a TRELLIS_FF."""
        m.submodules.cell = Instance(
            "TRELLIS_FF", p_GSR="DISABLED", p_CEMUX="1", p_CLKMUX="CLK", p_LSRMUX="LSR", p_REGSET="SET",
            p_SRMODE="LSR_OVER_CE", i_CLK=ClockSignal(), i_LSR=0, i_DI=d, o_Q=q,
        )
        return True

    def ram(self, m: Module, ports: RamPorts) -> None:
        """Instantiate DP16KDs, written on port A and read on port B."""
        bits = block_shape(ports.depth, self.shapes)
        shift = {18: 4, 9: 3, 4: 2, 2: 1, 1: 0}[bits]
        write_address, _, write_enable = ports.write or (Const(0), Const(0, 0), 0)
        for k, (data, read, words) in enumerate(slices(ports, bits)):
            word = Signal(18)
            pins = {}
            for port, address, enable in (("A", write_address, 1), ("B", ports.read_address, ports.read_enable)):
                pins |= {f"i_AD{port}{j}": 0 for j in range(shift)}
                pins |= {f"i_AD{port}{shift + j}": bit for j, bit in enumerate(address)}
                pins |= {f"i_AD{port}{j}": 0 for j in range(shift + len(address), 14)}
                pins |= {f"i_CLK{port}": ClockSignal(), f"i_CE{port}": enable, f"i_OCE{port}": enable,
                         f"i_RST{port}": 0}
                pins |= {f"i_CS{port}{j}": 0 for j in range(3)} | {f"p_DATA_WIDTH_{port}": bits}
                pins |= {f"p_CLK{port}MUX": f"CLK{port}", f"p_WRITEMODE_{port}": "NORMAL",
                         f"p_CSDECODE_{port}": "0b000"}
            if bits == 18:  # byte enables
                pins |= {"i_ADA0": write_enable, "i_ADA1": write_enable}
            pins |= {f"i_DIA{j}": bit for j, bit in enumerate(data)} | {f"o_DOB{j}": word[j] for j in range(bits)}
            m.submodules[f"block{k}"] = Instance(
                "DP16KD", **pins, **_initial(words, bits), i_WEA=write_enable, i_WEB=0, p_REGMODE_A="NOREG",
                p_REGMODE_B="OUTREG", p_RESETMODE="SYNC", p_ASYNC_RESET_RELEASE="SYNC", p_GSR="DISABLED",
            )
            m.d.comb += read.eq(word)


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


ECP5 = _Ecp5("ecp5", 18, ("DP16KD",))
