"""The cocotb test of `support.phases`, which runs inside the simulator."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.scoreboard import compare
from hadamac_hw.sim.streams import STALLS, Bench, Sink, Source, seed

_FACTS = json.loads(Path(os.environ["HADAMAC_PHASES"]).read_text())
PATIENCE = 20_000
DRAIN = 64


@cocotb.test()
async def phases(dut) -> None:
    """Play every phase after a reset of its own, and compare its results."""
    pattern = STALLS[_FACTS["stall"]]
    preload = [Source(dut, name, Beats(**beats)) for name, beats in _FACTS["preload"].items()]
    bench = Bench(dut, [], [])
    for number, phase in enumerate(_FACTS["phases"]):
        rngs = [np.random.default_rng([seed(), number, k]) for k in range(2)]
        source = Source(dut, "s_axis", Beats(**phase["sent"]), stall=pattern, rng=rngs[0], frame_gap=phase["gap"])
        sink = Sink(dut, "m_axis", stall=pattern, rng=rngs[1])
        for event in phase["events"]:
            getattr(dut, event["port"]).value = 0
        bench.sources, bench.sinks = [*preload, source], [sink]
        await bench.reset(phase["reset"])
        for name in _FACTS["zero"] if phase["reset"] > 1 else ():  # after a single edge the values are still the old ones
            assert int(getattr(dut, name).value) == 0, f"phase {number}: {name} must be 0 after reset"
        if preload:
            bench.sources, bench.sinks = preload, []
            await bench.run(lambda: all(stream.done for stream in preload))
        await _play(dut, number, phase, source, sink)
        if phase["cut"] is None:
            expected = Beats(**phase["expected"])
            compare(dut._name, expected, Beats(list(sink.words), list(sink.last)), width=len(dut.m_axis_tdata),
                    context=f"phase {number}")
        for name, value in phase["final"].items():
            now = int(getattr(dut, name).value)
            assert now == value, f"phase {number}: {name} must end as {value}, not {now}"


async def _play(dut, number: int, phase: dict, source: Source, sink: Sink) -> None:
    """Advance both ends and trigger the events; stop at the cut, or some cycles after the last beat."""
    edge = RisingEdge(dut.clk)
    waiting = [dict(event) for event in phase["events"]]
    wanted, quiet, cycle = len(phase["expected"]["words"]), 0, 0
    while True:
        await edge
        moved = source.step(cycle) | sink.step(cycle)
        cycle += 1
        for event in list(waiting):
            if len(source.cycles) >= event["after"]:
                event["delay"] -= 1
                if event["delay"] < 0:
                    getattr(dut, event["port"]).value = event["value"]
                    waiting.remove(event)
        if phase["cut"] is not None and len(source.cycles) >= phase["cut"]:
            return
        quiet = 0 if moved else quiet + 1
        if phase["cut"] is None and len(sink.words) >= wanted and source.done and quiet > DRAIN:
            return
        assert quiet < PATIENCE, f"phase {number}: nothing moved for {PATIENCE} cycles"
