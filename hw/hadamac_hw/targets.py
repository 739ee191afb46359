"""FPGA families whose own multipliers and memories the primitives instantiate.

A target is what :func:`hadamac_hw.emit.emit` gets as ``platform``; without one, bodies are generic.
A target's body and the generic one have the same latency and the same results;
``models/`` holds behavioural Verilog of the instantiated cells, so that a target's text simulates too.
"""

from __future__ import annotations

from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module, Signal, signed

from hadamac.errors import DescriptionError

__all__ = ["ECP5", "Target", "ecp5_multiplier", "find_target", "is_target"]


class Target:
    """A family by name; ``models`` is the Verilog of its cells for simulation."""

    def __init__(self, name: str):
        self.name = name

    @property
    def models(self) -> str:
        return (Path(__file__).parent / "models" / f"{self.name}.v").read_text()


ECP5 = Target("ecp5")
TARGETS = {"generic": None, "ecp5": ECP5}


def find_target(name: str) -> Target | None:
    """The target of that name; None is generic."""
    if name not in TARGETS:
        raise DescriptionError(f"Target must be one of {', '.join(TARGETS)}, not {name!r}")
    return TARGETS[name]


def is_target(platform, target: Target) -> bool:
    """Whether ``elaborate`` was called for this family."""
    return platform is target


def ecp5_multiplier(m: Module, a, b, p) -> None:
    """MULT18X18D with all of its registers: 3 cycles, as the generic body."""
    a18, b18, p36 = Signal(signed(18)), Signal(signed(18)), Signal(signed(36))
    m.d.comb += [a18.eq(a), b18.eq(b), p.eq(p36)]
    registers = {}
    for name in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT"):
        registers |= {f"p_REG_{name}_CLK": "CLK0", f"p_REG_{name}_CE": "CE0", f"p_REG_{name}_RST": "RST0"}
    pins = {f"i_A{k}": a18[k] for k in range(18)} | {f"i_B{k}": b18[k] for k in range(18)}
    pins |= {f"o_P{k}": p36[k] for k in range(36)}
    m.submodules.dsp = Instance(
        "MULT18X18D", **registers, **pins, p_CLK0_DIV="ENABLED", p_GSR="DISABLED", p_RESETMODE="SYNC",
        p_SOURCEB_MODE="B_SHIFT", p_MULT_BYPASS="DISABLED", i_CLK0=ClockSignal(), i_CE0=1, i_RST0=0,
        i_SIGNEDA=1, i_SIGNEDB=1, i_SOURCEA=0, i_SOURCEB=0,
    )
