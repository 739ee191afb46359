"""cocotb tests of a board shell with a serial host on its pins, for `cocotb/test_shell.py`."""

from __future__ import annotations

import os
import random
import struct

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, Timer, with_timeout

PIXELS = int(os.environ["SHELL_PIXELS"])
BYTES = int(os.environ["SHELL_BYTES"])  # of a pixel
LENGTH = PIXELS * BYTES
DIVISOR = int(os.environ["SHELL_DIVISOR"])
TIMEOUT = int(os.environ["SHELL_TIMEOUT"])
IDENTIFICATION = os.environ["SHELL_IDENTIFICATION"]
BIT_NS = 10 * DIVISOR


class Host:
    """The host at the other end of the serial line; `drift` is the relative error of its bit rate."""

    def __init__(self, dut, drift: float = 0.0):
        self.dut, self.bit_ns, self.received = dut, round(BIT_NS * (1 + drift), 3), bytearray()
        cocotb.start_soon(self._listen())

    async def send(self, data: bytes, pause_bits: int = 0) -> None:
        for byte in data:
            for bit in [0, *(byte >> k & 1 for k in range(8)), 1]:
                self.dut.rx.value = bit
                await Timer(self.bit_ns, "ns")
            if pause_bits:
                await Timer(self.bit_ns * pause_bits, "ns")

    async def _listen(self) -> None:
        while True:
            await FallingEdge(self.dut.tx)
            await Timer(self.bit_ns / 2, "ns", round_mode="round")
            bits = []
            for _ in range(9):
                await Timer(self.bit_ns, "ns")
                bits.append(int(self.dut.tx.value))
            if bits[8] != 1:
                raise AssertionError("shell: a stop bit was low")
            self.received.append(sum(bit << k for k, bit in enumerate(bits[:8])))

    async def answer(self, count: int) -> bytes:
        async def wait() -> None:
            while len(self.received) < count:
                await Timer(BIT_NS, "ns")

        await with_timeout(wait(), BIT_NS * (10 * count + 200) + 20 * TIMEOUT, "ns")
        data = bytes(self.received)
        self.received.clear()
        return data


async def start(dut, drift: float = 0.0) -> Host:
    dut.rx.value = 1
    dut.rst.value = 1
    Clock(dut.clk, 10, unit="ns", impl="gpi").start()
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 4)
    if dut.tx.value != 1:
        raise AssertionError("shell: tx must idle high")
    return Host(dut, drift)


def image(rng: random.Random) -> bytes:
    return bytes(rng.randrange(256) for _ in range(LENGTH))


def expected(pixels: bytes, status: int = 0) -> bytes:
    total = sum(int.from_bytes(pixels[k : k + BYTES], "little") for k in range(0, LENGTH, BYTES))
    return struct.pack("<cBiii", b"R", status, -total, PIXELS, total % 16)


def same(want: bytes, got: bytes) -> None:
    if want != got:
        raise AssertionError(f"shell: expected {want.hex(' ')}, got {got.hex(' ')}")


@cocotb.test()
@cocotb.parametrize(drift=[0.0, 0.02, -0.02])
async def images(dut, drift: float) -> None:
    """Send several images one after the other, also at the limits of the bit rate's tolerance."""
    host, rng = await start(dut, drift), random.Random(cocotb.RANDOM_SEED)
    for _ in range(3):
        pixels = image(rng)
        await host.send(b"I" + pixels)
        same(expected(pixels), await host.answer(14))
        if int(dut.leds.value) != expected(pixels)[-4]:
            raise AssertionError(f"shell: lamps must show {expected(pixels)[-4]}, not {int(dut.leds.value):#x}")


@cocotb.test()
async def commands(dut) -> None:
    """Ask for the identification, and send unknown bytes and pixels that look like commands."""
    host = await start(dut)
    await host.send(b"V")
    name = f"V{IDENTIFICATION}\n".encode()
    same(name, await host.answer(len(name)))
    await host.send(b"x")
    same(b"?", await host.answer(1))
    pixels = (b"IV?\x00" * LENGTH)[:LENGTH]
    await host.send(b"I" + pixels)
    same(expected(pixels), await host.answer(14))
    await host.send(b"VV")  # the second waits in the FIFO
    same(name + name, await host.answer(2 * len(name)))


@cocotb.test()
@cocotb.parametrize(sent=[0, 1, LENGTH - 2, LENGTH - 1])
async def broken_image(dut, sent: int) -> None:
    """Stop an image half way: the answer is E, and the next image is answered correctly."""
    host, rng = await start(dut), random.Random(cocotb.RANDOM_SEED)
    await host.send(b"I" + image(rng)[:sent])
    same(b"E", await host.answer(1))
    pixels = image(rng)
    await host.send(b"I" + pixels)
    same(expected(pixels, status=2 * (sent // BYTES < PIXELS - 1)), await host.answer(14))


@cocotb.test()
async def pauses(dut) -> None:
    """Make pauses below the time-out, which are harmless, and a glitch on the line, which is no byte."""
    host, rng = await start(dut), random.Random(cocotb.RANDOM_SEED)
    dut.rx.value = 0
    await Timer(10 * max(1, DIVISOR // 4), "ns")
    dut.rx.value = 1
    await Timer(20 * BIT_NS, "ns")
    pixels = image(rng)
    await host.send(b"I" + pixels, pause_bits=3)
    same(expected(pixels), await host.answer(14))
