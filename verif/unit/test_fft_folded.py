# amaranth: UnusedElaboratable=no
"""Plan of the folded FFT: its shared rules give the pipeline's words; cycles, memory, arrivals, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.fft.folded import FoldedPlan
from hadamac.model.fft.plan import FftPlan
from hadamac.numeric import requantise, round_half_even
from hadamac_hw.fft.folded import FoldedFft
from hadamac_hw.fft.streaming import Fft
from support.seeds import refused, rng
from support.stimuli import limits


def plans(r, count: int):
    """Yield plans of every size with random widths and schedules."""
    for k in range(count):
        size = 4 << k % 11
        schedule = r.integers(0, 2, k % 11 + 2) if k % 3 else np.full(k % 11 + 2, k // 3 % 2)
        try:
            yield FftPlan(
                size=size, width=int(r.integers(4, 25)), out_width=int(r.integers(4, 25)),
                twiddle_width=int(r.integers(6, 19)), schedule=schedule.tolist(), guard=int(r.integers(0, 5)),
                operand_width=int(r.choice([10, 16, 18])))
        except DescriptionError:  # a product would have no guard bits
            continue


def test_shared_rules_give_the_words_of_each_product():
    r, seen = rng("rules"), set()
    for plan in plans(r, 300):
        folded = FoldedPlan(plan)
        assert folded.operand.width <= plan.operand_width and folded.lift >= 0
        assert [step for p in folded.passes for step in p if step] == list(plan.steps)
        for k, own in enumerate(folded.products):
            low, high = limits(own.in_width)
            words = np.concatenate([[low, high, 0, -1, 1], r.integers(low, high, 200, endpoint=True)]).astype(float)
            shift = folded.operand_shifts[k] + (0 if k else folded.lift)
            shared, over = requantise(words[:, None] * 2.0**shift, folded.operand)
            spare = 2.0 ** folded.spare[k]
            expected, flag = requantise(words[:, None], own.operand)
            if own.operand.saturates or not folded.operand.saturates:
                np.testing.assert_array_equal(over, flag)
                np.testing.assert_array_equal(np.floor(shared / spare), expected)
            products = r.integers(-(1 << 30), 1 << 30, 200).astype(float)
            np.testing.assert_array_equal(
                round_half_even(products * spare * 2.0 ** folded.product_shifts[k], folded.product.drop),
                round_half_even(products, own.product.drop))
            assert folded.operand_shifts[k] >= 0 and folded.product_shifts[k] >= 0
            assert own.out_width <= folded.product.width <= folded.word
            seen |= {("lift", folded.lift > 0), ("spare", folded.spare[k] > 0 and own.operand.saturates),
                     ("operand", folded.operand_shifts[k] > 0), ("product", folded.product_shifts[k] > 0)}
    assert seen == {(name, value) for name in ("lift", "spare", "operand", "product") for value in (False, True)}


def test_by_default_passes_share_their_rules_without_shifts():
    """So nothing has to be chosen between passes; only a sample may have to be shifted when it is read."""
    for size in (4, 8, 16, 32, 128, 256, 4096):
        for width in (10, 12, 16, 17):
            folded = FoldedPlan(FftPlan(size=size, width=width))
            assert len(set(folded.operand_shifts)) <= 1 and len(set(folded.product_shifts)) <= 1


@pytest.mark.parametrize(("size", "products"), [(4, 0), (8, 1), (16, 1), (32, 2), (64, 2), (128, 3), (4096, 5)])
def test_cycles(size, products):
    """N cycles a pass, twice as many with products or in a last pass that sorts, and the pipeline after each."""
    plan = FftPlan(size=size, width=16)
    folded, stages = FoldedPlan(plan), plan.stages
    assert len(folded.products) == products and folded.multipliers == (2 if products else 0)
    assert folded.sum_latency == 2 + 3  # read, registers, sum
    rounds = 0 if size <= 8 else 1  # of an operand: after one halving all of its 18 bits fit, later they do not
    if products:
        assert folded.product_latency == 1 + rounds + 4 + 1 + 1
    waits = stages * 5 + products * folded.product_latency + 3  # the output is rounded, compared and clipped
    for order, reads in (("bit-reversed", stages + products), ("natural", stages + products + 1)):
        assert folded.interval(order) == size * reads + waits
        last = size if order == "bit-reversed" else 2 * size - 1  # all reads of the last pass but those of its first word
        assert folded.latency(order) == size + 1 + folded.interval(order) - last + 2
    assert folded.interval("centred") == folded.interval("natural")
    assert folded.latency("centred") == folded.latency("natural")


def test_products_at_different_places_take_a_cycle_more():
    folded = FoldedPlan(FftPlan(size=64, width=10, schedule=(0, 1, 0, 1, 0, 1), out_width=16))
    assert len(set(folded.product_shifts)) == 2
    assert folded.product_latency == 1 + 4 + 1 + 1 + 1  # no operand is rounded


def test_memory():
    """Two frames of samples, a frame of words, three quarters of the circle or an octant, and 32 beats in the FIFO."""
    plan = FftPlan(size=32, width=12)
    folded = FoldedPlan(plan)
    assert folded.word == 13 + 2 + 1  # a product with two guard bits, and a sum
    assert folded.memory_bits("natural") == 32 * 2 * (24 + folded.word) + 24 * 2 * 16 + 32 * 25
    assert folded.memory_bits("bit-reversed") == folded.memory_bits("natural")
    assert FoldedPlan(FftPlan(size=4, width=12)).memory_bits("natural") == 4 * 2 * (24 + 13) + 32 * 25
    large = FoldedPlan(FftPlan(size=2048, width=12))
    assert large.memory_bits("natural") == 2048 * 2 * (24 + large.word) + 257 * 2 * 16 + 32 * 25


@pytest.mark.parametrize("order", ("natural", "bit-reversed", "centred"))
@pytest.mark.parametrize("size", (4, 32, 64))
def test_arrivals(size, order):
    folded = FoldedPlan(FftPlan(size=size, width=16))
    step = 1 if order == "bit-reversed" else 2
    latency, interval = folded.latency(order), folded.interval(order)
    frame = latency + step * np.arange(size)
    # Beats that are always offered: frames follow each other at the interval.
    times = folded.arrivals(np.arange(4 * size), order)
    np.testing.assert_array_equal(times, (frame + interval * np.arange(4)[:, None]).reshape(-1))
    # Beats that come slowly: a frame follows its last beat.
    slow = 3 * interval * np.arange(3)[:, None] + 2 * np.arange(size)
    np.testing.assert_array_equal(folded.arrivals(slow.reshape(-1), order).reshape(3, -1),
                                  slow[:, -1:] - (size - 1) + frame)
    # The next frame comes when the engine is nearly done with the first: it begins as soon as it is loaded.
    late = np.concatenate([np.arange(size), interval + 5 + np.arange(size)])
    assert folded.arrivals(late, order)[size] == latency + interval + 5


def test_the_block_has_the_figures_of_the_plan():
    plan = FftPlan(size=32, width=12, out_width=14)
    block = FoldedFft(plan, inverse=True, order="bit-reversed")
    folded = FoldedPlan(plan)
    assert (block.latency, block.interval) == (folded.latency("bit-reversed"), folded.interval("bit-reversed"))
    assert (block.multipliers, block.frame) == (2, (32, 32))
    x = np.random.default_rng(1).integers(-2048, 2048, (3, 32)) * (1 + 1j)
    np.testing.assert_array_equal(block.model(x), Fft(plan, inverse=True, order="bit-reversed").model(x))
    assert FoldedFft(size=32, width=12).plan == FftPlan(size=32, width=12)


@pytest.mark.parametrize("scaling", ("full", "run-time", "block"))
def test_refusals_of_scalings(scaling):
    with refused(f"FoldedFft scaling must be schedule, not {scaling!r}", DescriptionError):
        FoldedPlan(FftPlan(size=16, width=16, scaling=scaling))


def test_refusals():
    with refused("FoldedFft plan must be an FftPlan, not 16", DescriptionError):
        FoldedPlan(16)
    with refused("FoldedFft plan must be an FftPlan, not 16", DescriptionError):
        FoldedFft(16)
    with refused("FoldedFft takes a plan or parameters, not both", DescriptionError):
        FoldedFft(FftPlan(size=16, width=16), width=16)
    with refused("Fft order must be natural, bit-reversed or centred, not 'odd'", DescriptionError):
        FoldedFft(size=16, width=16, order="odd")
    with refused("FFT size must be a power of two from 4 to 4096, not 12", DescriptionError):
        FoldedFft(size=12, width=16)
