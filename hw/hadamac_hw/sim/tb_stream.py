"""cocotb test of any block with streams, which plays one case and compares everything (see `hadamac_hw.sim.case`).

It runs inside the simulator.  ``HADAMAC_CASE`` names the .npz file with inputs, expectations and options.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import cocotb
import numpy as np

from . import scoreboard
from .beats import Beats, save_arrays, to_limbs
from .stalls import STALLS
from .streams import Bench, Dut, Sink, Source, seed

with np.load(os.environ["HADAMAC_CASE"], allow_pickle=False) as _file:
    _ARRAYS = {name: _file[name] for name in _file.files}
_OPTIONS = json.loads(bytes(_ARRAYS["options"]).decode())

EXCESS = 256
"""Beats beyond the expected ones after which the run is given up."""


def _streams(group: str) -> dict[str, Beats]:
    return {prefix: Beats.load(_ARRAYS, f"{group}:{prefix}") for prefix in _OPTIONS[group]}


def _check(what: str, expected: int | None, got: float | None, detail: str = "") -> None:
    if expected is not None and got != expected:
        raise AssertionError(f"{_OPTIONS['block']}: {what} must be {expected} cycles, not {got}{detail}")


def frame_starts(beats: Beats, cycles: list[int]) -> list[int]:
    """Return the cycle in which the first beat of each frame moved."""
    starts, index = [], 0
    for length in scoreboard.frame_lengths(beats):
        starts.append(cycles[index])
        index += length
    return starts


def interval_of(starts: list[int]) -> float | None:
    """Return the mean cycles from frame to frame, (last - first) / (frames - 1); None for a single frame."""
    if len(starts) < 2:
        return None
    mean = (starts[-1] - starts[0]) / (len(starts) - 1)
    return int(mean) if mean == int(mean) else mean


def _check_timing(sources: list[Source], sinks: list[Sink], wanted: dict[str, Beats]) -> dict[str, float | None]:
    """Compare latency and interval of the first input and the first output with the expected ones, and return them."""
    sink = sinks[0]
    starts = frame_starts(wanted[sink.name], sink.cycles)
    latency, interval = sink.cycles[0] - sources[0].cycles[0], interval_of(starts)
    _check("latency (first input to first output)", _OPTIONS["expected_latency"], latency)
    spans = np.diff(starts).tolist()
    _check("interval (from frame to frame)", _OPTIONS["expected_interval"], interval,
           f"; from frame to frame it was {spans[:8]}")
    return {"latency": latency, "interval": interval}


async def _play(bench: Bench, sources: list[Source], sinks: list[Sink], wanted: dict[str, Beats]) -> None:
    """Send and receive everything; stop early if far more beats come out than are expected."""
    counts = [(sink.words, len(wanted[sink.name])) for sink in sinks]

    def done() -> bool:
        if any(len(words) > count + EXCESS for words, count in counts):
            return True  # a design that never stops must not run for ever; the comparison then names the excess
        return all(len(words) >= count for words, count in counts) and all(source.done for source in sources)

    bench.sources, bench.sinks = sources, sinks
    await bench.run(done)


@cocotb.test()
@cocotb.parametrize(stall=_OPTIONS["stalls"])
async def stream(dut: Dut, stall: str) -> None:
    """Compare all beats under one stall pattern, that none follow, and the final values of named ports."""
    pattern = STALLS[stall]
    number = list(STALLS).index(stall)
    rngs = (np.random.default_rng([seed(), number, stream]) for stream in range(64))
    wanted = _streams("outputs")
    gap = _OPTIONS["frame_gap"]
    preload = [Source(dut, prefix, beats) for prefix, beats in _streams("preload").items()]
    sources = [
        Source(dut, prefix, beats, stall=pattern, rng=next(rngs), frame_gap=gap)
        for prefix, beats in _streams("inputs").items()
    ]
    sinks = [Sink(dut, prefix, stall=pattern, rng=next(rngs)) for prefix in wanted]
    for name, value in _OPTIONS["signals"].items():
        getattr(dut, name).value = value
    bench = Bench(dut, [*preload, *sources], sinks, patience=_OPTIONS["patience"])

    async def start() -> None:
        bench.sources, bench.sinks = [*preload, *sources], sinks
        await bench.reset()
        if preload:
            bench.sources, bench.sinks = preload, []
            await bench.run(lambda: all(source.done for source in preload))

    await start()
    if _OPTIONS["reset_after"] is not None:
        bench.sources, bench.sinks = sources, sinks
        await bench.run(lambda: len(sources[0].cycles) >= _OPTIONS["reset_after"])
        await start()
    started = time.process_time()
    await _play(bench, sources, sinks, wanted)
    seconds = time.process_time() - started
    cycles = bench.cycle
    got = {sink.name: Beats(list(sink.words), list(sink.last), list(sink.user)) for sink in sinks}
    await bench.idle(_OPTIONS["drain"])

    result = {"stall": stall, "cycles": cycles, "cycles_per_second": cycles / max(seconds, 1e-9)}
    _save(stall, result, sources, sinks)
    for sink in sinks:
        scoreboard.compare(
            _OPTIONS["block"],
            wanted[sink.name],
            Beats(list(sink.words), list(sink.last), list(sink.user)),
            width=len(getattr(dut, _data_name(dut, sink.name))),
            lanes=_OPTIONS["lanes"],
            context=f"{sink.name}, stalls: {stall}",
        )
    for name, value in _OPTIONS["final"].items():
        now = int(getattr(dut, name).value)
        if now != value:
            raise AssertionError(f"{_OPTIONS['block']} [stalls: {stall}]: {name} must end as {value:#x}, not {now:#x}")
    if stall == "none" and sinks and got[sinks[0].name].words:
        result |= _check_timing(sources, sinks, wanted)
        _save(stall, result, sources, sinks)


def _data_name(dut: Dut, prefix: str) -> str:
    return f"{prefix}_tdata" if hasattr(dut, f"{prefix}_tdata") else f"{prefix}_payload"


def _save(stall: str, result: dict, sources: list[Source], sinks: list[Sink]) -> None:
    """Write the measured figures for `hadamac_hw.sim.case`; they are there even if a later comparison fails."""
    directory = Path(os.environ["HADAMAC_CASE"]).parent
    arrays: dict[str, np.ndarray] = {"result": np.frombuffer(json.dumps(result).encode(), dtype=np.uint8)}
    for source in sources:
        arrays[f"cycles:{source.name}"] = np.asarray(source.cycles, dtype=np.int64)
    for sink in sinks:
        arrays[f"cycles:{sink.name}"] = np.asarray(sink.cycles, dtype=np.int64)
        arrays[f"words:{sink.name}"] = to_limbs(sink.words)
    save_arrays(directory / f"result-{stall}.npz", arrays)
