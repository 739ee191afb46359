"""iCE40 (Lattice): SB_MAC16.  Synthesis infers the block RAM, which has no output register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, Value, signed

from .target import Target

__all__ = ["ICE40"]

_ON = ("A_REG", "B_REG", "TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG", "PIPELINE_16x16_MULT_REG1",
       "PIPELINE_16x16_MULT_REG2", "A_SIGNED", "B_SIGNED")
_OFF = ("AHOLD", "BHOLD", "CHOLD", "DHOLD", "IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT", "OLOADTOP", "OLOADBOT",
        "ADDSUBTOP", "ADDSUBBOT", "OHOLDTOP", "OHOLDBOT", "CI", "ACCUMCI", "SIGNEXTIN")


@dataclass(frozen=True)
class _Ice40(Target):
    multiplier_cell: ClassVar = "SB_MAC16"

    def multiplier(self, m: Module, a: Value, b: Value, p: Value) -> None:
        """Instantiate an SB_MAC16 as a signed 16 x 16 multiplier with all of its registers."""
        a16, b16, p32 = Signal(signed(16)), Signal(signed(16)), Signal(signed(32))
        m.d.comb += [a16.eq(a), b16.eq(b), p.eq(p32)]
        m.submodules.dsp = Instance(
            "SB_MAC16", **{f"p_{name}": Const(1, 1) for name in _ON}, p_TOPOUTPUT_SELECT=Const(3, 2),
            p_BOTOUTPUT_SELECT=Const(3, 2), i_CLK=ClockSignal(), i_CE=1, i_A=a16, i_B=b16, i_C=Const(0, 16),
            i_D=Const(0, 16), **{f"i_{name}": 0 for name in _OFF}, o_O=p32,
        )


ICE40 = _Ice40("ice40", 16, lut_ram=False)
