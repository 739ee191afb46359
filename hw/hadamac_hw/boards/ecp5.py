"""The PLL of ECP5 devices: the choice of its dividers, and an instance with the reset that follows it."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In

from hadamac.errors import DescriptionError

from ..base.targets import Target

__all__ = ["ClockGenerator", "PllDividers", "pll_dividers"]

# Source of the limits: Lattice FPGA-DS-02012, "sysCLOCK PLL Timing".
OUTPUT_MHZ = (3.125, 400.0)
"""Lowest and highest output frequency in MHz."""
VCO_MHZ = (400.0, 800.0)
"""Lowest and highest frequency of the oscillator inside the PLL in MHz."""
PHASE_DETECTOR_MHZ = (5.0, 400.0)
"""Lowest and highest frequency at the phase detector in MHz; public tools accept 3.125 MHz too, without a margin."""
MAXIMUM_ERROR = 0.01
"""Largest relative deviation of the output frequency from the wanted one."""


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
    best = None
    for reference in range(1, 129):
        if not _inside(input_mhz / reference, PHASE_DETECTOR_MHZ):
            continue
        feedback = min(128, max(1, round(output_mhz * reference / input_mhz)))
        post = max(1, min(128, int(VCO_MHZ[1] * reference // (input_mhz * feedback))))
        found = PllDividers(reference, feedback, post, input_mhz)
        error = abs(found.output_mhz - output_mhz)
        legal = _inside(found.vco_mhz, VCO_MHZ) and _inside(found.output_mhz, OUTPUT_MHZ)
        if legal and (best is None or error < best[0] - 1e-9):
            best = error, found
    if best is None or best[0] > MAXIMUM_ERROR * output_mhz:
        near = "" if best is None else f"; the nearest is {best[1].output_mhz:g} MHz"
        raise DescriptionError(
            f"Clock must be {OUTPUT_MHZ[0]:g} to {OUTPUT_MHZ[1]:g} MHz and within 1 % of what the PLL makes of "
            f"{input_mhz:g} MHz, not {output_mhz:g} MHz{near}"
        )
    return best[1]


class ClockGenerator(wiring.Component):
    """Source of clock and reset of the ``sync`` domain, which the parent defines, made from a board's oscillator.

    Parameters
    ----------
    input_mhz, output_mhz : float
        Frequencies of the oscillator and of the wanted clock; if they are equal, no PLL is used.

    Members
    -------
    clock : In(1)
        The oscillator's clock.
    reset : In(1)
        Asynchronous reset, active high, for instance from a button.

    Timing
    ------
    ``sync`` is in reset until the PLL has locked.
    """

    def __init__(self, *, input_mhz: float, output_mhz: float):
        self.dividers = None if input_mhz == output_mhz else pll_dividers(input_mhz, output_mhz)
        self.output_mhz = input_mhz if self.dividers is None else self.dividers.output_mhz
        super().__init__({"clock": In(1), "reset": In(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if self.dividers is None:
            m.d.comb += ClockSignal("sync").eq(self.clock)
            m.submodules.reset = ResetSynchronizer(self.reset, domain="sync", stages=4)
            return m
        locked, clock = Signal(), Signal()
        pll = self.dividers
        m.submodules.pll = Instance(
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
            i_CLKI=self.clock,
            i_CLKFB=clock,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=clock,
            o_LOCK=locked,
        )
        m.d.comb += ClockSignal("sync").eq(clock)
        m.submodules.reset = ResetSynchronizer(~locked | self.reset, domain="sync", stages=4)
        return m
