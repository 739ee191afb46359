"""Simulations of several phases with a reset before each, and with ports that change while beats move.

They test things that `hadamac_hw.sim.case.run_case` keeps constant: the bank of weights, sticky flags, a reset at any
time.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import BUILD_DIR
from hadamac_hw.sim.simulate import build, run

__all__ = ["Event", "Phase", "play_phases"]


@dataclass(frozen=True)
class Event:
    """A change of `port` to `value`, `delay` cycles after the cycle in which the input's beat `after` (from 1) moved."""

    after: int
    delay: int
    port: str
    value: int


@dataclass(frozen=True)
class Phase:
    """A phase of a simulation, from one reset to the next.

    Attributes
    ----------
    sent, expected : Beats
    events : list of Event
    final : dict
        Values of output ports at the end.
    cut : int or None
        Number of beats after which the phase ends although others are still in the block; `expected` is then not
        compared.
    gap : int
        Idle cycles between frames.
    reset : int
        Cycles of the reset before the phase.
    """

    sent: Beats
    expected: Beats
    events: list[Event] = field(default_factory=list)
    final: dict[str, int] = field(default_factory=dict)
    cut: int | None = None
    gap: int = 0
    reset: int = 3


def play_phases(verilog: str, top: str, phases: list[Phase], *, zero: tuple[str, ...] = (), stall: str = "none",
                preload: dict[str, Beats] | None = None) -> None:
    """Play the phases in one simulation.

    Parameters
    ----------
    zero
        Output ports that must read 0 after every reset of more than one cycle.
    stall
        Name of a pattern in `hadamac_hw.sim.stalls.STALLS`.
    preload
        Streams that are sent completely after every reset.
    """
    program = build(verilog, top, BUILD_DIR, quick=True)
    facts = {"phases": [asdict(p) for p in phases], "zero": list(zero), "stall": stall,
             "preload": {name: asdict(beats) for name, beats in (preload or {}).items()}}
    with tempfile.TemporaryDirectory(prefix="hadamac-phases-") as scratch:
        path = Path(scratch, "phases.json")
        path.write_text(json.dumps(facts, default=int))
        run(program, "support.tb_phases", {"HADAMAC_PHASES": str(path)})
