"""What the FPGA flow has to know of a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
    """One board with one device.

    Attributes
    ----------
    name
        As given on the command line.
    device
        The FPGA, for people.
    flag
        nextpnr's option that names the device.
    package, speed
        Package and speed grade.
    constraints
        File in ``constraints/`` with the pins.
    oscillator_mhz
        The clock that comes with the board.
    top : callable
        ``top(shell, freq_mhz)`` returns the top component; ``shell(clock_hz)`` makes the `BoardShell`.
    """

    name: str
    device: str
    flag: str
    package: str
    speed: str
    constraints: str
    oscillator_mhz: float
    top: Callable

    def constraints_text(self) -> str:
        """Content of the constraints file."""
        return (Path(__file__).parent / "constraints" / self.constraints).read_text()
