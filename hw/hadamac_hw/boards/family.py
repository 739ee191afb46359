"""The contract of a family of FPGAs on boards: its tools, its PLL, and the names of its cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from amaranth.hdl import ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from ..base.targets import Target

__all__ = ["ClockGenerator", "Dividers", "Family", "Pll", "nearest"]

MAXIMUM_ERROR = 0.01
"""Largest relative deviation of a PLL's frequency from the wanted one."""


class Dividers(Protocol):
    """Dividers of a PLL, which make a frequency of the oscillator's."""

    @property
    def output_mhz(self) -> float:
        """Frequency that they make."""
        ...


D = TypeVar("D", bound=Dividers)


class Pll(wiring.Component):
    """A family's PLL.

    Parameters
    ----------
    dividers : Dividers
        Its settings.

    Members
    -------
    i : In(1)
        The oscillator's clock.
    o : Out(1)
        The clock that is made of it.
    locked : Out(1)
        High while that clock is good.
    """

    def __init__(self, dividers: Any):
        self.dividers = dividers
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
    """

    target: ClassVar[Target]
    constraints: ClassVar[str]
    bitstream: ClassVar[str]
    placer: ClassVar[str]
    packer: ClassVar[str]

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
    def pll(self, input_mhz: float, wanted_mhz: float) -> Pll:
        """Return the PLL that makes the wanted frequency, which it misses by at most 1 %.

        Raises
        ------
        DescriptionError
            It cannot.
        """

    def output_mhz(self, input_mhz: float, wanted_mhz: float) -> float:
        """Return the frequency that `pll` makes, or the oscillator's own if that is wanted."""
        return wanted_mhz if wanted_mhz == input_mhz else self.pll(input_mhz, wanted_mhz).dividers.output_mhz


def nearest(found: Iterable[D], input_mhz: float, wanted_mhz: float, bounds: tuple[float, float]) -> D:
    """Return the first dividers whose output is nearest to the wanted frequency, and at most 1 % away.

    Raises
    ------
    DescriptionError
        There are none; ``bounds`` are the lowest and the highest frequency that the message names.
    """
    best = min(found, key=lambda dividers: round(abs(dividers.output_mhz - wanted_mhz), 9), default=None)
    if best is None or abs(best.output_mhz - wanted_mhz) > MAXIMUM_ERROR * wanted_mhz:
        near = "" if best is None else f"; the nearest is {best.output_mhz:g} MHz"
        raise DescriptionError(
            f"Clock must be {bounds[0]:g} to {bounds[1]:g} MHz and within 1 % of what the PLL makes of "
            f"{input_mhz:g} MHz, not {wanted_mhz:g} MHz{near}"
        )
    return best


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
