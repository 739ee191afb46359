"""The test bench itself: it passes a correct block and finds each seeded bug, by name."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Const, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from hadamac_hw.base.emit import emit
from hadamac_hw.sim.beats import Beats, from_limbs, to_limbs, unsigned
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.simulate import SimulationFailure

WIDTH = 72
LATENCY = 2
MASK = (1 << WIDTH) - 1


class Skid(Component):
    """Two registers with full throughput: adds 1 to each word; `bug` names what is wrong with it."""

    def __init__(self, *, bug: str | None = None):
        self.bug = bug
        super().__init__(
            {
                "s_axis_tdata": In(WIDTH),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(WIDTH),
                "m_axis_tvalid": Out(1, init=bug == "reset"),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        middle, middle_last, middle_valid = Signal(WIDTH), Signal(), Signal()
        advance = Signal()
        count, dropped = Signal(8), Signal()
        m.d.comb += advance.eq(~self.m_axis_tvalid | self.m_axis_tready)
        open_ = (count != 30) if self.bug == "hang" else Const(1)
        m.d.comb += self.s_axis_tready.eq(advance & open_)
        taken = self.s_axis_tvalid & open_
        if self.bug == "drop":
            taken = self.s_axis_tvalid & ~((count == 20) & ~dropped)
            m.d.sync += dropped.eq(dropped | (self.s_axis_tvalid & advance & (count == 20)))
        with m.If(advance):
            m.d.sync += [
                count.eq(count + taken),
                middle.eq(self.s_axis_tdata + 1),
                middle_last.eq(self.s_axis_tlast),
                middle_valid.eq(taken),
                self.m_axis_tdata.eq(middle),
                self.m_axis_tlast.eq(middle_last),
                self.m_axis_tvalid.eq(middle_valid),
            ]
        if self.bug == "unsteady":
            with m.If(self.m_axis_tvalid & ~self.m_axis_tready):
                m.d.sync += self.m_axis_tdata.eq(self.m_axis_tdata ^ 1)
        if self.bug == "falls":
            with m.If(self.m_axis_tvalid & ~self.m_axis_tready):
                m.d.sync += self.m_axis_tvalid.eq(0)
        if self.bug == "waits":  # offers nothing until it is asked
            with m.If(~self.m_axis_tready & ~self.m_axis_tvalid):
                m.d.comb += advance.eq(0)
        return m


def stutter_top() -> str:
    """A block that takes one beat in four cycles, for the interval."""

    class Stutter(Skid):
        def elaborate(self, platform):
            m = Module()
            phase = Signal(2)
            m.d.comb += self.s_axis_tready.eq((phase == 0) & ~self.m_axis_tvalid)
            with m.If(self.m_axis_tvalid & self.m_axis_tready):
                m.d.sync += self.m_axis_tvalid.eq(0)
            with m.If(phase != 0):
                m.d.sync += phase.eq(phase + 1)
            with m.If(self.s_axis_tvalid & self.s_axis_tready):
                m.d.sync += [
                    phase.eq(1),
                    self.m_axis_tvalid.eq(1),
                    self.m_axis_tdata.eq(self.s_axis_tdata + 1),
                    self.m_axis_tlast.eq(self.s_axis_tlast),
                ]
            return m

    return emit(Stutter(), "stutter")


def frames(count: int = 6, length: int = 16) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(3)
    words = [int.from_bytes(rng.bytes(9), "little") for _ in range(count * length)]
    words[0] = MASK
    return words, [(word + 1) & MASK for word in words]


@cache
def skid(bug: str | None) -> str:
    return emit(Skid(bug=bug), "skid")


def play(bug: str | None, **options):
    words, expected = frames()
    case = {"input": words, "expected": expected, "input_frame": 16, "expected_frame": 16} | options
    return run_case(skid(bug), "skid", patience=200, **case)


def test_correct_block_passes_the_whole_matrix():
    results = play(None, expected_latency=LATENCY, expected_interval=16)
    assert list(results) == ["none", "idle", "stall", "both", "bursts", "shy"]
    none = results["none"]
    assert (none.latency, none.interval) == (LATENCY, 16)
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + LATENCY)
    np.testing.assert_array_equal(np.diff(none.output_cycles), 1)
    assert none.words == frames()[1]
    for name in ("idle", "stall", "both", "bursts", "shy"):
        assert results[name].latency is None
        assert results[name].cycles > none.cycles


def test_reset_in_mid_frame_and_gaps():
    play(None, reset_after=5, stalls=["none", "both"])
    results = play(None, frame_gap=7, stalls=["none"], expected_interval=23)
    assert results["none"].interval == 23


def test_interval_of_a_slow_block():
    words, expected = frames()
    words, expected = (np.array(column, dtype=object).reshape(6, 16) for column in (words, expected))
    results = run_case(
        stutter_top(), "stutter", input=words, expected=expected, expected_latency=1, expected_interval=64
    )
    assert results["none"].interval == 64


@pytest.mark.parametrize(
    ("bug", "stall", "message"),
    [
        ("drop", "none", r"STUCK; s_axis took 96 of 96 beats \(the last in cycle 96\); m_axis gave 95 beats"),
        ("unsteady", "stall", r"skid: m_axis, beat \d+, cycle \d+: payload changed before the transfer, from 0x\w+"),
        ("falls", "stall", r"skid: m_axis, beat \d+, cycle \d+: valid fell before the transfer"),
        ("hang", "none", r"STUCK; s_axis took 30 of 96 beats"),
        ("waits", "shy", r"STUCK; s_axis took \d of 96 beats; m_axis gave 0 beats"),
        ("reset", "none", r"skid: m_axis is valid during reset"),
    ],
)
def test_seeded_bug_is_found(bug, stall, message):
    message = message.replace("STUCK", r"skid: nothing moved for 200 cycles up to cycle \d+")
    with pytest.raises(SimulationFailure, match=message):
        play(bug, stalls=[stall])


def fails_with(message: str, **options) -> str:
    with pytest.raises(SimulationFailure, match=re.escape(message)) as failure:
        play(None, **options)
    return str(failure.value)


def test_wrong_timing_is_named():
    fails_with("latency (first input to first output) must be 3 cycles, not 2", expected_latency=3, stalls=["none"])
    fails_with("interval (from frame to frame) must be 17 cycles, not 16", expected_interval=17, stalls=["none"])


def test_wrong_values_are_named():
    words, expected = frames()
    wrong = list(expected)
    wrong[37] ^= 5 << 68
    text = fails_with(f"frame 2, index 5, payload: expected 0x{wrong[37]:018x} = ", expected=wrong, stalls=["idle"])
    assert f"got 0x{expected[37]:018x} = " in text
    assert "skid [m_axis, stalls: idle]: 1 values differ" in text
    slipped = [*expected[:20], 7, *expected[20:-1]]
    fails_with("it looks as if this beat was dropped", expected=slipped, stalls=["none"])
    fails_with("95 beats expected, 96 received", expected=expected[:-1], expected_frame=5, stalls=["none"])
    wide = [*words[:3], 1 << 72, *words[4:]]
    fails_with("beat 3 is 0x1000000000000000000, which does not fit in 72 bits", input=wide, stalls=["none"])


def test_same_seed_same_cycles():
    first, again, other = (play(None, stalls=["both"], seed=seed)["both"].output_cycles for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert first.shape == other.shape and (first != other).any()


def test_words_of_any_width_survive_the_case_file():
    words = unsigned([-1, 0, 1, (1 << 199) - 1, -(1 << 199)], 200)
    assert from_limbs(to_limbs(words)) == words
    assert words[0] == (1 << 200) - 1
    with pytest.raises(ValueError, match=r"^Word 256 does not fit in 8 bits$"):
        unsigned([256], 8)
    with pytest.raises(ValueError, match=r"^7 beats do not make whole frames of 2$"):
        Beats.of(range(7), frame=2)
