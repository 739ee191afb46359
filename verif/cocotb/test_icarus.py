# amaranth: UnusedElaboratable=no
"""The emitted text in a second simulator, which has unknown bits, read as Verilog-2005 and as SystemVerilog."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from hadamac.cost.estimate import estimate
from hadamac.errors import DescriptionError, ToolError
from hadamac.model.fft.plan import FftPlan
from hadamac.model.normalise import NormalisePlan, live_multiplicity
from hadamac_hw.base.emit import emit
from hadamac_hw.base.targets import ECP5, ICE40
from hadamac_hw.cores.flat import FlatTop
from hadamac_hw.cores.standalone import fft_core, write_core
from hadamac_hw.fft.iterative import IterativeFft
from hadamac_hw.fft.streaming import Fft
from hadamac_hw.layers.normalise import Normalise
from hadamac_hw.network import Top
from hadamac_hw.sim import icarus
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.simulate import build, simulator_from_environment
from hadamac_hw.sim.verify import expected_words
from support import tiny
from support.cores import Core
from support.seeds import refused, rng
from support.stimuli import uniform

needs_icarus = pytest.mark.skipif(not icarus.installed(), reason="Icarus Verilog is missing, the second simulator")
both = pytest.mark.parametrize("language", icarus.LANGUAGES)

BLOCKS = {
    "streaming": (lambda: Fft(FftPlan(size=16, width=12), order="natural"), None),
    "block_exponent": (lambda: Fft(size=8, width=12, scaling="block", stand_alone=True), None),
    "iterative": (lambda: IterativeFft(size=16, width=12), None),
    "ecp5": (lambda: Fft(size=16, width=12), ECP5),
    "ice40": (lambda: IterativeFft(size=16, width=12), ICE40),
}


@needs_icarus
@both
@pytest.mark.parametrize("name", list(BLOCKS))
def test_transforms(name, language):
    """Under stalls, with idle payloads that the bench complements, and with a reset in mid-frame."""
    make, target = BLOCKS[name]
    core = Core(make(), f"icarus_{name}")
    if target is not None:
        core.verilog = emit(FlatTop(core.block), core.name, platform=target) + target.models
    plan, users = core.block.plan, {}
    x = uniform(rng("icarus", name), 12, 4, plan.size, scale=0.1)
    _, over, exponent = plan.run(x)
    assert not over.any()
    if "user" in core.block.i.payload.shape().members:
        told = 2 * exponent[:, None] if plan.scaling == "block" else 0
        users = {"user": np.zeros(x.shape, dtype=int), "expected_user": np.zeros(x.shape, dtype=int) + told}
    core.play(x, core.block.model(x), **users, stalls=["none", "both"], reset_after=plan.size + 5, simulator="icarus",
              language=language)


@needs_icarus
@both
def test_statistics_and_tables(language):
    """A block with memories, a reciprocal root and adders of many widths."""
    plan = NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=12, fraction=8, over="bins")
    core = Core(Normalise(plan, channels=2), "icarus_normalise")
    x = uniform(rng("icarus"), 12, 4, 2, plan.bins)
    y, over = plan.run(x)
    core.play(x.reshape(4, -1), y.reshape(4, -1), overflow=over.any(), stalls=["none", "both"], simulator="icarus",
              language=language)


@needs_icarus
@both
@pytest.mark.parametrize("name", ["one_group", "modulus"])
def test_small_networks(name, language):
    """From pixels to logits, with the estimated cycles."""
    network = tiny.one_group() if name == "one_group" else tiny.kinds()[name]
    r = rng("icarus", name)
    q, images = tiny.quantised(network, r), tiny.images(network, r, 2)
    prediction = q.predict(images)
    run_case(
        emit(Top(q), f"icarus_{name}"), f"icarus_{name}", input=images.reshape(2, -1).astype(int),
        expected=expected_words(q, prediction), final={"status": int(prediction.overflow.any())},
        expected_latency=estimate(q).latency, stalls=["none"], simulator="icarus", language=language)


@needs_icarus
@pytest.mark.parametrize("target", ["generic", "ecp5"])
def test_the_example_beside_a_core_runs_in_either_simulator(tmp_path, target, monkeypatch):
    _, example = write_core(tmp_path / "my_fft.v", fft_core, target=target, size=8, width=12)
    monkeypatch.setenv("SIM", "icarus")
    done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "every bit as predicted (frames; icarus)" in done.stdout, done.stdout + done.stderr


@needs_icarus
def test_what_does_not_compile_ends_with_the_log(build_dir):
    with pytest.raises(ToolError, match=r"(?s)^Icarus Verilog could not compile broken:\n.*syntax error"):
        build("module broken(input clk); assign; endmodule", "broken", build_dir, simulator="icarus")


@needs_icarus
def test_a_model_that_a_design_does_not_use_is_silent(tmp_path):
    """It is a second top where nobody names one."""
    for target in (ECP5, ICE40):
        (tmp_path / "chip.v").write_text("module chip; initial #5 $display(\"end\"); endmodule\n" + target.models)
        subprocess.run(["iverilog", "-g2012", "-o", "chip", "chip.v"], cwd=tmp_path, check=True)
        done = subprocess.run(["vvp", "chip"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout == "end\n"


_UNKNOWN = """module chip;
  reg a = 1'bx, b = 0, c = 1;
  wire [1:0] s, o;
  CCU2C #(.INIT0(16'h{table:04x}), .INIT1(16'h{table:04x}), .INJECT1_0("NO"), .INJECT1_1("NO"))
    place(.CIN(c), .A0(b), .B0(b), .C0(a), .D0(b), .A1(b), .B1(b), .C1(a), .D1(b), .S0(s[0]), .S1(s[1]), .COUT(o[0]));
  initial begin #1 $display("%b%b%b", s[1], s[0], o[0]); $finish; end
endmodule
"""


@needs_icarus
def test_an_unknown_bit_that_a_table_does_not_ask_for_stays_out_of_a_carry_chain(tmp_path):
    """The table ``a`` does not ask for c, the table ``a ^ c`` does."""
    tables = {"010": lambda a, c: a, "xxx": lambda a, c: a ^ c}
    for expected, table in tables.items():
        entries = sum(table(k & 1, k >> 2 & 1) << k for k in range(16))
        (tmp_path / "chip.v").write_text(_UNKNOWN.format(table=entries) + ECP5.models)
        subprocess.run(["iverilog", "-g2012", "-s", "chip", "-o", "chip", "chip.v"], cwd=tmp_path, check=True)
        done = subprocess.run(["vvp", "chip"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected


def test_refusals(monkeypatch, build_dir):
    with refused("Simulator must be one of verilator, icarus, not 'modelsim'", DescriptionError):
        build("", "a", build_dir, simulator="modelsim")
    with refused("Language for Icarus must be one of 2005, 2012, not '2001'", DescriptionError):
        icarus.build("", "a", build_dir, language="2001")
    monkeypatch.setenv("SIM", "vcs")
    with refused("SIM must be one of verilator, icarus, not 'vcs'", DescriptionError):
        simulator_from_environment()
    monkeypatch.setattr(icarus, "installed", lambda: False)
    with refused("iverilog is missing, which SIM=icarus asks for; run: apt-get install --no-install-recommends iverilog",
                 ToolError):
        icarus.require()
