"""cocotb tests that end in every possible way, for `cocotb/test_simulate.py`."""

from __future__ import annotations

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Timer


@cocotb.test()
async def counts(dut) -> None:
    """Pass."""
    print(f"seed is {cocotb.RANDOM_SEED}", flush=True)
    Clock(dut.clk, 10, unit="ns", impl="gpi").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 6)
    assert int(dut.count.value) == 5


@cocotb.test()
async def fails(dut) -> None:
    """Fail with a message of two lines."""
    await Timer(1, "ns")
    raise AssertionError("count is 5\nand not 6")


@cocotb.test()
async def breaks(dut) -> None:
    """Raise an error that is no AssertionError."""
    await Timer(1, "ns")
    print(1 // 0)


@cocotb.test()
async def exits(dut) -> None:
    """End the whole simulator."""
    print("on purpose", flush=True)
    os._exit(9)


@cocotb.test()
async def hangs(dut) -> None:
    """Run for ever."""
    while True:
        await Timer(1, "ns")
