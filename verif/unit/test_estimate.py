"""The estimate: folding, intervals, multipliers and memory against formulas written out here."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac import timing
from hadamac.arrivals import double_buffer, lag, starts, transfers
from hadamac.cost.estimate import Plan, estimate, plan
from hadamac.errors import FitError
from hadamac.model.fft.orders import bit_reversed, output_bins, reorder_lag
from hadamac.model.fft.plan import SCALINGS, FftPlan
from hadamac.model.fft.steps import Twiddle
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool
from support import tiny
from support.seeds import refused, rng


def network(size, pools, channels, outputs, kernel=3) -> Network:
    layers = []
    for c, m in zip(channels, pools):
        layers += [SpectralConv(channels=c, kernel=kernel), SpectralPool(size=m), Activation()]
    return Network(name="estimate", shape=(1, size, size), layers=(*layers, Dense(outputs=outputs)))


def quantised(*arguments, preset="halving"):
    return tiny.quantised(network(*arguments), rng("estimate"), preset, count=8)


def test_stages_of_the_two_group_network():
    q = quantised(16, (8, 4), (2, 4), 5)
    e = estimate(q, Plan((1, 2), 3))
    assert [s.name for s in e.stages] == ["input", "fft0", "hadamard0", "ifft0", "relu0", "fft1", "hadamard1", "ifft1",
                                          "relu1", "dense"]
    intervals = {s.name: s.interval for s in e.stages}
    # bins: 7 x 4 and 3 x 2; maps of 16, 8, 4; two reals a beat
    assert intervals == {"input": 256, "fft0": 128, "hadamard0": 2 * 28, "ifft0": 2 * 32, "relu0": 2 * 32,
                         "fft1": 2 * 32, "hadamard1": 4 * 6 * 2 // 2, "ifft1": 4 * 8, "relu1": 4 * 8, "dense": 2 * 64}
    multipliers = {s.name: s.multipliers for s in e.stages}
    # 16 points: one complex product, 8: one, 4: none
    assert multipliers == {"input": 0, "fft0": 8, "hadamard0": 4, "ifft0": 8, "relu0": 0, "fft1": 8, "hadamard1": 8,
                           "ifft1": 0, "relu1": 0, "dense": 3}
    assert e.interval == 256 and e.multipliers == 39
    assert e.latency == e.stages[-1].first_output + timing.SLICE
    assert e.memory_bits == sum(s.memory_bits for s in e.stages)
    firsts = [s.first_output for s in e.stages]
    assert firsts == sorted(firsts) and firsts[0] == timing.GUARD + 16 + timing.RAM + timing.FIFO
    # A ReLU is a multiplexer: it has no memory and takes no time.
    assert all((s.memory_bits > 0) != s.name.startswith("relu") for s in e.stages)
    assert firsts[4] == firsts[3] and firsts[8] == firsts[7]


def test_fewest_lanes_that_keep_up():
    q = quantised(16, (8, 4), (2, 4), 5)
    assert plan(q) == Plan((1, 1), 2)  # dense: 5 outputs of 64 reals in 256 cycles
    assert plan(q, 320) == Plan((1, 1), 1)
    for folding in (plan(q), plan(q, 320), plan(q, 10**9)):
        assert estimate(q, folding).interval <= 320
    with refused("Interval must be at least 256 cycles (stage input), not 255", FitError):
        plan(q, 255)
    # 8 maps of 8 x 8 (the transforms take 256 cycles, the input 64) and 16 of 4 x 4: all lanes count
    q = quantised(8, (8, 4), (8, 16), 3)
    assert plan(q) == Plan((1, 4), 3)
    assert estimate(q).interval == 256
    assert [s.interval for s in estimate(q).stages if s.name.startswith("hadamard")] == [8 * 28, 16 * 6 * 2]


def test_a_dense_layer_may_be_the_slowest_stage():
    """One value a cycle, whatever the lanes: then it sets the interval, and nothing is refused."""
    q = quantised(8, (8,), (8,), 3)
    assert plan(q) == Plan((1,), 3)
    assert estimate(q).interval == 8 * 64
    with refused("Interval must be at least 512 cycles (stage dense), not 511", FitError):
        plan(q, 511)
    # 20 outputs of 16 reals: at most 16 lanes are of use, hence two rounds
    q = quantised(4, (4,), (1,), 20)
    assert plan(q) == Plan((1,), 10) and estimate(q).interval == 32


def test_a_slow_product_costs_latency_by_its_own_pace():
    q = tiny.quantised(tiny.wide(), rng("estimate"), "halving", count=8)
    slow, fast = estimate(q, Plan((1, 1), 3)), estimate(q, Plan((1, 4), 3))
    assert (slow.interval, slow.stages[6].name, slow.stages[6].interval) == (448, "hadamard1", 448)
    assert fast.latency < slow.latency


# Cycles a frame, two channels, as formulas: whole half-spectra are 16 x 9 bins, radius r is 2r+1 x r+1.
WHOLE, R1, R2, R3, R4, MAPS = 16 * 9, 3 * 2, 5 * 3, 7 * 4, 9 * 5, 16 * 16 // 2
INTERVALS = {
    "relu_pool": {"fft0": WHOLE, "hadamard0": 2 * WHOLE, "ifft0": 2 * WHOLE, "relu0": 2 * MAPS, "fft1": 2 * MAPS,
                  "dense": 2 * R3 * 2 * 2},  # one lane of three outputs is two rounds
    "normalise_pool": {"fft0": WHOLE, "hadamard0": 2 * WHOLE, "normalise0": 2 * WHOLE, "crop0": 2 * WHOLE,
                       "hard-tanh0": 2 * R2, "dense": 2 * R2 * 2 * 3},
    "band": {"fft0": MAPS, "hadamard0": 2 * R4, "ifft0": 2 * MAPS, "leaky0": 2 * MAPS, "fft1": 2 * MAPS,
             "hadamard1": 4 * R3, "dense": 2 * R3 * 2 * 2},
    "modulus": {"fft0": WHOLE, "hadamard0": 2 * WHOLE, "normalise0": 2 * WHOLE, "crop0": 2 * WHOLE, "modulus0": 2 * R2,
                "hadamard1": 4 * R2, "dense": 2 * R2 * 2 * 3},
    "max_pool": {"fft0": WHOLE, "hadamard0": 2 * WHOLE, "ifft0": 2 * WHOLE, "sigmoid0": 2 * MAPS, "max_pool0": 2 * MAPS,
                 "fft1": 2 * 8 * 5, "hadamard1": 4 * 8 * 5, "normalise0": 2 * 45, "ifft1": 2 * 8 * 5, "silu0": 2 * 32,
                 "dense": 2 * 64 * 2},  # the statistics of a channel take 45 cycles, longer than its 40 bins
    "quadratic": {"fft0": WHOLE, "hadamard0": 2 * WHOLE, "ifft0": 2 * WHOLE, "quadratic0": 2 * MAPS, "fft1": 2 * MAPS,
                  "hadamard1": 4 * R1, "ifft1": 2 * 8, "quadratic1": 2 * 8, "dense": 2 * 16 * 3},
}
# Of two parts of a bin or two pixels a beat; a product with real weights has two.
MULTIPLIERS = {"relu": 0, "crop": 0, "max_pool": 0, "normalise": 6, "hard-tanh": 2, "leaky": 2, "sigmoid": 2, "silu": 2,
               "modulus": 2, "quadratic": 4}


@pytest.mark.parametrize("name", list(INTERVALS))
def test_stages_of_every_kind(name):
    q = tiny.quantised(tiny.kinds()[name], rng("estimate", name), count=8)
    e = estimate(q)
    assert {s.name: s.interval for s in e.stages} == {"input": 256} | INTERVALS[name]
    lanes = [*plan(q).hadamard]
    for s, of in zip(e.stages[1:], q.stages, strict=True):
        kind = s.name.rstrip("0123456789")
        if kind == "hadamard":
            assert s.multipliers == (2 if of.stage.layer.real else 4) * lanes.pop(0)
        elif kind in MULTIPLIERS:
            assert s.multipliers == MULTIPLIERS[kind], kind
    firsts = [s.first_output for s in e.stages]
    assert firsts == sorted(firsts) and e.latency == firsts[-1] + timing.SLICE
    # What has to wait for a frame's end cannot answer before its last word has come.
    for k, s in enumerate(e.stages):
        if s.name.startswith(("hadamard", "normalise")):
            assert s.first_output > e.stages[k - 1].first_output + e.stages[k - 1].interval // q.stages[k - 1].stage.channels / 2


def test_what_is_left_of_a_block_leaves_by_itself():
    # Blocks of 4, 2 of which stay until the block is complete; a pause within the second block stops only that.
    times = lag(np.array([0, 1, 2, 3, 4, 20, 21, 30]), 4, 2)
    assert times.tolist() == [2, 3, 4, 5, 21, 30, 31, 32]


@pytest.mark.parametrize("size", (4, 8, 16, 64, 1024))
@pytest.mark.parametrize("order", ("natural", "centred"))
def test_reorder_lag(size, order):
    """The least lag with which no bin is read before it was written; (sqrt N - 1)**2 + 1 for even log2 N."""
    least = reorder_lag(size, order)
    written = np.argsort(bit_reversed(size))[output_bins(size, order)]
    assert (least + np.arange(size) > written).all()
    assert (least - 1 + np.arange(size) <= written).any()
    if order == "natural" and (size.bit_length() - 1) % 2 == 0:
        assert least == (int(size**0.5) - 1) ** 2 + 1
    assert reorder_lag(size, "bit-reversed") == 0


def test_fft_latency_formula():
    """N - 1 samples of delay lines, the reorder, two cycles a butterfly, and so on."""
    plan4 = FftPlan(size=4, width=12)
    assert plan4.pipeline("bit-reversed") == 2 + 2 + 2 + 3
    assert plan4.latency("bit-reversed") == 1 + 3 + 9 + 2
    assert plan4.latency("natural") == 1 + 3 + 2 + 9 + 4 + 5  # four to reorder, and a long FIFO
    plan32 = FftPlan(size=32, width=12)
    product = 1 + 4 + 2  # twice
    assert [s.latency for s in plan32.steps if isinstance(s, Twiddle)] == [product, product]
    assert plan32.pipeline("bit-reversed") == 2 + 5 * 2 + 2 * product + 3


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("order", ("natural", "bit-reversed", "centred"))
def test_the_first_beat_of_an_fft_leaves_after_its_latency(scaling, order):
    for size in (4, 32, 256):
        fft = FftPlan(size=size, width=16, scaling=scaling)
        times = fft.arrivals(np.arange(3 * size), order)
        np.testing.assert_array_equal(times, fft.latency(order) + np.arange(3 * size))  # and at full rate


def test_memory_of_an_fft():
    """Delay lines of 4 words and more, tables, two frames to be reordered, a FIFO."""
    plan4 = FftPlan(size=4, width=12)
    assert plan4.memory_bits("bit-reversed") == 32 * 25  # 10 cycles in flight, twice 14 words
    plan32 = FftPlan(size=32, width=12)
    lines = 16 * 2 * 13 + 8 * 2 * plan32.steps[2].out_width + 4 * 2 * plan32.steps[3].out_width
    assert plan32.memory_bits("bit-reversed") == lines + (32 + 16) * 2 * 16 + (128 + 16) * 25
    assert plan32.memory_bits("natural") - plan32.memory_bits("bit-reversed") == 2 * 32 * 2 * 12
    block = FftPlan(size=32, width=12, scaling="block")  # its words are rounded after the memory, whose FIFO is as long
    word = block.steps[-1].out_width
    assert word > 12 and block.memory_bits("natural") == block.memory_bits("bit-reversed") > 2 * 32 * 2 * word


def test_fifo_depth_covers_twice_what_may_be_in_flight():
    for inflight in range(200):
        depth = timing.fifo_depth(inflight)
        assert depth & (depth - 1) == 0 and depth >= max(16, 2 * (inflight + 4)) and depth < max(17, 4 * (inflight + 4))


def test_transfers_and_double_buffer():
    available = np.array([5, 5, 6, 20, 21, 9])
    assert transfers(available).tolist() == [5, 6, 7, 20, 21, 22]
    # Halves of 2 writes and 3 reads, a beat every cycle: reads set the pace, and writes wait for a free half.
    times = double_buffer(np.arange(8), 2, 3)
    assert times.tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    # Slow writes: reads of a half begin the cycle after it is full.
    assert double_buffer(np.array([0, 10, 20, 30]), 2, 2).tolist() == [11, 12, 31, 32]


def test_starts_of_a_reader():
    # One part of two beats that is free again after 3 cycles: the next two are written then, and the start waits for 7.
    assert starts(np.arange(6), 2, halves=1, frees=3, busy=7).tolist() == [2, 9, 16]
    assert starts(np.arange(6), 2, halves=1, frees=6, busy=7).tolist() == [2, 10, 18]
    # With two parts, the frame after the next is written while the first is read.
    assert starts(np.arange(6), 2, halves=2, frees=6, busy=7).tolist() == [2, 9, 16]
    assert starts(np.array([0, 1, 30, 40]), 2, halves=1, frees=6, busy=7).tolist() == [2, 41]


def test_more_lanes_never_make_it_later():
    q = quantised(16, (8, 4), (4, 4), 6, preset="default")
    last = None
    for lanes in (1, 2, 4):
        e = estimate(q, Plan((1, lanes), lanes))
        assert last is None or (e.latency <= last.latency and e.multipliers > last.multipliers)
        last = e
