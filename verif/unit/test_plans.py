# amaranth: UnusedElaboratable=no
"""Costs that plans own: multipliers and memories are those that the circuit instantiates."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Fragment

from hadamac import timing
from hadamac.model.modrelu import ModRelu as ModReluPlan
from hadamac.model.normalise import STEPS, NormalisePlan, live_multiplicity
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.model.pwl.fitting import FUNCTIONS, fit
from hadamac.model.quadratic import quadratic_plan
from hadamac.numeric import SQ
from hadamac_hw.base.primitives import Multiplier, Ram
from hadamac_hw.layers.modrelu import ModRelu
from hadamac_hw.layers.modulus import Modulus, PairModulus
from hadamac_hw.layers.normalise import Normalise
from hadamac_hw.layers.pwl import Pwl
from hadamac_hw.layers.quadratic import Quadratic
from hadamac_hw.layers.spectral_pool import SpectralPad, SpectralPool


def normalise(**options) -> Normalise:
    plan = NormalisePlan(**{"multiplicity": live_multiplicity(3), "width": 12, "fraction": 8, "over": "bins"} | options)
    return Normalise(plan, channels=2)


BLOCKS = {
    "mirrored table": lambda: Pwl(fit(FUNCTIONS["tanh"], segments=5, format=SQ(3, 7)).table),
    "table of all x": lambda: Pwl(fit(FUNCTIONS["leaky"], segments=2, format=SQ(3, 7)).table),
    "table of one segment": lambda: Pwl(fit(FUNCTIONS["tanh"], segments=1, format=SQ(3, 7)).table),
    "quadratic": lambda: Quadratic(quadratic_plan((0.4, 0.5, 0.11), in_format=SQ(3, 7), out_format=SQ(3, 7))),
    "modrelu": lambda: ModRelu(ModReluPlan(bias=(-1, -200, 0), width=10), bins=5),
    "modrelu of one channel": lambda: ModRelu(ModReluPlan(bias=(-3,), width=17), bins=5),
    "modulus": lambda: Modulus(width=9),
    "normalised bins": lambda: normalise(),
    "normalised map": lambda: normalise(over="map", correction=1),
    "shifts": lambda: normalise(count=64),
}


@pytest.fixture
def instances(monkeypatch):
    """Return a function that elaborates a block and lists the multipliers and memories that it instantiates."""
    made = []
    for part in (Multiplier, Ram):
        original = part.__init__

        def recording(self, *args, _original=original, **options):
            _original(self, *args, **options)
            made.append(self)

        monkeypatch.setattr(part, "__init__", recording)

    def elaborated(block):
        made.clear()
        Fragment.get(block, None)
        return [part for part in made if isinstance(part, Multiplier)], [part for part in made if isinstance(part, Ram)]

    return elaborated


@pytest.mark.parametrize("name", list(BLOCKS))
def test_circuits_instantiate_what_their_plans_say(name, instances):
    """Multipliers and memories are counted; a long FIFO is a memory, too, which the plan leaves to its caller."""
    block = BLOCKS[name]()
    multipliers, memories = instances(block)
    assert block.multipliers == block.plan.multipliers == len(multipliers)
    assert block.pipeline == block.plan.pipeline
    assert block.plan.memory_bits + long_fifo(block) == sum(memory.width * max(memory.depth, 2) for memory in memories)


def long_fifo(block) -> int:
    """Bits of the memory of a block's FIFO; a short one has none."""
    depth = timing.fifo_depth(block.pipeline)
    return depth * (2 * block.plan.width + 1) if depth > timing.FIFO_IN_LUTS else 0


def test_a_pair_of_moduli_has_a_plan_s_figures_twice(instances):
    block = PairModulus(width=9, beats=8)
    multipliers, _ = instances(block)
    assert block.multipliers == 2 * block.plan.multipliers == len(multipliers)
    assert block.pipeline == timing.RAM + block.plan.pipeline


def test_a_real_table_has_half_of_the_multipliers(instances):
    block = Pwl(fit(FUNCTIONS["tanh"], segments=5, format=SQ(3, 7)).table, real=True)
    multipliers, memories = instances(block)
    assert block.multipliers == len(multipliers) == 1
    tables = sum(memory.width * memory.depth for memory in memories) - long_fifo(block)
    assert 2 * tables == block.plan.memory_bits


@pytest.mark.parametrize("options", [{}, {"over": "map"}, {"multiplicity": (1,) * 90}, {"multiplicity": (1,), "count": 3}])
def test_arrivals_of_a_normalisation(options):
    """The first beat leaves after the block's latency, a channel's beats one a cycle, the next channel an interval later."""
    block = normalise(**options)
    plan = block.plan
    times = plan.arrivals(np.arange(2 * plan.bins)).reshape(2, -1)
    assert times[0, 0] == block.latency
    assert (np.diff(times) == 1).all()
    assert times[1, 0] - times[0, 0] == plan.interval
    late = np.arange(2 * plan.bins) + 1000 * (np.arange(2 * plan.bins) >= plan.bins)
    assert plan.arrivals(late)[plan.bins] - late[-1] == block.latency - plan.bins + 1


def test_steps_are_products_of_the_channel_s_figures():
    """The steps have each product of digits of K S2 once, and those of S1**2, of which the mixed one twice."""
    products = {over: [step for step in steps if step not in ("wait", "shift")] for over, steps in STEPS.items()}
    assert products["map"] == ["K power0", "K power1", "K power2"]
    assert sorted(products["bins"]) == sorted(
        [*products["map"], "low -low", "high -low", "high -low", "high -high"])
    assert all(steps.count("wait") == steps.count("shift") == 2 for steps in STEPS.values())


@pytest.mark.parametrize("nyquist", ["zero", "average", "naive"])
@pytest.mark.parametrize("dimensions", [1, 2])
def test_spectral_pooling_is_combinational_but_for_averages(nyquist, dimensions):
    pool = PoolPlan(size=8, keep=4, nyquist=nyquist, width=12, dimensions=dimensions)
    pad = PadPlan(size=4, to=8, nyquist=nyquist, width=12, dimensions=dimensions)
    assert (pool.pipeline, pool.latency) == ((9, 8 + 9 + timing.fifo(9)) if pool.buffered else (0, 0))
    assert (pad.pipeline, pad.latency) == ((3, 3 + timing.fifo(3)) if pad.averages else (0, 0))
    assert SpectralPool(pool).latency == pool.latency and SpectralPad(pad).latency == pad.latency
