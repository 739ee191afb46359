"""GW2A (Gowin): MULT18X18 and block RAM with a write port and a read port, SDPX9B and SDPB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, signed

from .target import RamPorts, Target, block_shape, slices

__all__ = ["GOWIN"]

_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words and bits of a word of a block RAM; words of 9 bits and more are those of an SDPX9B."""


@dataclass(frozen=True)
class _Gowin(Target):
    multiplier_cell: ClassVar = "MULT18X18"
    shapes: ClassVar = _SHAPES

    def multiplier(self, m: Module, a: Value, b: Value, p: Value) -> None:
        """Instantiate a MULT18X18 with all of its registers."""
        a18, b18, p36 = Signal(signed(18)), Signal(signed(18)), Signal(signed(36))
        m.d.comb += [a18.eq(a), b18.eq(b), p.eq(p36)]
        on = {f"p_{name}": Const(1, 1) for name in ("AREG", "BREG", "PIPE_REG", "OUT_REG", "ASIGN_REG", "BSIGN_REG")}
        m.submodules.dsp = Instance(
            "MULT18X18", **on, p_SOA_REG=Const(0, 1), p_MULT_RESET_MODE="SYNC", i_A=a18, i_B=b18, i_SIA=Const(0, 18),
            i_SIB=Const(0, 18), i_ASIGN=1, i_BSIGN=1, i_ASEL=0, i_BSEL=0, i_CE=1, i_CLK=ClockSignal(), i_RESET=0,
            o_DOUT=p36,
        )

    def ram(self, m: Module, ports: RamPorts) -> None:
        """Instantiate block RAMs, written on port A and read on port B."""
        bits = block_shape(ports.depth, self.shapes)
        cell, bus = ("SDPX9B", 36) if bits >= 9 else ("SDPB", 32)
        shift = {36: 5, 18: 4, 9: 3, 4: 2, 2: 1, 1: 0}[bits]
        bytes_on = {36: Const(0b01111, 5), 18: Const(0b0011, 4)}.get(bits, Const(0, shift))
        write_address, _, write_enable = ports.write or (Const(0), Const(0, 0), Const(0))
        for k, (data, read, words) in enumerate(slices(ports, bits)):
            ada, adb, di, do = Signal(14), Signal(14), Signal(bus), Signal(bus)
            m.d.comb += [ada.eq(Cat(bytes_on, write_address)), adb.eq(Cat(Const(0, shift), ports.read_address)),
                         di.eq(data), read.eq(do)]
            m.submodules[f"block{k}"] = Instance(
                cell, p_READ_MODE=Const(1, 1), p_BIT_WIDTH_0=bits, p_BIT_WIDTH_1=bits, p_BLK_SEL_0=Const(0, 3),
                p_BLK_SEL_1=Const(0, 3), p_RESET_MODE="SYNC", **_initial(words, bits, 8 * bus),
                i_CLKA=ClockSignal(), i_CEA=write_enable, i_RESETA=0, i_ADA=ada, i_DI=di, i_BLKSELA=Const(0, 3),
                i_CLKB=ClockSignal(), i_CEB=ports.read_enable, i_RESETB=0, i_OCE=ports.read_enable, i_ADB=adb,
                i_BLKSELB=Const(0, 3), o_DO=do,
            )


def _initial(words: list[int], bits: int, row: int) -> dict[str, Const]:
    """Return the INIT_RAM parameters, ``row`` bits each, in which one word follows the other."""
    per = row // bits
    rows = [sum(word << bits * k for k, word in enumerate(words[start : start + per]))
            for start in range(0, len(words), per)]
    return {f"p_INIT_RAM_{k:02X}": Const(value, row) for k, value in enumerate(rows) if value}


GOWIN = _Gowin("gowin", 18, ("SDPX9B", "SDPB"))
