"""Tests of the board shell, whose emitted Verilog must answer a serial host byte for byte."""

from __future__ import annotations

import re

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from hadamac.errors import DescriptionError
from hadamac_hw.base.emit import emit
from hadamac_hw.boards.catalogue import BOARDS, find_board
from hadamac_hw.boards.families import GOWIN, ICE40
from hadamac_hw.boards.families.ecp5 import pll_dividers
from hadamac_hw.boards.shell import BoardShell
from hadamac_hw.boards.top import BoardTop
from hadamac_hw.boards.uart import UartReceiver, UartTransmitter, uart_divisor
from hadamac_hw.sim.simulate import build, run

PIXELS = 12
IDENTIFICATION = "hadamac test 12"


class Adder(Component):
    """Stand-in for a network, which answers minus the sum of the pixels, their number, and the sum modulo 16.

    A pixel has as many bytes as asked for.

    It takes a pixel every `pace` cycles, and sets `status[1]` until reset when a frame was too short.
    """

    def __init__(self, *, pace: int = 3, pixel: int = 1):
        self.pace = pace
        super().__init__(
            {
                "s_axis_tdata": In(8 * pixel), "s_axis_tvalid": In(1), "s_axis_tready": Out(1), "s_axis_tlast": In(1),
                "m_axis_tdata": Out(signed(32)), "m_axis_tvalid": Out(1), "m_axis_tready": In(1),
                "m_axis_tlast": Out(1), "status": Out(2),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        total, count, word, wait = Signal(32), Signal(8), Signal(2), Signal(range(self.pace))
        m.d.comb += [
            self.s_axis_tready.eq((word == 0) & (wait == 0)),
            self.m_axis_tvalid.eq(word != 0),
            self.m_axis_tlast.eq(word == 3),
        ]
        with m.Switch(word):
            with m.Case(1):
                m.d.comb += self.m_axis_tdata.eq(-total)
            with m.Case(2):
                m.d.comb += self.m_axis_tdata.eq(count)
            with m.Case(3):
                m.d.comb += self.m_axis_tdata.eq(total[:4])
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(self.s_axis_tvalid & self.s_axis_tready):
            m.d.sync += [
                total.eq(total + self.s_axis_tdata),
                count.eq(count + 1),
                wait.eq(self.pace - 1),
            ]
            with m.If(self.s_axis_tlast):
                m.d.sync += word.eq(1)
                with m.If(count != PIXELS - 1):
                    m.d.sync += self.status[1].eq(1)
        with m.If(self.m_axis_tvalid & self.m_axis_tready):
            m.d.sync += word.eq(word + 1)
            with m.If(self.m_axis_tlast):
                m.d.sync += [total.eq(0), count.eq(0)]
        return m


def shell(pixel: int = 1, **options) -> BoardShell:
    return BoardShell(Adder(pixel=pixel), **({"pixels": PIXELS, "clock_hz": 8e6, "identification": IDENTIFICATION} | options))


@pytest.mark.parametrize(("divisor", "pixel"), [(4, 1), (16, 1), (4, 3)])
def test_shell_answers_a_serial_host(build_dir, divisor, pixel):
    """Also with pixels of several bytes, which come low byte first."""
    timeout = 60 * divisor
    dut = shell(pixel, clock_hz=divisor * 1e6, timeout_s=timeout / (divisor * 1e6))
    result = run(
        build(emit(dut, "shell"), "shell", build_dir),
        "support.tb_shell",
        {"SHELL_PIXELS": str(PIXELS), "SHELL_BYTES": str(pixel), "SHELL_DIVISOR": str(divisor), "SHELL_TIMEOUT": str(timeout * 10),
         "SHELL_IDENTIFICATION": IDENTIFICATION},
    )
    assert len(result.tests) == 9


@pytest.mark.parametrize("board", BOARDS)
def test_top_has_exactly_the_pins_of_the_constraints(board):
    from hadamac_hw.boards.bitstream import constraints

    board = find_board(board)
    top = BoardTop(board, shell(clock_hz=board.clock_mhz * 1e6), clock_mhz=board.clock_mhz)
    place = {"lpf": r'^LOCATE COMP "([\w\[\]]+)', "pcf": r"^set_io (?:-pullup yes )?([\w\[\]]+)", "cst": r'^IO_LOC "([\w\[\]]+)',
             "pdc": r"^ldc_set_location .*get_ports {([\w\[\]]+)"}[board.family.constraints]
    placed = re.findall(place, constraints(board), re.M)
    assert len(set(placed)) == len(placed)
    assert {port.partition("[")[0] for port in placed} == set(top.signature.members)
    assert sum(port.startswith("led[") for port in placed) == len(top.led)
    pll = {"lpf": "EHXPLLL", "pcf": "SB_PLL40_PAD", "cst": "rPLL"}.get(board.family.constraints)
    text = emit(top, "top")
    if pll is None or board.clock_mhz == board.oscillator_mhz:
        assert "PLL" not in text
    else:
        assert text.count(f" {pll} ") == 1


@pytest.mark.parametrize("mhz", [25, 40, 50, 62.5, 75, 80, 100, 125, 150, 200, 250, 400])
def test_pll_is_inside_the_data_sheet(mhz):
    pll = pll_dividers(25, mhz)
    assert pll.output_mhz == mhz
    assert 400 <= pll.vco_mhz <= 800 and 25 / pll.reference >= 5
    assert all(1 <= divider <= 128 for divider in (pll.reference, pll.feedback, pll.post))


@pytest.mark.parametrize("mhz", [18, 24, 27, 30, 36, 48, 54, 72, 100, 120])
def test_other_plls_make_their_clocks(mhz):
    """The dividers that the data sheets allow give the clock within 1 %; those of an equal clock are none."""
    assert abs(ICE40.output_mhz(12, mhz) / mhz - 1) <= 0.01
    assert abs(GOWIN.output_mhz(27, mhz) / mhz - 1) <= 0.01


PLL = "Clock must be 3.125 to 400 MHz and within 1 % of what the PLL makes of 25 MHz, not"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pll_dividers(25, 500), f"{PLL} 500 MHz"),
        (lambda: pll_dividers(25, 64), f"{PLL} 64 MHz; the nearest is 65 MHz"),
        (lambda: uart_divisor(1e6, 300_000), "UART rate must divide the clock of 1000000 Hz within 2 % and be at most "
         "250000 baud, not 300000 baud"),
        (lambda: UartReceiver(divisor=3), "UART divisor must be an integer of at least 4, not 3"),
        (lambda: UartTransmitter(divisor=8.0), "UART divisor must be an integer of at least 4, not 8.0"),
        (lambda: ICE40.output_mhz(12, 300), "Clock must be 16 to 275 MHz and within 1 % of what the PLL makes of 12 MHz, not 300 MHz"),
        (lambda: GOWIN.output_mhz(27, 2000), "Clock must be 3.90625 to 625 MHz and within 1 % of what the PLL makes of 27 MHz, not 2000 MHz; the nearest is 576 MHz"),
        (lambda: find_board("arty"), f"Board must be one of {', '.join(BOARDS)}, not 'arty'"),
        (lambda: BoardShell(object(), pixels=4, clock_hz=1e8),
         "The core of a board shell must have the member s_axis_tdata"),
        (lambda: shell(pixels=1), "Pixels of an image must be an integer of at least 2, not 1"),
        (lambda: shell(identification="é"), "Identification of a board shell must be printable ASCII, not 'é'"),
        (lambda: shell(timeout_s=0), "Time-out of a board shell must be at least one clock cycle, not 0 s"),
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused(make, message):
    with pytest.raises(DescriptionError, match=f"^{re.escape(message)}$"):
        make()
