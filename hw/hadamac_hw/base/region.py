"""Region of a circuit with a reset register of its own, so that no reset net spans the whole circuit."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring

__all__ = ["add_region"]


def add_region(m: Module, name: str, component: wiring.Component) -> None:
    """Add a component as the submodule ``name``, in a clock domain of that name, which has a register in its reset.

    It leaves its reset one cycle after the rest of ``m``.  A beat that comes through a register of ``m`` that has a
    reset is not lost, because it comes a cycle later, too.
    """
    domain = ClockDomain(name, local=True)
    m.domains += domain
    reset = Signal(name=f"{name}_reset", init=1, reset_less=True)
    m.d.sync += reset.eq(ResetSignal())
    m.d.comb += [domain.clk.eq(ClockSignal()), domain.rst.eq(reset)]
    m.submodules[name] = DomainRenamer(name)(component)
