"""Region of a circuit with a reset register of its own, so that no reset net spans the whole circuit."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .targets import Target

__all__ = ["add_region"]


def add_region(m: Module, name: str, component: wiring.Component) -> None:
    """Add a component as the submodule ``name``, in a clock domain of that name, which has a register in its reset.

    It leaves its reset one cycle after the rest of ``m``.  A beat that comes through a register of ``m`` that has a
    reset is not lost, because it comes a cycle later, too.
    """
    domain = ClockDomain(name, local=True)
    m.domains += domain
    m.submodules[f"{name}_reset"] = reset = _ResetRegister()
    m.d.comb += [reset.i.eq(ResetSignal()), domain.clk.eq(ClockSignal()), domain.rst.eq(reset.o)]
    m.submodules[name] = DomainRenamer(name)(component)


class _ResetRegister(wiring.Component):
    """A register with the initial value 1.  A target's own cell is taken, because synthesis merges equal registers."""

    def __init__(self) -> None:
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        if platform is not None and platform.reset_register(m, self.i, self.o):
            return m
        reset = Signal(init=1, reset_less=True)
        m.d.sync += reset.eq(self.i)
        m.d.comb += self.o.eq(reset)
        return m
