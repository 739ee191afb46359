# amaranth: UnusedElaboratable=no
"""Quadratic activation as emitted: every word of its range, either clip, the flag."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.quadratic import QuadraticPlan, quadratic_plan
from hadamac.numeric import SQ
from hadamac_hw.layers.quadratic import Quadratic
from support.cores import Core
from support.seeds import rng
from support.stimuli import corners, limits, uniform

LENGTH = 16
"""Beats of a frame: the block does not count them."""
PLANS = {
    "quadratic_fitted": quadratic_plan((0.4, 0.5, 0.11), in_format=SQ(3, 7), out_format=SQ(3, 7)),
    "quadratic_inner": QuadraticPlan(width=10, c0=-5000, c1=70000, c2=-2000, shifts=(3, 18), coefficient_width=12),
    "quadratic_unshifted": QuadraticPlan(width=6, c0=3, c1=-2, c2=1, shifts=(0, 0), coefficient_width=4),
    "quadratic_wide": quadratic_plan((-0.2, 1.0, -0.05), in_format=SQ(4, 13), out_format=SQ(4, 13), coefficient_width=18),
}


@pytest.mark.parametrize("name", list(PLANS))
def test_quadratic(name):
    plan, r = PLANS[name], rng(name)
    low, high = limits(plan.width)
    words = np.arange(low, high + 1)[:: max(1, 2**plan.width // 1024)].reshape(-1, LENGTH)
    x = np.concatenate([words + 1j * words[::-1], corners(r, plan.width, 2, LENGTH), uniform(r, plan.width, 4, LENGTH),
                        np.tile([0, 1, -1, 1j, -1j, 1 - 1j, 0, 0], (2, LENGTH // 8)).astype(complex)])
    (re, over_re), (im, over_im) = plan.run(x.real), plan.run(x.imag)
    over = over_re | over_im
    assert over.any()
    core = Core(Quadratic(plan), name)
    none = core.play_all(x, re + 1j * im, over, interval=LENGTH)["none"]
    np.testing.assert_array_equal(none.output_cycles, none.input_cycles + core.block.latency)
