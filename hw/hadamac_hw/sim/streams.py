"""Stream sources and sinks for cocotb, checked against the stream contract in every cycle.

All sources and sinks of a test are stepped by one coroutine (`Bench.run`), which costs one wake-up of the
simulator per clock cycle.  At a rising edge of the clock, values read are those before the edge and values
written take effect after it.  *Cycle* n ends with the n-th rising edge after the release of reset; a transfer
in cycle n is one that this edge completes.

The contract (Amaranth RFC 61): a beat moves when valid and ready are both high at the edge; once valid is high,
it and the payload hold until the transfer; valid does not wait for ready (the *shy* sink finds a block that
waits); valid is low in reset.
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

from .beats import Beats
from .stalls import STALLS, Stall, go

__all__ = ["Bench", "Port", "Sink", "Source", "seed", "settle"]


class Port:
    """Handles of one flat stream: ``{prefix}_tvalid``/``_tready``/``_tdata``/``_tlast``/``_tuser``, or
    ``{prefix}_valid``/``_ready``/``_payload``/``_last``/``_user``.

    Values are read and written as bit strings through cocotb's simulator layer, which for words of any width
    is several times faster than `LogicArray`.
    """

    def __init__(self, dut, prefix: str):
        self.prefix = prefix
        axi = hasattr(dut, f"{prefix}_tvalid")
        plain = ("valid", "ready", "payload", "last", "user")
        names = ("tvalid", "tready", "tdata", "tlast", "tuser") if axi else plain
        handles = [getattr(dut, f"{prefix}_{name}", None) for name in names]
        missing = [f"{prefix}_{name}" for name, handle in zip(names[:3], handles, strict=False) if handle is None]
        if missing:
            raise AssertionError(f"{dut._name}: the stream {prefix} has no port {', '.join(missing)}")
        self.valid, self.ready, self.data, self.last, self.user = handles
        self.width = len(self.data)


def _reader(handle):
    return handle._handle.get_signal_val_binstr


def _writer(handle):
    put = handle._handle.set_signal_val_binstr
    return lambda bits: put(0, bits)  # action 0: an ordinary deposit


def _strings(words: list[int], handle, what: str) -> list[str]:
    width = len(handle)
    for index, word in enumerate(words):
        if word >> width:
            raise AssertionError(f"{what}: beat {index} is {word:#x}, which does not fit in {width} bits")
    return [format(word, f"0{width}b") for word in words]


class Source:
    """Drives one input stream of the design.

    While it idles it drives the complement of the next beat, so that a design which looks at the payload
    without valid computes something wrong.

    Attributes
    ----------
    cycles
        Cycle of every transfer so far.
    """

    def __init__(self, dut, prefix: str, beats: Beats, *, stall: Stall = STALLS["none"], rng=None, frame_gap: int = 0):
        port = Port(dut, prefix)
        self.name, self.total, self.cycles = prefix, len(beats), []
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
        self._index, self._valid, self._wait = 0, False, 0
        self.cycles.clear()
        self._set_valid("0")

    @property
    def done(self) -> bool:
        return self._index == self.total

    def step(self, cycle: int) -> bool:
        """Sample cycle `cycle`, drive the next one; whether a beat moved."""
        moved = self._valid and self._ready() == "1"
        if moved:
            self.cycles.append(cycle)
            self._index += 1
            self._wait = self._gaps.get(self._index, 0)
        elif self._valid:
            return False
        if self._index == self.total:
            go = False
        elif self._wait:
            self._wait, go = self._wait - 1, False
        else:
            go = next(self._go)
        if go:
            for write, bits in zip(self._writers, self._beats[self._index], strict=True):
                write(bits)
        elif moved or not cycle:
            for write, bits in zip(self._writers, self._idle[min(self._index, self.total - 1)], strict=True):
                write(bits)
        if go != self._valid:
            self._set_valid("1" if go else "0")
            self._valid = go
        return moved


class Sink:
    """Takes one output stream of the design and checks the contract on it.

    Attributes
    ----------
    cycles, words, last, user
        Cycle and content of every transfer so far; `last` and `user` stay empty where there is no such port.
    """

    def __init__(self, dut, prefix: str, *, stall: Stall = STALLS["none"], rng=None):
        port = Port(dut, prefix)
        self.name, self.cycles, self.words, self.last, self.user = prefix, [], [], [], []
        self._block = dut._name
        self._go = go(rng or np.random.default_rng(2), stall.stall, stall.burst)
        self._shy = stall.shy
        self._valid, self._set_ready = _reader(port.valid), _writer(port.ready)
        present = [("payload", port.data, self.words), ("last", port.last, self.last), ("user", port.user, self.user)]
        self._columns = [(name, column) for name, handle, column in present if handle is not None]
        self._readers = [_reader(handle) for _, handle, _ in present if handle is not None]
        self.stop()

    def stop(self) -> None:
        """Forget what came and refuse, as in reset."""
        for column in (self.cycles, *(column for _, column in self._columns)):
            column.clear()
        self._ready, self._held = False, None
        self._set_ready("0")

    def check_reset(self) -> None:
        """Fail unless valid is low."""
        if self._valid() != "0":
            raise AssertionError(f"{self._block}: {self.name} is valid during reset")

    def _check_held(self, beat: list[str] | None, cycle: int) -> None:
        where = f"{self._block}: {self.name}, beat {len(self.cycles)}, cycle {cycle}"
        if beat is None:
            raise AssertionError(f"{where}: valid fell before the transfer")
        for (name, _), before, now in zip(self._columns, self._held, beat, strict=True):
            if before != now:
                raise AssertionError(
                    f"{where}: {name} changed before the transfer, from {int(before, 2):#x} to {int(now, 2):#x}"
                )

    def step(self, cycle: int) -> bool:
        """Sample cycle `cycle`, drive the next one; whether a beat moved."""
        valid = self._valid() == "1"
        beat = [read() for read in self._readers] if valid else None
        if self._held is not None and beat != self._held:
            self._check_held(beat, cycle)
        moved = valid and self._ready
        self._held = None if moved else beat
        if moved:
            self.cycles.append(cycle)
            for (_, column), bits in zip(self._columns, beat, strict=True):
                column.append(int(bits, 2))
        ready = (valid and not moved) if self._shy else next(self._go)
        if ready != self._ready:
            self._set_ready("1" if ready else "0")
            self._ready = ready
        return moved


class Bench:
    """Clock, reset and the one coroutine that steps sources and sinks.

    Parameters
    ----------
    dut
        cocotb's handle of a top with ports ``clk`` and ``rst``.
    sources, sinks
        Stepped in every cycle.
    patience
        Cycles without any transfer after which the design counts as stuck.
    """

    def __init__(self, dut, sources: list[Source], sinks: list[Sink], *, patience: int = 20_000):
        self.dut, self.sources, self.sinks, self.patience = dut, sources, sinks, patience
        self.cycle = 0
        self._edge = RisingEdge(dut.clk)
        self._clock: Clock | None = None

    async def reset(self, cycles: int = 3) -> None:
        """Start the clock if need be, hold reset for some cycles and restart all streams."""
        self.dut.rst.value = 1
        for stream in (*self.sources, *self.sinks):
            stream.stop()
        if self._clock is None:
            self._clock = Clock(self.dut.clk, 10, unit="ns", impl="gpi")
            self._clock.start()
        for number in range(cycles):
            await self._edge
            if number:  # the first edge is the one that resets
                for sink in self.sinks:
                    sink.check_reset()
        self.dut.rst.value = 0
        self.cycle = 0

    async def run(self, done) -> None:
        """Step until ``done()`` holds after a transfer; fail when nothing has moved for `patience` cycles."""
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
        """Step for some cycles more, whether anything moves or not."""
        for _ in range(cycles):
            await self._edge
            for stream in (*self.sources, *self.sinks):
                stream.step(self.cycle)
            self.cycle += 1

    def stuck(self) -> str:
        """Where each stream stands, in words."""
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
    """Let written values reach the combinational logic, without a clock edge."""
    await Timer(1, "ns")


def seed() -> int:
    """The run's seed, from which all stall patterns derive."""
    return cocotb.RANDOM_SEED
