"""Stand-alone FFT cores as files: one self-contained Verilog file, and a cocotb example that simulates it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from hadamac.errors import DataError, DescriptionError
from hadamac.files.writing import atomic_files, check_file
from hadamac.model.fft import iterative as fft_iterative
from hadamac.model.fft.plan import SCALINGS, FftPlan

from ..base.targets import Target, find_target
from ..fft.iterative import IterativeFft
from ..fft.real import RealFft
from ..fft.streaming import Fft
from .flat import FlatTop
from .library import Core, configuration, core_text

__all__ = ["ARCHITECTURES", "example_text", "fft_block", "fft_core", "real_fft_core", "write_core"]


ARCHITECTURES = {"streaming": Fft, "iterative": IterativeFft}
"""Architectures of FFTs by name: one sample a cycle, or one memory and one butterfly."""

_SETTING = {
    "run-time": """s_axis_tuser[{stages}:1] on a frame's first beat: its schedule, first stage in bit 1; what comes out
is the DFT times 2**-(number of ones).
""",
    "block": """m_axis_tuser[{exponent}:1] on every beat: the frame's block exponent; the DFT is what comes out times
2**exponent.
""",
}
_NOTES = """s_axis_tuser[0] on a frame's first beat: this frame's transform is the inverse (same scale).
{setting}m_axis_tuser[0] on a frame's last beat: something saturated in this frame; overflow: in any since reset.
"""
_COMMON = """frame_error: since reset, tlast came early (the frame was filled with zeros) or late (its surplus dropped).
Frames may follow each other with any gap or none; a frame comes out whole without later input.
"""
_REAL = {
    2: """In: one frame in the real parts, one in the imaginary parts. Out: half-spectrum of the one, then of the other.
A half-spectrum's first word is DC in the real part and the Nyquist bin in the imaginary part; then bins 1, 2, ...
""",
    1: """In: two samples a beat, the earlier one in the real part. Out: the half-spectrum.
Its first word is DC in the real part and the Nyquist bin in the imaginary part; then bins 1, 2, ...
""",
}


def fft_block(architecture: str = "streaming", target: Target | None = None, **parameters: Any) -> Fft | IterativeFft:
    """Return a stand-alone FFT, which mends frames of a wrong length and takes each frame's direction from ``user``.

    Parameters
    ----------
    architecture
        One of `ARCHITECTURES`.
    target
        The target, by which the widths of the multipliers' operands are chosen; None for the generic one.
    parameters
        Arguments of :class:`~hadamac_hw.fft.streaming.Fft` or :class:`~hadamac_hw.fft.iterative.IterativeFft`.
        ``operand_width`` and ``twiddle_width`` are by default the widest that the target's multipliers take (18 bits on
        the generic one); on a target, wider ones are refused, because their products would have to be split.
    """
    if target is not None and not isinstance(target, Target):
        raise DescriptionError(f"FFT target must be a Target of hadamac_hw.base.targets or None, not {target!r}")
    if "stand_alone" in parameters:
        raise DescriptionError("fft_block makes stand-alone components; for another, take Fft itself")
    if architecture not in ARCHITECTURES:
        raise DescriptionError(f"FFT architecture must be {' or '.join(ARCHITECTURES)}, not {architecture!r}")
    most = target.operand if target else 18
    for name in ("operand_width", "twiddle_width"):
        if parameters.get(name) is None:
            parameters[name] = most
        elif target and isinstance(parameters[name], int) and parameters[name] > most:
            raise DescriptionError(f"FFT {name} must be at most {most} on {target.name}, not {parameters[name]}")
    if architecture == "streaming":
        parameters["stand_alone"] = True
    elif (scaling := parameters.get("scaling", "schedule")) in set(SCALINGS) - set(fft_iterative.SCALINGS):
        raise DescriptionError(f"FFT scaling {scaling!r} needs the streaming architecture, not iterative")
    return ARCHITECTURES[architecture](**parameters)


def fft_core(name: str, **parameters: Any) -> Core[FlatTop]:
    """Return the FFT of :func:`fft_block`, with the same parameters, as a core of its own."""
    block = fft_block(**parameters)
    plan = block.plan
    scale = {"schedule": f"scale 2**-{plan.scale}", "full": "full growth", "block": "block exponent",
             "run-time": "schedule loaded with each frame"}[plan.scaling]
    kind = next(name for name, cls in ARCHITECTURES.items() if isinstance(block, cls))
    title = (f"{kind.capitalize()} FFT of {plan.size} points, {plan.width} bits in, {plan.out_width} bits out, "
             f"{block.order} order, {scale}")
    exponent = plan.exponent_bits if isinstance(plan, FftPlan) else 0
    setting = _SETTING.get(plan.scaling, "").format(stages=plan.stages, exponent=exponent)
    return Core(name, FlatTop(block), title, configuration(block), _NOTES.format(setting=setting) + _COMMON)


def real_fft_core(name: str, target: Target | None = None, **parameters: Any) -> Core[FlatTop]:
    """Return a :class:`~hadamac_hw.fft.real.RealFft` with the given parameters as a core of its own."""
    if target and target.operand < 18:
        raise DescriptionError(f"RealFft needs multipliers of 18 bits, which {target.name} does not have")
    block = RealFft(**parameters)
    plan = block.plan
    what = "two real frames" if plan.frames == 2 else "a real frame"
    title = f"Streaming FFT of {what} of {plan.size} points, {plan.width} bits, half-spectra, scale 1/{plan.size}"
    return Core(name, FlatTop(block), title, configuration(block),
                _REAL[plan.frames] + "overflow: something saturated since reset.\n" + _COMMON)


def write_core(path: str | os.PathLike[str], make: Callable[..., Core[FlatTop]], *, target: str = "generic",
               **parameters: Any) -> tuple[Core[FlatTop], Path]:
    """Write the Verilog of a core, and beside it a cocotb example that sends frames through it.

    The example runs with ``python NAME_example.py`` where hadamac is installed.  It simulates the Verilog, that for a
    target together with behavioural models of the target's cells, and compares every bit.  ``SIM=icarus`` simulates
    with Icarus Verilog instead of Verilator.

    Parameters
    ----------
    path
        The Verilog file ``NAME.v``, whose module is ``NAME``; the example is ``NAME_example.py``.
    make
        :func:`fft_core` or :func:`real_fft_core`.
    target
        Name of the target.
    parameters
        Arguments of ``make``.

    Returns
    -------
    (Core, pathlib.Path)
        The core, and the path of the example.
    """
    verilog = Path(path)
    if verilog.suffix != ".v":
        raise DataError(f"Verilog file must be named NAME.v, not {verilog.name!r}")
    platform = find_target(target)
    example = verilog.with_name(f"{verilog.stem}_example.py")
    for file in (verilog, example):
        check_file(file)
    _check_own(example)
    core = make(verilog.stem, target=platform, **parameters)
    contents = {verilog: core_text(core, platform=platform), example: example_text(core, target)}
    atomic_files(contents)  # both or none
    return core, example


_SIGNATURE = "# Unchanged, this file may be replaced by hadamac: "


def _signed(text: str) -> str:
    """Return a text with a last line that holds its SHA-256."""
    return f"{text}\n{_SIGNATURE}{hashlib.sha256(text.encode()).hexdigest()}\n"


def _check_own(example: Path) -> None:
    """Raise an error if the example, whose name nobody chose, would replace a file that is not as hadamac wrote it."""
    if not example.exists():
        return
    text = example.read_bytes().decode(errors="replace")
    if text != _signed(text.rpartition(f"\n{_SIGNATURE}")[0]):
        raise DataError(f"Cannot write {example}: it is not as hadamac wrote it; move it away or name another core")


def example_text(core: Core[FlatTop], target: str) -> str:
    """Return a cocotb test of a core, which is also a script that runs the test."""
    block = core.component.block
    plan = block.plan
    (points,) = cast(tuple[int], block.beats_in)  # an FFT has one input, and counts its beats
    if isinstance(block, RealFft):
        expect, out_width = "y, overflow = PLAN.run(x)", plan.width
    else:
        scales = ""
        if plan.scaling == "run-time":  # the place of a halving matters where words inside have one width
            scales = ", schedules" if isinstance(block, IterativeFft) else ", schedules.sum(1)"
        expect, out_width = _EXPECT.format(scales=scales, order=block.order), plan.out_width
    return _signed(_EXAMPLE.format(
        name=core.name, plan=plan, kind=type(plan).__name__, module=type(plan).__module__, points=points,
        out_width=out_width, target=target, expect=expect))


_EXPECT = """schedules = rng.integers(0, 2, (len(x), PLAN.stages))
    y, overflow, exponent = PLAN.run(x, inverse{scales})
    y = y[:, output_bins(N, "{order}")]
    if PLAN.scaling == "run-time":
        user_in |= (schedules << np.arange(1, PLAN.stages + 1)).sum(1)
    if PLAN.scaling == "block":
        user_out += 2 * exponent[:, None]"""


_EXAMPLE = '''"""Plays frames through {name}.v and compares every bit with the prediction.

Run it with python {name}_example.py, in Verilator, or with SIM=icarus in Icarus Verilog.
"""

from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from hadamac.model.fft.orders import output_bins
from {module} import {kind}

PLAN = {plan!r}
N = {points}
PART = -(-PLAN.width // 8) * 8
OUT_PART = -(-{out_width} // 8) * 8


def signed(word, width):
    return word - (1 << width) if word >> (width - 1) else word


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def frames(dut):
    """Noise, a full-scale sine and an impulse; every other frame inverse; a sink that is ready half of the time."""
    full = 2 ** (PLAN.width - 1) - 1
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    noise = rng.integers(-full - 1, full + 1, (2, N)) + 1j * rng.integers(-full - 1, full + 1, (2, N))
    sine = np.rint(full * np.exp(2j * np.pi * 3 * np.arange(N) / N))
    impulse = full * (np.arange(N) == 1)
    x = np.array([noise[0], sine, impulse, noise[1]])
    inverse = np.array([0, 1, 0, 1], dtype=bool)
    user_in, user_out = inverse.astype(int), np.zeros((len(x), N), dtype=int)
    {expect}
    user_out[:, -1] += overflow
    has_user = hasattr(dut, "s_axis_tuser")

    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    dut.rst.value, dut.s_axis_tvalid.value, dut.m_axis_tready.value = 1, 0, 0
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0

    async def send():
        for frame, user in zip(x, user_in):
            for k, z in enumerate(frame):
                mask = (1 << PART) - 1
                dut.s_axis_tdata.value = (int(z.real) & mask) | (int(z.imag) & mask) << PART
                dut.s_axis_tlast.value = int(k == N - 1)
                if has_user:
                    dut.s_axis_tuser.value = int(user) if k == 0 else 0
                dut.s_axis_tvalid.value = 1
                await RisingEdge(dut.clk)
                while not dut.s_axis_tready.value:
                    await RisingEdge(dut.clk)
        dut.s_axis_tvalid.value = 0

    cocotb.start_soon(send())
    for number in range(len(x)):
        for k in range(N):
            while True:
                dut.m_axis_tready.value = ready = int(rng.integers(2))
                await RisingEdge(dut.clk)
                if ready and dut.m_axis_tvalid.value:
                    break
            word = int(dut.m_axis_tdata.value)
            got = complex(signed(word & ((1 << OUT_PART) - 1), OUT_PART), signed(word >> OUT_PART, OUT_PART))
            assert got == y[number, k], f"frame {{number}}, position {{k}}: expected {{y[number, k]}}, got {{got}}"
            assert dut.m_axis_tlast.value == (k == N - 1)
            assert not has_user or dut.m_axis_tuser.value == int(user_out[number, k])
    assert dut.frame_error.value == 0


if __name__ == "__main__":
    from hadamac_hw.sim.simulate import build, run, simulator_from_environment
    from hadamac_hw.base.targets import find_target

    simulator = simulator_from_environment()  # SIM=icarus or SIM=verilator
    target = find_target("{target}")
    text = Path(__file__).with_name("{name}.v").read_text() + (target.models if target else "")
    options = {{"quick": True}} if simulator == "verilator" else {{}}  # compile fast: the simulation is short
    program = build(text, "{name}", Path(__file__).parent / "sim", simulator=simulator, **options)
    result = run(program, "{name}_example")
    print(f"{name}: frames of {{N}}, every bit as predicted ({{', '.join(result.tests)}}; {{simulator}})")
'''
