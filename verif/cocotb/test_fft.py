# amaranth: UnusedElaboratable=no
"""Streaming FFT as emitted: every bit of adversarial frames, under every stall, with any gap, on time."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Shape

from hadamac.model.fft import cycles
from hadamac.model.fft.orders import bit_reversed
from hadamac.model.fft.plan import FftPlan
from hadamac_hw.fft.streaming import Fft
from support.cores import Core
from support.phases import Phase, play_phases
from support.seeds import rng
from support.stimuli import nasty, uniform

NATURAL, REVERSED = "natural", "bit-reversed"

CENTRED = "centred"

CORES = {
    "fft4": (FftPlan(size=4, width=10), NATURAL, False),
    "fft4_centred": (FftPlan(size=4, width=12), CENTRED, False),
    "fft32_centred": (FftPlan(size=32, width=12), CENTRED, True),
    "fft4_zeros": (FftPlan(size=4, width=16, out_width=12, schedule=(0, 0)), REVERSED, True),
    "fft8": (FftPlan(size=8, width=12), REVERSED, False),
    "fft8_zeros": (FftPlan(size=8, width=10, schedule=(0, 0, 0), twiddle_width=10), NATURAL, True),
    "fft16": (FftPlan(size=16, width=18), NATURAL, True),  # as wide as a multiplier
    "fft16_steep": (FftPlan(size=16, width=12, schedule=(0, 0, 1, 1), guard=0), REVERSED, False),
    "fft32": (FftPlan(size=32, width=10, out_width=12, schedule=(0, 1, 0, 0, 1)), NATURAL, False),
    "fft32_narrow": (FftPlan(size=32, width=16, operand_width=12, twiddle_width=10), REVERSED, False),
    "fft64": (FftPlan(size=64, width=16), NATURAL, False),
    "fft64_zeros": (FftPlan(size=64, width=17, schedule=(0,) * 6), NATURAL, True),
    "fft256": (FftPlan(size=256, width=12), NATURAL, False),
}


def prepare(name: str):
    plan, order, inverse = CORES[name]
    core = Core(Fft(plan, inverse=inverse, order=order), name)
    x = nasty(rng(name), plan.width, plan.size, inverse)
    y, over, _ = plan.run(x, inverse)
    y = {NATURAL: y, REVERSED: y[:, bit_reversed(plan.size)], CENTRED: np.fft.fftshift(y, axes=-1)}[order]
    np.testing.assert_array_equal(core.block.model(x), y)
    return core, x, y, over


def selection(over, clean: int, loud: int):
    """Return the indices of some frames without and some with overflow, in their order."""
    return np.sort(np.concatenate([np.flatnonzero(~over)[:clean], np.flatnonzero(over)[:loud]]))


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    core, x, y, over = prepare(name)
    size = core.block.plan.size
    if size > 32:  # the shorter the frame, the more of them
        keep = selection(over, *((4, 3) if size > 64 else (6, 5)))
        x, y, over = x[keep], y[keep], over[keep]
    assert over.any() and not over.all()
    results = core.play_all(x, y, over, interval=size)
    np.testing.assert_array_equal(np.diff(results["none"].output_cycles), 1, "frames back to back leave without a hole")
    np.testing.assert_array_equal(np.diff(results["shy"].output_cycles), 2, "half the rate: the FIFO never runs empty")


@pytest.mark.parametrize(("name", "gaps"), [("fft4", (1, 2, 5)), ("fft8", (1, 4, 7, 8)), ("fft16", (3, 13, 17, 50))])
def test_frames_any_gap_apart(name, gaps):
    """Every frame has the same bits and the same latency, whatever the gap before it, and the last one is sent too."""
    core, x, y, over = prepare(name)
    keep = selection(over, 4, 0)
    for gap in gaps:
        results = core.play(x[keep], y[keep], stalls=["none"], frame_gap=gap, expected_interval=x.shape[1] + gap)
        taken, given = results["none"].input_cycles, results["none"].output_cycles
        np.testing.assert_array_equal(given - taken, core.block.latency + 1)
    alone = core.play(x[keep[:1]], y[keep[:1]], stalls=["none"])["none"]
    np.testing.assert_array_equal(alone.output_cycles - alone.input_cycles, core.block.latency + 1)


@pytest.mark.parametrize("name", ["fft8", "fft16", "fft64"])
def test_a_frame_leaves_whole_though_the_next_one_pauses(name):
    """It leaves at full rate, whatever part of the next frame is inside already."""
    core, x, y, over = prepare(name)
    size = core.block.plan.size
    a, b = np.flatnonzero(~over)[:2]
    for part in (1, size // 2, size // 2 + 1, size - 1):
        sent = np.concatenate([x[a], x[b][:part]])
        last = np.arange(len(sent)) == size - 1
        results = core.play(sent[None], y[a][None], stalls=["none", "both"], input_last=last)
        np.testing.assert_array_equal(np.diff(results["none"].output_cycles), 1)


def test_an_operand_that_saturates_is_flagged_though_the_output_fits():
    """Four samples add up to four times full scale before the first product; later shifts bring the result back."""
    core, x, _, _ = prepare("fft16_steep")
    frames = np.zeros((3, 16), dtype=complex)
    frames[1, 1::4] = 2047 * (1 + 1j)
    y, over, _ = core.block.plan.run(frames)
    assert over.tolist() == [False, True, False] and np.abs(y.real).max() < 2**11 - 1 > np.abs(y.imag).max()
    core.play(frames, core.block.model(frames), overflow=True, stalls=["none", "both"])


@pytest.mark.parametrize(("size", "order", "options"), [
    (4, NATURAL, {}), (8, REVERSED, {"schedule": (0, 1, 1)}), (16, CENTRED, {"schedule": (0, 0, 1, 1), "guard": 0}),
    (32, NATURAL, {"schedule": (0, 1, 0, 0, 1)}), (64, NATURAL, {}),
])
def test_direction_and_overflow_of_each_frame(size, order, options):
    """`tuser` of a frame's first beat in is its direction, that of its last beat out tells whether it saturated.

    On other beats it is ignored at the input and low at the output.
    """
    r = rng("user", size)
    block = Fft(size=size, width=12, order=order, stand_alone=True, **options)
    core = Core(block, f"fft{size}_user")
    x = nasty(r, 12, size)
    x = x[r.permutation(len(x))[:24]]
    inverse = r.integers(0, 2, len(x)).astype(bool)
    over = block.plan.run(x, inverse)[1]
    assert 0 < over.sum() < len(x) and 0 < inverse.sum() < len(x)
    user = r.integers(0, 2, x.shape)
    user[:, 0] = inverse
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    core.play(x, block.model(x, inverse), overflow=True, user=user, expected_user=flags,
              expected_latency=block.latency, expected_interval=size)


GROWING = [
    (4, NATURAL, "full", {}), (16, REVERSED, "full", {}), (64, CENTRED, "full", {"width": 22, "operand_width": 12}),
    (32, NATURAL, "full", {"out_width": 14, "operand_width": 13}), (32, REVERSED, "full", {"width": 24}),
    (4, NATURAL, "run-time", {}), (8, REVERSED, "run-time", {"guard": 0}), (64, NATURAL, "run-time", {"width": 20}),
    (4, REVERSED, "block", {}), (16, NATURAL, "block", {"operand_width": 14}), (32, CENTRED, "block", {"out_width": 8}),
    (64, REVERSED, "block", {"operand_width": 12, "guard": 0}),
    (64, NATURAL, "block", {"width": 16, "twiddle_width": 18}),
]
"""First products of one and of two multipliers; later ones with mantissas of up to 3, 15 and 31 shifts."""


@pytest.mark.parametrize(("size", "order", "scaling", "options"), GROWING)
def test_scales_other_than_a_fixed_schedule(size, order, scaling, options):
    """Frames have full growth, a schedule loaded with each, or a block exponent given with each; in both directions."""
    r = rng("scaling", size, scaling)
    block = Fft(**({"size": size, "width": 12, "order": order, "scaling": scaling, "stand_alone": True} | options))
    core, plan = Core(block, f"fft{size}_{scaling.replace('-', '_')}_{block.plan.width}"), block.plan
    x = nasty(r, plan.width, size)
    x = x[r.permutation(len(x))[: 16 if plan.width < 16 else 8]]
    inverse = r.integers(0, 2, len(x)).astype(bool)
    schedule, ones = r.integers(0, 2, (len(x), plan.stages)), None
    user = r.integers(0, 1 << Shape.cast(block.i.payload.shape()["user"].shape).width, x.shape)
    user[:, 0] = inverse
    if scaling == "run-time":
        ones = schedule.sum(1)
        user[:, 0] += (schedule << np.arange(1, plan.stages + 1)).sum(1)
    _, over, exponent = plan.run(x, inverse, ones)
    assert over.any() == (scaling == "run-time" or "out_width" in options and scaling == "full")
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    if scaling == "block":
        assert len(set(exponent)) > 2
        flags += 2 * exponent[:, None]
    y = block.model(x, inverse, ones)
    core.play(x, y, overflow=over.any(), user=user, expected_user=flags, expected_latency=block.latency,
              expected_interval=size)
    core.play(x[:5], y[:5], overflow=over[:5].any(), user=user[:5], expected_user=flags[:5], frame_gap=size + 3,
              stalls=["none", "both"])


@pytest.mark.parametrize("size", [32, 64])
def test_a_table_of_one_octant(size, monkeypatch):
    """Long transforms have such a table; forced on short ones, it gives the same bits, a cycle later for each product."""
    whole = Fft(size=size, width=12)
    monkeypatch.setattr(cycles, "FULL_TABLE", 8)
    block = Fft(size=size, width=12)
    assert block.latency == whole.latency + 2  # of two products
    core = Core(block, f"fft{size}_octants")
    x = nasty(rng("octants", size), 12, size)[4:12]
    _, over, _ = block.plan.run(x)
    core.play(x, block.model(x), overflow=over.any(), stalls=["none", "both"], expected_latency=block.latency + 1,
              expected_interval=size)


def test_4096_points():
    block = Fft(size=4096, width=16, twiddle_width=18, stand_alone=True)
    x = uniform(rng("4096"), 16, 2, 4096)
    y, over, _ = block.plan.run(x)
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    Core(block, "fft4096").play(x, y, overflow=over.any(), user=0 * flags, expected_user=flags, stalls=["none"],
                                expected_latency=block.latency, expected_interval=4096)


@pytest.mark.parametrize("order", [NATURAL, REVERSED])
def test_a_late_overflow_stays_with_its_frame(order):
    """The last bins of one frame saturate; none of the many frames after it is flagged.

    After a reset of one cycle, in mid-frame and among frames that saturate, no flag is left.
    """
    block = Fft(size=8, width=12, order=order, schedule=(0, 1, 1), stand_alone=True)
    core = Core(block, f"fft8_late_{order[:3]}")
    x = np.zeros((24, 8), dtype=complex)
    n, full = np.arange(8), 2047
    for frame, k in ((1, 7), (4, 3)):  # bit-reversed, bin 7 is the last and bin 3 the one before
        x[frame] = np.rint(full * np.exp(2j * np.pi * k * n / 8))
    over = block.plan.run(x)[1]
    assert np.flatnonzero(over).tolist() == [1, 4]
    flags = np.zeros(x.shape, dtype=int)
    flags[:, -1] = over
    core.play(x, block.model(x), overflow=True, user=np.zeros(x.shape, dtype=int), expected_user=flags,
              stalls=["none", "both"])
    loud, quiet = x[[1, 4] * 4], x[5:8]
    sent, silence = (core.beats(f, block.i, user=np.zeros(f.shape, dtype=int)) for f in (loud, quiet))
    phases = []
    for cut in range(32, 64, 3):
        phases += [Phase(sent, core.beats(loud, block.o), cut=cut),
                   Phase(silence, core.beats(quiet, block.o), final={"overflow": 0, "frame_error": 0}, reset=1)]
    play_phases(core.verilog, core.name, phases, zero=("overflow", "frame_error", "m_axis_tvalid"))


@pytest.mark.parametrize("stand_alone", [False, True])
def test_broken_frames_at_the_core_s_port(stand_alone):
    """A short frame is filled with zeros, a long one cut; both raise frame_error, and the frames after are clean."""
    block = Fft(size=8, width=12, stand_alone=stand_alone)
    core, size = Core(block, f"fft8_broken_{stand_alone}"), 8
    x = nasty(rng("broken"), 12, size)
    clean = x[~block.plan.run(x)[1]][:4]
    half, one, cut, long = clean[1].copy(), clean[2].copy(), clean[3].copy(), clean[2]
    half[size // 2 :], one[1:], cut[-1] = 0, 0, 0
    whole = [clean[0], half, clean[3], long, clean[0], one, one, cut, long, half, clean[1]]
    frames = [clean[0], half[: size // 2], clean[3], np.concatenate([long, long[:3]]), clean[0], one[:1], one[:1],
              cut[:-1], np.concatenate([long, cut[:1]]), half[: size // 2], clean[1]]
    sent = np.concatenate(frames)
    last = np.zeros(len(sent), dtype=int)
    last[np.cumsum([len(f) for f in frames]) - 1] = 1
    y = block.model(np.array(whole))
    core.play(sent[None], y, frame_error=True, input_last=last, stalls=["none", "both", "bursts"])
    core.play(clean, block.model(clean), stalls=["none"])
