"""Description of a board for the FPGA flow."""

from __future__ import annotations

from dataclasses import dataclass

from .family import Family

__all__ = ["Board"]


@dataclass(frozen=True, kw_only=True)
class Board:
    """Description of a board for the FPGA flow.

    Attributes
    ----------
    name
        Name on the command line.
    family
        Family of the device.
    part
        nextpnr's arguments for the device, its package and its speed grade.
    pins
        Name of the file in ``constraints/`` that assigns the pins, without its suffix.
    oscillator_mhz
        Frequency of the board's oscillator.
    clock_mhz
        The network's clock, unless another one is asked for.
    multipliers, luts, memory_bits, blocks
        Number of multipliers, look-up tables, bits of block RAM and block RAMs of the device.
    button
        Level of the button while it is pressed, or None without a button.
    leds
        For each LED, the bit of `BoardShell.leds` that it shows.
    leds_low
        Whether an LED is on while its pin is low.
    network
        The shipped network that is built unless another one is asked for.
    """

    name: str
    family: Family
    part: tuple[str, ...]
    pins: str
    oscillator_mhz: float
    clock_mhz: float
    multipliers: int
    luts: int
    memory_bits: int
    blocks: int
    button: int | None
    leds: tuple[int, ...]
    leds_low: bool
    network: str = "digits-16"

    @property
    def constraints(self) -> str:
        """Name of the file in ``constraints/``."""
        return f"{self.pins}.{self.family.constraints}"
