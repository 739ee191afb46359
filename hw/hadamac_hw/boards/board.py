"""What the FPGA flow has to know of a board."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
    """What the FPGA flow has to know of a board.

    Attributes
    ----------
    name
        As given on the command line.
    device
        nextpnr's option for the device.
    package, speed
        Package and speed grade.
    lpf
        File in ``constraints/`` with the pins.
    multipliers, luts, memory_bits
        MULT18X18D, four-input tables and block RAM bits of the device.
    """

    name: str
    device: str
    package: str
    speed: str
    lpf: str
    multipliers: int
    luts: int
    memory_bits: int
