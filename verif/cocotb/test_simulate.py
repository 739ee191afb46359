"""Tests of compiling and running: the cache, and every kind of failure with its message."""

from __future__ import annotations

import os
import re

import pytest

from hadamac.errors import DescriptionError, ToolError
from hadamac_hw.base.process import call
from hadamac_hw.sim import verilate
from hadamac_hw.sim.simulate import SimulationFailure, build, run, seed_from_environment

COUNTER = """
module counter(input clk, input rst, output reg [7:0] count);
  always @(posedge clk) count <= rst ? 8'd0 : count + 8'd1;
endmodule
"""


@pytest.fixture(scope="module")
def program(build_dir):
    return build(COUNTER, "counter", build_dir)


def test_second_build_compiles_nothing(program, build_dir, monkeypatch):
    monkeypatch.setattr(verilate, "call", lambda *a, **k: pytest.fail("compiled again"))
    assert build(COUNTER, "counter", build_dir) == program
    with pytest.raises(BaseException, match="compiled again"):
        build(COUNTER + "\n", "counter", build_dir)


def test_passing_tests_are_listed(program):
    result = run(program, "support.tb_counter", testcase="counts", seed=7)
    assert result.tests == ("counts",) and result.seed == 7
    assert "counts passed" in result.log


def test_failing_test_says_why(program):
    with pytest.raises(SimulationFailure) as failure:
        run(program, "support.tb_counter", testcase="fails", seed=3)
    assert str(failure.value) == "counter (seed 3): 1 of 1 tests failed\nfails: count is 5\nand not 6"


def test_error_in_a_test_names_its_type(program):
    with pytest.raises(SimulationFailure, match=r"breaks: ZeroDivisionError: "):
        run(program, "support.tb_counter", testcase="breaks")


def test_no_test_is_a_failure(program):
    message = "counter: support.tb_counter has no test that matches nothing"
    with pytest.raises(SimulationFailure, match=f"^{message}$"):
        run(program, "support.tb_counter", testcase="nothing")


def test_crash_is_a_tool_error(program):
    with pytest.raises(ToolError, match=r"(?s)^The simulation of counter stopped with status 9:\n.*on purpose"):
        run(program, "support.tb_counter", testcase="exits")


def test_endless_simulation_is_killed(program):
    with pytest.raises(SimulationFailure, match=r"^counter: no end after 2 s of processor time, ended \(seed \d+\)"):
        run(program, "support.tb_counter", testcase="hangs", limit_s=2)


def test_every_signal_and_waves(build_dir, tmp_path):
    shown = build(COUNTER, "counter", build_dir, public=True, waves=True)
    run(shown, "support.tb_counter", testcase="counts", waves=tmp_path / "w.vcd")
    assert "$var" in (tmp_path / "w.vcd").read_text()


def test_bad_verilog_ends_with_the_log(build_dir):
    with pytest.raises(ToolError, match=r"(?s)^Verilator could not compile counter; .*\.log:\n.*syntax error"):
        build(COUNTER.replace("posedge", "posedgy"), "counter", build_dir)
    with pytest.raises(DescriptionError, match="^The Verilog has no module named other with ports$"):
        build(COUNTER, "other", build_dir)


def test_a_directory_of_any_name(build_dir):
    """Use characters at which make would stop; it never sees them, because the work is done elsewhere."""
    program = build(COUNTER, "counter", build_dir / "my designs: #1, 100 % $HOME (new) 'a'")
    assert run(program, "support.tb_counter", testcase="counts").tests == ("counts",)
    assert sorted(path.suffix for path in program.parents[1].iterdir()) == ["", ".lock", ".log"]


def test_seed(monkeypatch):
    monkeypatch.delenv("HADAMAC_SEED", raising=False)
    assert seed_from_environment() == 1
    monkeypatch.setenv("HADAMAC_SEED", "42")
    assert seed_from_environment() == 42
    monkeypatch.setenv("HADAMAC_SEED", "random")
    assert seed_from_environment() >= 0
    monkeypatch.setenv("HADAMAC_SEED", "-1")
    message = "HADAMAC_SEED must be a non-negative integer or 'random', not '-1'"
    with pytest.raises(DescriptionError, match=f"^{re.escape(message)}$"):
        seed_from_environment()


def test_call_returns_the_status(tmp_path):
    with open(tmp_path / "log", "w") as log:
        assert call(["sh", "-c", "echo out; exit 3"], cwd=tmp_path, env=os.environ, log=log, limit_s=9) == 3
    assert (tmp_path / "log").read_text() == "out\n"
