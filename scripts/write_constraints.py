"""Write the constraint files of all boards to constraints/: pins from amaranth-boards, where it has the board.

Run ``python scripts/write_constraints.py``.  The files are plain text, which the tools of each family read and which is
what builds use; a test checks that they are what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from amaranth.build import Attrs, Clock, Pins, Resource, Subsignal
from amaranth_boards.ecpix5 import ECPIX585Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.resources import ButtonResources, LEDResources, UARTResource
from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform
from amaranth_boards.ulx3s import ULX3S_85F_Platform

__all__ = ["BOARDS", "Source", "text"]

DIRECTORY = Path(__file__).resolve().parents[1] / "constraints"
_LVCMOS33 = Attrs(IO_TYPE="LVCMOS33")

_NANO = (
    Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), _LVCMOS33),
    UARTResource(0, rx="70", tx="69", attrs=_LVCMOS33),
    *ButtonResources(pins="88 87", attrs=_LVCMOS33),
    *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=_LVCMOS33),
)
_CROSSLINK = (
    Resource("clk12", 0, Pins("L13", dir="i"), Clock(12e6), _LVCMOS33),
    UARTResource(0, rx="F16", tx="F18", attrs=_LVCMOS33),
    *ButtonResources(pins="G14", invert=True, attrs=_LVCMOS33),
    *LEDResources(pins="E17 F13 G13 F14 L16 L15 L20 L19", invert=True, attrs=_LVCMOS33),
)
_ORANGECRAB_SERIAL = (
    Resource("uart", 0, Subsignal("rx", Pins("0", dir="i", conn=("io", 0))),
             Subsignal("tx", Pins("1", dir="o", conn=("io", 0))), _LVCMOS33),
)


@dataclass(frozen=True)
class Source:
    """Where the pins of a board come from.

    Attributes
    ----------
    about
        Comment at the beginning of the file, line by line.
    resources
        The board's resources.
    clock, button
        Names of the oscillator's and of the button's resource.
    leds
        Names, numbers and parts of the resources of the LEDs; the part is "" for a resource without parts.
    connectors
        Connectors, if a resource is on one.
    first
        Lines of the file that have nothing to do with pins.
    """

    about: Sequence[str]
    resources: Sequence[Resource]
    clock: str
    button: str
    leds: Sequence[tuple[str, int, str]]
    connectors: Sequence = ()
    first: Sequence[str] = ()
    ports: dict[str, tuple[str, dict[str, str]]] = field(init=False)

    def __post_init__(self) -> None:
        rows = {"clk": (self.clock, 0, ""), "rx": ("uart", 0, "rx"), "tx": ("uart", 0, "tx"),
                "button": (self.button, 0, "")}
        leds = {f"led[{k}]": entry for k, entry in enumerate(self.leds)}
        object.__setattr__(self, "ports", {port: self._pin(*entry) for port, entry in (rows | leds).items()})

    @property
    def clock_mhz(self) -> float:
        """Frequency of the oscillator."""
        return self._resource(self.clock, 0).clock.frequency / 1e6

    def _resource(self, name: str, number: int) -> Resource:
        return next(r for r in self.resources if (r.name, r.number) == (name, number))

    def _pin(self, name: str, number: int, part: str) -> tuple[str, dict[str, str]]:
        """Return the pin of a resource, and its attributes."""
        resource = self._resource(name, number)
        ios: Iterable = resource.ios
        attributes = dict(resource.attrs)
        if part:
            inner = next(io for io in ios if io.name == part)
            ios, attributes = inner.ios, attributes | dict(inner.attrs)
        mapping = {name: pin for c in self.connectors for name, pin in c}
        (pin,) = next(io for io in ios if isinstance(io, Pins)).map_names(mapping, resource)
        return pin, {key: str(value) for key, value in attributes.items()}


def _lpf(source: Source) -> list[str]:
    lines = ["BLOCK RESETPATHS;", "BLOCK ASYNCPATHS;"]
    for port, (pin, attributes) in source.ports.items():
        lines += [f'LOCATE COMP "{port}" SITE "{pin}";',
                  f'IOBUF PORT "{port}" {" ".join(f"{key}={value}" for key, value in attributes.items())};']
    return [*lines, f'FREQUENCY PORT "clk" {source.clock_mhz:g} MHZ;']


def _pcf(source: Source) -> list[str]:
    return [f"set_io {'-pullup yes ' if attributes.get('PULLUP') == '1' else ''}{port} {pin}"
            for port, (pin, attributes) in source.ports.items()]


def _cst(source: Source) -> list[str]:
    lines = []
    for port, (pin, attributes) in source.ports.items():
        lines += [f'IO_LOC "{port}" {pin};',
                  f'IO_PORT "{port}" {" ".join(f"{key}={value}" for key, value in attributes.items())};']
    return lines


def _pdc(source: Source) -> list[str]:
    lines = []
    for port, (pin, attributes) in source.ports.items():
        listed = " ".join(f"{key}={value}" for key, value in attributes.items())
        lines += [f"ldc_set_location -site {{{pin}}} [get_ports {{{port}}}]",
                  f"ldc_set_port -iobuf {{{listed}}} [get_ports {{{port}}}]"]
    return [*lines, f"create_clock -name {{clk}} -period {1e3 / source.clock_mhz:.3f} [get_ports {{clk}}]"]


_WRITERS: dict[str, tuple[Callable[[Source], list[str]], str]] = {
    "lpf": (_lpf, "#"), "pcf": (_pcf, "#"), "cst": (_cst, "//"), "pdc": (_pdc, "#"),
}
"""Function and sign of a comment for each suffix."""


def _row(name: str, count: int) -> list[tuple[str, int, str]]:
    return [(name, k, "") for k in range(count)]


BOARDS = {
    "ulx3s.lpf": Source(
        ["ULX3S v2.x and v3.0.x (Radiona), ECP5 LFE5U-12F/25F/45F/85F in CABGA381", "Pins from amaranth-boards"],
        ULX3S_85F_Platform.resources, "clk25", "button_pwr", _row("led", 8),
        first=["SYSCONFIG CONFIG_IOVOLTAGE=3.3 COMPRESS_CONFIG=ON MCCLK_FREQ=62 MASTER_SPI_PORT=ENABLE "
               "SLAVE_SPI_PORT=DISABLE SLAVE_PARALLEL_PORT=DISABLE;"]),
    "orangecrab.lpf": Source(
        ["OrangeCrab r0.2, ECP5 LFE5U-85F in CSFBGA285", "Pins from amaranth-boards",
         "The serial port is on the pins 0 (input) and 1 (output) of the connector, for an adapter of 3.3 V"],
        [*OrangeCrabR0_2_85FPlatform.resources, *_ORANGECRAB_SERIAL], "clk", "button",
        [("rgb_led", 0, part) for part in "rgb"], OrangeCrabR0_2_85FPlatform.connectors),
    "ecpix5.lpf": Source(
        ["ECPIX-5 (LambdaConcept), ECP5 LFE5UM5G-85F in CABGA554", "Pins from amaranth-boards"],
        ECPIX585Platform.resources, "clk100", "rst",
        [("rgb_led", k, "g") for k in range(4)] + [("rgb_led", 0, "b"), *(("rgb_led", k, "r") for k in range(3))]),
    "icebreaker.pcf": Source(
        ["iCEBreaker v1.0, iCE40UP5K in SG48", "Pins from amaranth-boards"],
        ICEBreakerPlatform.resources, "clk12", "button", _row("led", 2)),
    "tang-nano-20k.cst": Source(
        ["Tang Nano 20K (Sipeed), GW2AR-LV18QN88C8/I7", "Pins after the board's schematic, v1.2; button S1"],
        _NANO, "clk27", "button", _row("led", 6)),
    "tang-primer-20k.cst": Source(
        ["Tang Primer 20K (Sipeed) on its Dock, GW2A-LV18PG256C8/I7", "Pins from amaranth-boards"],
        TangPrimer20kDockPlatform.resources, "clk27", "button", _row("led", 6)),
    "crosslink-nx-evn.pdc": Source(
        ["CrossLink-NX Evaluation Board (Lattice), LIFCL-40-9BG400C",
         "Pins after Lattice FPGA-EB-02028; JP2 feeds the oscillator, and R15 and R17 (0 ohm) connect the serial port"],
        _CROSSLINK, "clk12", "button", _row("led", 8)),
}
"""Sources by the name of the file."""


def text(name: str) -> str:
    """Return the text of a constraint file."""
    source = BOARDS[name]
    writer, comment = _WRITERS[name.rpartition(".")[2]]
    about = [f"{comment} {line}." for line in (*source.about, "Written by scripts/write_constraints.py")]
    return "\n".join([*about, "", *source.first, *writer(source), ""])


if __name__ == "__main__":
    for name in BOARDS:
        (DIRECTORY / name).write_text(text(name))
