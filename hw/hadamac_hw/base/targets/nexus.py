"""Nexus (Lattice, CrossLink-NX): MULT18X18 and PDPSC16K, a block RAM with a write port and a read port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, signed

from .target import RamPorts, Target, block_shape, slices

__all__ = ["NEXUS"]

_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words and bits of a word of a block RAM."""


@dataclass(frozen=True)
class _Nexus(Target):
    multiplier_cell: ClassVar = "MULT18X18"
    shapes: ClassVar = _SHAPES

    def multiplier(self, m: Module, a: Value, b: Value, p: Value) -> None:
        """Instantiate a MULT18X18, whose registers are those of the operands and of the product, and one more."""
        a18, b18, p36 = Signal(signed(18)), Signal(signed(18)), Signal(signed(36))
        product = Signal(signed(36), reset_less=True)
        m.d.comb += [a18.eq(a), b18.eq(b), p.eq(product)]
        m.d.sync += product.eq(p36)
        registers = {f"p_REG{name}": "REGISTER" for name in ("INPUTA", "INPUTB", "OUTPUT")}
        m.submodules.dsp = Instance(
            "MULT18X18", **registers, p_GSR="DISABLED", p_RESETMODE="SYNC", i_A=a18, i_B=b18, i_CLK=ClockSignal(),
            i_CEA=1, i_CEB=1, i_CEOUT=1, i_RSTA=0, i_RSTB=0, i_RSTOUT=0, i_SIGNEDA=1, i_SIGNEDB=1, o_Z=p36,
        )

    def ram(self, m: Module, ports: RamPorts) -> None:
        """Instantiate PDPSC16Ks."""
        bits = block_shape(ports.depth, self.shapes)
        shift = {36: 5, 18: 4, 9: 3, 4: 2, 2: 1, 1: 0}[bits]
        low = Const((1 << shift) - 1, shift)  # among them the byte enables
        write_address, _, write_enable = ports.write or (Const(0), Const(0, 0), Const(0))
        for k, (data, read, words) in enumerate(slices(ports, bits)):
            adw, adr, di, do = Signal(14), Signal(14), Signal(36), Signal(36)
            m.d.comb += [adw.eq(Cat(low, write_address)), adr.eq(Cat(low, ports.read_address)), di.eq(data),
                         read.eq(do)]
            m.submodules[f"block{k}"] = Instance(
                "PDPSC16K", p_DATA_WIDTH_W=f"X{bits}", p_DATA_WIDTH_R=f"X{bits}", p_OUTREG="USED",
                p_RESETMODE="SYNC", p_ASYNC_RST_RELEASE="SYNC", p_CSDECODE_W="111", p_CSDECODE_R="111",
                p_ECC="DISABLED", p_GSR="DISABLED", **_initial(words, bits), i_CLK=ClockSignal(), i_CEW=write_enable,
                i_CSW=Const(7, 3), i_ADW=adw, i_DI=di, i_CER=ports.read_enable, i_CSR=Const(7, 3), i_RST=0,
                i_ADR=adr, o_DO=do,
            )


def _initial(words: list[int], bits: int) -> dict[str, str]:
    """Return the INITVAL parameters, which have 32 bytes of 9 bits each, at 10 bits apart.

    Words of 4, 2 and 1 bit use only the first 8 bits of a byte.
    """
    total = sum(word << 9 * (k * bits // 8) + k * bits % 8 if bits < 9 else word << k * bits
                for k, word in enumerate(words))
    rows = {}
    for row in range(64):
        part = total >> 288 * row & ((1 << 288) - 1)
        if part:
            spread = sum((part >> 9 * k & 0x1FF) << 10 * k for k in range(32))
            rows[f"p_INITVAL_{row:02X}"] = f"0x{spread:080x}"
    return rows


NEXUS = _Nexus("nexus", 18, ("PDPSC16K",))
