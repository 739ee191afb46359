"""The pytest side: one call builds a block's Verilog, plays a case under the stall matrix and checks all of it.

>>> run_case(emit(top, "crop"), "crop", input=frames, expected=model(frames), expected_latency=top.latency,
...          expected_interval=top.interval)                                                # doctest: +SKIP

The top has ``clk``, ``rst`` and AXI4-Stream ports ``s_axis_t{data,valid,ready,last}`` and
``m_axis_t{data,valid,ready,last}``, or other names given by `source` and `sink`; ``tlast`` and ``tuser`` are
optional, and so are the Amaranth names ``{prefix}_payload/_valid/_ready``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hadamac.files.scratch import scratch_directory

from .beats import Beats, from_limbs
from .icarus import LANGUAGES
from .simulate import build, run
from .stalls import STALLS

__all__ = ["BUILD_DIR", "CaseResult", "run_case"]

BUILD_DIR = Path("build") / "sim"
"""Where compiled simulators are kept, seen from the working directory."""


@dataclass(frozen=True)
class CaseResult:
    """Results under one stall pattern.

    Attributes
    ----------
    stall
        Its name.
    cycles
        Cycles from the release of reset to the last transfer.
    latency, interval
        Cycles from the first input to the first output beat, and mean cycles from the first beat of one output
        frame to that of the next; measured without stalls only, else None.
    input_cycles, output_cycles
        Cycle of every transfer of the first input and the first output.
    words
        All words of the first output.
    cycles_per_second
        Simulated clock cycles per second of processor time.
    """

    stall: str
    cycles: int
    latency: int | None
    interval: float | None
    input_cycles: np.ndarray
    output_cycles: np.ndarray
    words: list[int]
    cycles_per_second: float


def _as_streams(prefix: str, words, last, user, more: Mapping[str, Beats] | None, frame: int | None):
    streams = {prefix: words if isinstance(words, Beats) else Beats.of(words, last, user, frame=frame)}
    return streams | dict(more or {})


def run_case(
    verilog: str,
    top: str,
    *,
    input,
    expected,
    input_last=None,
    expected_last=None,
    input_user=None,
    expected_user=None,
    input_frame: int | None = None,
    expected_frame: int | None = None,
    expected_latency: int | None = None,
    expected_interval: float | None = None,
    stalls: Iterable[str] = tuple(STALLS),
    source: str = "s_axis",
    sink: str = "m_axis",
    more_inputs: Mapping[str, Beats] | None = None,
    more_outputs: Mapping[str, Beats] | None = None,
    preload: Mapping[str, Beats] | None = None,
    signals: Mapping[str, int] | None = None,
    final: Mapping[str, int] | None = None,
    reset_after: int | None = None,
    frame_gap: int = 0,
    lanes: int = 1,
    patience: int = 20_000,
    drain: int = 64,
    block: str | None = None,
    seed: int | None = None,
    limit_s: float = 1800,
    simulator: str = "verilator",
    language: str | None = None,
    quick: bool = True,
    build_dir: Path = BUILD_DIR,
) -> dict[str, CaseResult]:
    """Play one case and compare every beat, `last`, `user`, latency and interval.

    Parameters
    ----------
    verilog, top
        Text of the design and the name of its top.
    input, expected : array_like of int, or Beats
        Unsigned packed words of any width: one axis, or (frames, beats), which sets `last` too.
    input_last, expected_last, input_user, expected_user : array_like or None
        One value per beat.
    input_frame, expected_frame
        Beats of a frame, from which `last` follows; for arrays of one axis.
    expected_latency, expected_interval
        Exact cycles, checked under the pattern ``none``; defined in `CaseResult`.
    stalls
        Names out of `bench.stalls.STALLS`; all by default, in one run of the simulator.
    source, sink
        Prefixes of the main streams.
    more_inputs, more_outputs
        Further streams by prefix, played at the same time.
    preload
        Streams by prefix, sent in full after every reset and before the rest: weights, tables.
    signals
        Values of input ports, constant during the run.
    final
        Values that output ports must have at the end: sticky flags, counters.
    reset_after
        Reset the block when it has taken this many beats, then send everything from the beginning.
    frame_gap
        Cycles without valid that the source puts between frames.
    lanes
        Signed fields of a word, for readable messages: 2 for complex words.
    patience
        Cycles without any transfer after which the block counts as stuck.
    drain
        Cycles for which nothing more may come at the end.
    block
        Name used in messages; by default `top`.
    seed, limit_s
        As in `hadamac_hw.sim.simulate.run`.
    simulator, language
        As in `hadamac_hw.sim.simulate.build` and `hadamac_hw.sim.icarus.build`.
    quick
        Whether compiling fast matters more than simulating fast.

    Returns
    -------
    dict of CaseResult
        By the name of the stall pattern.

    Raises
    ------
    hadamac_hw.sim.simulate.SimulationFailure
        With the text of the failed comparison.
    """
    stalls = list(stalls)
    unknown = [name for name in stalls if name not in STALLS]
    if unknown:
        raise ValueError(f"Stall pattern must be one of {', '.join(STALLS)}, not {unknown[0]}")
    groups = {
        "inputs": _as_streams(source, input, input_last, input_user, more_inputs, input_frame),
        "outputs": _as_streams(sink, expected, expected_last, expected_user, more_outputs, expected_frame),
        "preload": dict(preload or {}),
    }
    facts = {group: list(streams) for group, streams in groups.items()} | {
        "stalls": stalls,
        "signals": dict(signals or {}),
        "final": dict(final or {}),
        "reset_after": reset_after,
        "frame_gap": frame_gap,
        "lanes": lanes,
        "patience": patience,
        "drain": drain,
        "block": block or top,
        "expected_latency": expected_latency,
        "expected_interval": expected_interval,
    }
    arrays = {"options": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)}
    for group, streams in groups.items():
        for prefix, beats in streams.items():
            arrays |= beats.save(f"{group}:{prefix}")
    choices = {"language": language or LANGUAGES[-1]} if simulator == "icarus" else {"quick": quick}
    program = build(verilog, top, build_dir, simulator=simulator, **choices)
    with scratch_directory("case") as scratch:
        case = scratch / "case.npz"
        np.savez(case, **arrays)
        run(program, f"{__package__}.tb_stream", {"HADAMAC_CASE": str(case)}, seed=seed, limit_s=limit_s)
        return {name: _load(scratch / f"result-{name}.npz", source, sink) for name in stalls}


def _load(path: Path, source: str, sink: str) -> CaseResult:
    with np.load(path, allow_pickle=False) as file:
        facts = json.loads(bytes(file["result"]).decode())
        return CaseResult(
            stall=facts["stall"],
            cycles=facts["cycles"],
            latency=facts.get("latency"),
            interval=facts.get("interval"),
            input_cycles=file[f"cycles:{source}"],
            output_cycles=file[f"cycles:{sink}"],
            words=from_limbs(file[f"words:{sink}"]),
            cycles_per_second=facts["cycles_per_second"],
        )
