"""FPGA families whose own multipliers, memories and carry chains the primitives instantiate.

A target is passed to :func:`hadamac_hw.base.emit.emit` as ``platform``; without one, the primitives' bodies are
generic.  ``models/`` holds behavioural Verilog of the instantiated cells, so that the text for a target can be
simulated too.
"""

from __future__ import annotations

from hadamac.errors import DescriptionError

from .ecp5 import ECP5
from .gowin import GOWIN
from .ice40 import ICE40
from .nexus import NEXUS
from .target import BLOCK_FROM, Choice, RamPorts, Target, long_ones

__all__ = ["BLOCK_FROM", "Choice", "ECP5", "GOWIN", "ICE40", "NEXUS", "RamPorts", "TARGETS", "Target", "find_target",
           "long_ones"]

_FAMILIES: tuple[Target, ...] = (ECP5, GOWIN, ICE40, NEXUS)
TARGETS: dict[str, Target | None] = {"generic": None, **{family.name: family for family in _FAMILIES}}
"""All targets by name; the generic one is None."""


def find_target(name: str) -> Target | None:
    """Return the target of a name; None stands for the generic one."""
    if name not in TARGETS:
        raise DescriptionError(f"Target must be one of {', '.join(TARGETS)}, not {name!r}")
    return TARGETS[name]
