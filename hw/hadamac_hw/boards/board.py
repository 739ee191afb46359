"""Description of a board for the FPGA flow."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
    """Description of a board for the FPGA flow.

    Attributes
    ----------
    name
        Name on the command line.
    device
        nextpnr's option for the device.
    package, speed
        Package and speed grade.
    lpf
        Name of the file in ``constraints/`` that assigns the pins.
    multipliers, luts, memory_bits, blocks
        Number of multipliers (MULT18X18D), four-input look-up tables, bits of block RAM and block RAMs (DP16KD) of the
        device.
    """

    name: str
    device: str
    package: str
    speed: str
    lpf: str
    multipliers: int
    luts: int
    memory_bits: int
    blocks: int
