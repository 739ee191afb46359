"""All boards by name."""

from __future__ import annotations

from hadamac.errors import DescriptionError

from .board import Board
from .families import ECP5, GOWIN, ICE40, NEXUS

__all__ = ["BOARDS", "find_board"]

_SIZES = {"85": (156, 83_640, 208), "45": (72, 43_848, 108), "25": (28, 24_288, 56), "12": (28, 24_288, 56)}
"""Multipliers, look-up tables and block RAMs of the sizes of ECP5.

The open tools take a 12F as what it is, a 25F with another name, and let a circuit use all of it; the vendor's tools
allow 12,096 look-up tables and 32 block RAMs.
"""


def _ecp5(name: str, size: str, package: str, speed: int, *, prefix: str = "", **facts) -> Board:
    multipliers, luts, blocks = _SIZES[size]
    return Board(name=name, family=ECP5, part=(f"--{prefix}{size}k", "--package", package, "--speed", str(speed)),
                 multipliers=multipliers, luts=luts, memory_bits=blocks * 18_432, blocks=blocks, **facts)


def _gw2a(name: str, part: str, **facts) -> Board:
    return Board(name=name, family=GOWIN, part=("--device", part), multipliers=48, luts=20_736,
                 memory_bits=46 * 18_432, blocks=46, oscillator_mhz=27.0, clock_mhz=54.0, **facts)


_ALL = (
    *(_ecp5(f"ulx3s-{size}f", size, "CABGA381", 6, pins="ulx3s", oscillator_mhz=25.0, clock_mhz=100.0, button=0,
            leds=tuple(range(8)), leds_low=False, network=network)
      for size, network in (("85", "mnist-32"), ("45", "mnist-32"), ("25", "watch-128"), ("12", "digits-16"))),
    _ecp5("orangecrab-85f", "85", "CSFBGA285", 8, pins="orangecrab", oscillator_mhz=48.0, clock_mhz=96.0, button=0,
          leds=(5, 4, 6), leds_low=True, network="mnist-32"),
    _ecp5("ecpix5-85f", "85", "CABGA554", 8, prefix="um5g-", pins="ecpix5", oscillator_mhz=100.0, clock_mhz=100.0,
          button=0, leds=tuple(range(8)), leds_low=True, network="mnist-32"),
    Board(name="icebreaker", family=ICE40, part=("--up5k", "--package", "sg48"), pins="icebreaker",
          oscillator_mhz=12.0, clock_mhz=18.0, multipliers=8, luts=5_280, memory_bits=30 * 4_096, blocks=30, button=0,
          leds=(5, 4), leds_low=True),
    _gw2a("tang-nano-20k", "GW2AR-LV18QN88C8/I7", pins="tang-nano-20k", button=1, leds=tuple(range(6)),
          leds_low=True),
    _gw2a("tang-primer-20k", "GW2A-LV18PG256C8/I7", pins="tang-primer-20k", button=0, leds=tuple(range(6)),
          leds_low=True),
    Board(name="crosslink-nx-evn", family=NEXUS, part=("--device", "LIFCL-40-9BG400C"), pins="crosslink-nx-evn",
          oscillator_mhz=12.0, clock_mhz=12.0, multipliers=56, luts=32_256, memory_bits=84 * 18_432, blocks=84,
          button=0, leds=tuple(range(8)), leds_low=True),
)
BOARDS = {board.name: board for board in _ALL}
"""All boards by name."""


def find_board(name: str) -> Board:
    """Return the board of a name.

    Raises
    ------
    DescriptionError
        No board has this name; the message lists the names.
    """
    if name not in BOARDS:
        raise DescriptionError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]
