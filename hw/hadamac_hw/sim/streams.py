"""Stream sources and sinks for cocotb, which check the stream contract in every cycle.

One coroutine (`Bench.run`) advances all sources and sinks of a test, so that the simulator is woken up only once in a
clock cycle.  At a rising edge of the clock, the values that are read are those before the edge, and the values that
are written take effect after it.  *Cycle* n ends with the n-th rising edge after the release of reset; a transfer in
cycle n is one that this edge completes.

The contract (Amaranth RFC 61): a beat moves when valid and ready are both high at the edge; once valid is high, valid
and the payload keep their values until the transfer; valid does not wait for ready (the *shy* sink finds a block in
which it does); valid is low in reset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

from .beats import Beats
from .stalls import STALLS, Stall, go

__all__ = ["Bench", "Dut", "Port", "Sink", "Source", "seed", "settle"]

Dut: TypeAlias = Any
"""Type of cocotb's handles of designs and of their ports, whose attributes are known only inside the simulator."""


class Port:
    """Handles of the signals of one flat stream.

    The stream's ports are ``{prefix}_t{valid,ready,data,last,user}`` or ``{prefix}_{valid,ready,payload,last,user}``;
    ``last`` and ``user`` may be missing.  Values are read and written as bit strings through cocotb's simulator layer,
    which for words of any width is several times faster than `LogicArray`.
    """

    def __init__(self, dut: Dut, prefix: str):
        self.prefix = prefix
        axi = hasattr(dut, f"{prefix}_tvalid")
        plain = ("valid", "ready", "payload", "last", "user")
        names = ("tvalid", "tready", "tdata", "tlast", "tuser") if axi else plain
        handles: list[Dut] = [getattr(dut, f"{prefix}_{name}", None) for name in names]
        missing = [f"{prefix}_{name}" for name, handle in zip(names[:3], handles, strict=False) if handle is None]
        if missing:
            raise AssertionError(f"{dut._name}: the stream {prefix} has no port {', '.join(missing)}")
        self.valid, self.ready, self.data, self.last, self.user = handles
        self.width = len(self.data)


def _reader(handle: Dut) -> Callable[[], str]:
    return handle._handle.get_signal_val_binstr


def _writer(handle: Dut) -> Callable[[str], None]:
    put = handle._handle.set_signal_val_binstr
    return lambda bits: put(0, bits)  # action 0 is an ordinary deposit


def _strings(words: list[int], handle: Dut, what: str) -> list[str]:
    width = len(handle)
    for index, word in enumerate(words):
        if word >> width:
            raise AssertionError(f"{what}: beat {index} is {word:#x}, which does not fit in {width} bits")
    return [format(word, f"0{width}b") for word in words]


class Source:
    """Driver of one input stream of the design.

    While it idles, it drives the complement of the next beat, so that a design which looks at the payload without
    valid computes something wrong.

    Attributes
    ----------
    name
        Prefix of the stream.
    total
        Number of beats to be sent.
    cycles
        Cycle of every transfer so far.
    """

    def __init__(self, dut: Dut, prefix: str, beats: Beats, *, stall: Stall = STALLS["none"],
                 rng: np.random.Generator | None = None, frame_gap: int = 0):
        port = Port(dut, prefix)
        self.name = prefix
        self.total = len(beats)
        self.cycles: list[int] = []
        self._go = go(rng or np.random.default_rng(1), stall.idle, stall.burst)
        self._ready, self._set_valid = _reader(port.ready), _writer(port.valid)
        columns = [(port.data, beats.words)]
        for name, handle, column in (("last", port.last, beats.last), ("user", port.user, beats.user)):
            if handle is not None:
                columns.append((handle, column or [0] * len(beats)))
            elif column is not None and name == "user":
                raise AssertionError(f"{dut._name}: the stream {prefix} has no port for {name}")
        self._writers = [_writer(handle) for handle, _ in columns]
        self._beats = list(zip(*(_strings(words, handle, prefix) for handle, words in columns), strict=True))
        flip = str.maketrans("01", "10")
        self._idle = [tuple(bits.translate(flip) for bits in beat) for beat in self._beats]
        self._gaps = {i + 1: frame_gap for i, last in enumerate(beats.last or []) if last} if frame_gap else {}
        self.stop()

    def stop(self) -> None:
        """Withdraw valid, as in reset, and start again from the first beat."""
        self._index = 0
        self._valid = False
        self._wait = 0
        self.cycles.clear()
        self._set_valid("0")

    @property
    def done(self) -> bool:
        """True if all beats were sent."""
        return self._index == self.total

    def step(self, cycle: int) -> bool:
        """Sample the signals of a cycle, drive those of the next one, and return whether a beat moved."""
        moved = self._valid and self._ready() == "1"
        if moved:
            self.cycles.append(cycle)
            self._index += 1
            self._wait = self._gaps.get(self._index, 0)
        elif self._valid:
            return False
        offer = False
        if self._wait and self._index != self.total:
            self._wait -= 1
        elif self._index != self.total:
            offer = next(self._go)
        if offer:
            for write, bits in zip(self._writers, self._beats[self._index], strict=True):
                write(bits)
        elif moved or not cycle:
            for write, bits in zip(self._writers, self._idle[min(self._index, self.total - 1)], strict=True):
                write(bits)
        if offer != self._valid:
            self._set_valid("1" if offer else "0")
            self._valid = offer
        return moved


class Sink:
    """Receiver of one output stream of the design, which checks the contract on it.

    Attributes
    ----------
    name
        Prefix of the stream.
    cycles, words, last, user
        Cycle and content of every transfer so far; `last` and `user` stay empty where there is no such port.
    """

    def __init__(self, dut: Dut, prefix: str, *, stall: Stall = STALLS["none"],
                 rng: np.random.Generator | None = None):
        port = Port(dut, prefix)
        self.name = prefix
        self.cycles: list[int] = []
        self.words: list[int] = []
        self.last: list[int] = []
        self.user: list[int] = []
        self._block = dut._name
        self._go = go(rng or np.random.default_rng(2), stall.stall, stall.burst)
        self._shy = stall.shy
        self._valid, self._set_ready = _reader(port.valid), _writer(port.ready)
        present = [("payload", port.data, self.words), ("last", port.last, self.last), ("user", port.user, self.user)]
        self._columns = [(name, column) for name, handle, column in present if handle is not None]
        self._readers = [_reader(handle) for _, handle, _ in present if handle is not None]
        self.stop()

    def stop(self) -> None:
        """Forget all beats and take none, as in reset."""
        for column in (self.cycles, *(column for _, column in self._columns)):
            column.clear()
        self._ready = False
        self._held: list[str] | None = None
        self._set_ready("0")

    def check_reset(self) -> None:
        """Raise an error if valid is high."""
        if self._valid() != "0":
            raise AssertionError(f"{self._block}: {self.name} is valid during reset")

    def _check_held(self, held: list[str], beat: list[str] | None, cycle: int) -> None:
        """Raise an error unless a beat that was offered before is offered unchanged."""
        where = f"{self._block}: {self.name}, beat {len(self.cycles)}, cycle {cycle}"
        if beat is None:
            raise AssertionError(f"{where}: valid fell before the transfer")
        for (name, _), before, now in zip(self._columns, held, beat, strict=True):
            if before != now:
                raise AssertionError(
                    f"{where}: {name} changed before the transfer, from {int(before, 2):#x} to {int(now, 2):#x}"
                )

    def step(self, cycle: int) -> bool:
        """Sample the signals of a cycle, drive those of the next one, and return whether a beat moved."""
        beat = [read() for read in self._readers] if self._valid() == "1" else None
        if self._held is not None and beat != self._held:
            self._check_held(self._held, beat, cycle)
        moved = beat is not None and self._ready
        self._held = None if moved else beat
        if beat is not None and self._ready:
            self.cycles.append(cycle)
            for (_, column), bits in zip(self._columns, beat, strict=True):
                column.append(int(bits, 2))
        ready = self._held is not None if self._shy else next(self._go)
        if ready != self._ready:
            self._set_ready("1" if ready else "0")
            self._ready = ready
        return moved


class Bench:
    """Clock, reset, and the coroutine that advances all sources and sinks.

    Parameters
    ----------
    dut
        cocotb's handle of a top with ports ``clk`` and ``rst``.
    sources, sinks
        Streams that are advanced in every cycle.
    patience
        Cycles without any transfer after which the design counts as stuck.
    """

    def __init__(self, dut: Dut, sources: list[Source], sinks: list[Sink], *, patience: int = 20_000):
        self.dut = dut
        self.sources = sources
        self.sinks = sinks
        self.patience = patience
        self.cycle = 0
        self._edge = RisingEdge(dut.clk)
        self._clock: Clock | None = None

    async def reset(self, cycles: int = 3) -> None:
        """Start the clock if it does not run, hold reset for some cycles and restart all streams."""
        self.dut.rst.value = 1
        for stream in (*self.sources, *self.sinks):
            stream.stop()
        if self._clock is None:
            self._clock = Clock(self.dut.clk, 10, unit="ns", impl="gpi")
            self._clock.start()
        for number in range(cycles):
            await self._edge
            if number:  # at the first edge the values are still those before the reset
                for sink in self.sinks:
                    sink.check_reset()
        self.dut.rst.value = 0
        self.cycle = 0

    async def run(self, done: Callable[[], bool]) -> None:
        """Advance until ``done()`` holds after a transfer; raise an error when nothing moves for `patience` cycles."""
        quiet = 0
        while True:
            await self._edge
            moved = False
            for stream in self.sources:
                moved |= stream.step(self.cycle)
            for stream in self.sinks:
                moved |= stream.step(self.cycle)
            self.cycle += 1
            if moved:
                quiet = 0
                if done():
                    return
            else:
                quiet += 1
                if quiet > self.patience:
                    raise AssertionError(self.stuck())

    async def idle(self, cycles: int) -> None:
        """Advance by some cycles, whether anything moves or not."""
        for _ in range(cycles):
            await self._edge
            for stream in (*self.sources, *self.sinks):
                stream.step(self.cycle)
            self.cycle += 1

    def stuck(self) -> str:
        """Return a text that says how far each stream is."""
        lines = []
        for source in self.sources:
            lines.append(f"{source.name} took {len(source.cycles)} of {source.total} beats" + _since(source.cycles))
        for sink in self.sinks:
            lines.append(f"{sink.name} gave {len(sink.cycles)} beats" + _since(sink.cycles))
        what = f"{self.dut._name}: nothing moved for {self.patience} cycles up to cycle {self.cycle}"
        return "; ".join([what, *lines])


def _since(cycles: list[int]) -> str:
    return f" (the last in cycle {cycles[-1]})" if cycles else ""


async def settle() -> None:
    """Wait until written values have passed the combinational logic, without a clock edge."""
    await Timer(1, "ns")


def seed() -> int:
    """Return the run's seed, from which all stall patterns follow."""
    return cocotb.RANDOM_SEED
