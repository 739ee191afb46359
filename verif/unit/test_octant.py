"""Table of one octant: every exponent gives the twiddle of the whole table."""

from __future__ import annotations

import pytest
from amaranth.sim import Simulator

from hadamac.model.fft import cycles
from hadamac.model.fft.steps import twiddles
from hadamac_hw.fft.octant import OctantTable


@pytest.mark.parametrize(("size", "width"), [(16, 10), (32, 18), (256, 16), (4096, 18)])
def test_every_exponent(size, width):
    table = OctantTable(size=size, width=width)
    want = twiddles(tuple(range(size)), size, width)
    seen = []

    async def bench(ctx):
        for k in range(size + cycles.OCTANT):
            ctx.set(table.exponent, k % size)
            if k >= cycles.OCTANT:
                seen.append(complex(ctx.get(table.o.re), ctx.get(table.o.im)))
            await ctx.tick()

    sim = Simulator(table)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    assert seen == want.tolist()
