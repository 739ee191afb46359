"""One call for a test of a block: it compiles the Verilog, plays a case under the stall matrix and checks everything.

>>> run_case(emit(top, "crop"), "crop", input=frames, expected=model(frames), expected_latency=top.latency,
...          expected_interval=top.interval)                                                # doctest: +SKIP

The top has ``clk``, ``rst`` and AXI4-Stream ports ``s_axis_t{data,valid,ready,last}`` and
``m_axis_t{data,valid,ready,last}``; `source` and `sink` give other prefixes.  ``tlast`` and ``tuser`` are optional.
Instead of ``{prefix}_t{data,valid,ready}`` a stream may have Amaranth's names ``{prefix}_{payload,valid,ready}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from hadamac.files.scratch import scratch_directory

from .beats import Beats, from_limbs, save_arrays
from .icarus import LANGUAGES
from .simulate import build, run
from .stalls import STALLS

__all__ = ["BUILD_DIR", "CaseResult", "run_case"]

BUILD_DIR = Path("build") / "sim"
"""Directory of compiled simulators, relative to the working directory."""


@dataclass(frozen=True)
class CaseResult:
    """Result of a case under one stall pattern.

    Attributes
    ----------
    stall
        Name of the pattern.
    cycles
        Cycles from the release of reset to the last transfer.
    latency
        Cycles from the first input beat to the first output beat; None except under the pattern ``none``.
    interval
        Mean cycles from the first beat of an output frame to that of the next; None except under the pattern
        ``none``, and for a single frame.
    input_cycles, output_cycles
        Cycle of every transfer on the first input stream and on the first output stream.
    words
        All words of the first output stream.
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


def _as_streams(prefix: str, words: ArrayLike | Beats, last: ArrayLike | None, user: ArrayLike | None,
                more: Mapping[str, Beats] | None, frame: int | None) -> dict[str, Beats]:
    """Return the beats of the main stream and of further ones by prefix."""
    streams = {prefix: words if isinstance(words, Beats) else Beats.of(words, last, user, frame=frame)}
    return streams | dict(more or {})


def run_case(
    verilog: str,
    top: str,
    *,
    input: ArrayLike | Beats,
    expected: ArrayLike | Beats,
    input_last: ArrayLike | None = None,
    expected_last: ArrayLike | None = None,
    input_user: ArrayLike | None = None,
    expected_user: ArrayLike | None = None,
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
        Text of the design, and the name of its top.
    input, expected : array_like of int, or Beats
        Unsigned packed words of any width: one axis, or the two axes (frames, beats), which set `last` too.
    input_last, expected_last, input_user, expected_user : array_like or None
        One value per beat.
    input_frame, expected_frame
        Beats of a frame; sets `last` for arrays of one axis.
    expected_latency, expected_interval
        Exact cycles, checked under the pattern ``none``; defined in `CaseResult`.
    stalls
        Names in `hadamac_hw.sim.stalls.STALLS`; by default all of them, in one run of the simulator.
    source, sink
        Prefixes of the main streams.
    more_inputs, more_outputs
        Further streams by prefix, which are played at the same time.
    preload
        Streams by prefix that are sent completely after every reset and before all others, for instance weights.
    signals
        Values of input ports, which stay constant during the run.
    final
        Values that output ports must have at the end, for instance of sticky flags.
    reset_after
        Reset the block after it has taken this many beats, then send everything from the beginning.
    frame_gap
        Cycles without valid between the source's frames.
    lanes
        Signed fields of a word, which messages show separately: 2 for complex words.
    patience
        Cycles without any transfer after which the block counts as stuck, besides twice the expected latency: a frame
        may be taken long before the first answer leaves.
    drain
        Cycles at the end in which no further beat may come out.
    block
        Name of the block in messages; by default `top`.
    seed, limit_s
        Arguments of `hadamac_hw.sim.simulate.run`.
    simulator, language
        Arguments of `hadamac_hw.sim.simulate.build` and `hadamac_hw.sim.icarus.build`.
    quick
        Whether compiling fast matters more than simulating fast.

    Returns
    -------
    dict of CaseResult
        The results by the name of the stall pattern.

    Raises
    ------
    hadamac_hw.sim.simulate.SimulationFailure
        A comparison failed; the message is its text.
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
        "patience": patience + 2 * (expected_latency or 0),
        "drain": drain,
        "block": block or top,
        "expected_latency": expected_latency,
        "expected_interval": expected_interval,
    }
    arrays = {"options": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)}
    for group, streams in groups.items():
        for prefix, beats in streams.items():
            arrays |= beats.save(f"{group}:{prefix}")
    if simulator == "icarus":
        program = build(verilog, top, build_dir, simulator=simulator, language=language or LANGUAGES[-1])
    else:
        program = build(verilog, top, build_dir, simulator=simulator, quick=quick)
    with scratch_directory("case") as scratch:
        case = scratch / "case.npz"
        save_arrays(case, arrays)
        run(program, f"{__package__}.tb_stream", {"HADAMAC_CASE": str(case)}, seed=seed, limit_s=limit_s)
        return {name: _load(scratch / f"result-{name}.npz", source, sink) for name in stalls}


def _load(path: Path, source: str, sink: str) -> CaseResult:
    """Return the result that the simulation wrote to a file."""
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
