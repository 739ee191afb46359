"""The contract of a family of FPGAs on boards: its tools, its PLL, and the names of its cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from ..base.targets import Target

__all__ = ["ClockGenerator", "Family", "MAXIMUM_ERROR", "Pll"]

MAXIMUM_ERROR = 0.01
"""Largest relative deviation of a PLL's frequency from the wanted one."""


class Pll(wiring.Component):
    """A family's PLL.

    Members
    -------
    i : In(1)
        The oscillator's clock.
    o : Out(1)
        The clock that is made of it.
    locked : Out(1)
        High while that clock is good.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(1), "o": Out(1), "locked": Out(1)})


@dataclass(frozen=True)
class Family(ABC):
    """A family of FPGAs.

    Attributes
    ----------
    target : Target
        Cells that the emitted Verilog instantiates.
    constraints : str
        Suffix of its constraint files.
    bitstream : str
        Suffix of its bitstreams.
    placer, packer : str
        Programs that place and route, and that pack the bitstream.
    multiplier : str
        nextpnr's name of a multiplier, in whose units a board's multipliers are counted.
    """

    target: ClassVar[Target]
    constraints: ClassVar[str]
    bitstream: ClassVar[str]
    placer: ClassVar[str]
    packer: ClassVar[str]
    multiplier: ClassVar[str]

    @abstractmethod
    def synthesis(self, top: str) -> str:
        """Return Yosys' commands that turn ``TOP.v`` into ``TOP.json``."""

    @abstractmethod
    def placement(self, pins: str, top: str) -> list[str]:
        """Return the arguments that name ``TOP.json``, the constraint file and the result."""

    @abstractmethod
    def packing(self, top: str) -> list[str]:
        """Return the arguments that turn nextpnr's result into ``TOP`` with the bitstream's suffix."""

    @abstractmethod
    def output_mhz(self, input_mhz: float, wanted_mhz: float) -> float:
        """Return the frequency that the PLL makes for a wanted one, which it misses by at most 1 %.

        Raises
        ------
        DescriptionError
            It cannot.
        """

    @abstractmethod
    def pll(self, input_mhz: float, output_mhz: float) -> Pll:
        """Return the PLL for these frequencies."""


def refuse_clock(input_mhz: float, wanted_mhz: float, bounds: tuple[float, float], nearest: float | None) -> None:
    """Raise DescriptionError if the nearest frequency is none, or deviates by more than 1 %."""
    if nearest is None or abs(nearest - wanted_mhz) > MAXIMUM_ERROR * wanted_mhz:
        near = "" if nearest is None else f"; the nearest is {nearest:g} MHz"
        raise DescriptionError(
            f"Clock must be {bounds[0]:g} to {bounds[1]:g} MHz and within 1 % of what the PLL makes of "
            f"{input_mhz:g} MHz, not {wanted_mhz:g} MHz{near}"
        )


class ClockGenerator(wiring.Component):
    """Source of clock and reset of the ``sync`` domain, which the parent defines, made from a board's oscillator.

    Parameters
    ----------
    family : Family
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

    def __init__(self, family: Family, *, input_mhz: float, output_mhz: float):
        self.pll = None if input_mhz == output_mhz else family.pll(input_mhz, output_mhz)
        super().__init__({"clock": In(1), "reset": In(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if self.pll is None:
            m.d.comb += ClockSignal("sync").eq(self.clock)
            m.submodules.reset = ResetSynchronizer(self.reset, domain="sync", stages=4)
            return m
        m.submodules.pll = pll = self.pll
        m.d.comb += [pll.i.eq(self.clock), ClockSignal("sync").eq(pll.o)]
        m.submodules.reset = ResetSynchronizer(~pll.locked | self.reset, domain="sync", stages=4)
        return m
