"""Emitted files: reproducible, self-contained, described by their manifest."""

import hashlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from hadamac import PRESETS, quantise
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool
from hadamac_hw.cores.library import write_library


@pytest.fixture(scope="module")
def qnet():
    network = Network(name="tiny", size=8, channels=1, layers=(
        SpectralConv(channels=2, kernel=3), SpectralPool(size=4), Activation(), Dense(outputs=3)))
    rng = np.random.default_rng(1)
    params = {name: rng.normal(0, 0.3, shape) for name, shape in network.parameters.items()}
    return quantise(network, params, rng.integers(0, 256, (20, 8, 8), dtype=np.uint8), PRESETS["default"])


def test_library(qnet, tmp_path):
    manifest = write_library(qnet, tmp_path / "a", blocks=False)
    again = write_library(qnet, tmp_path / "b", blocks=False)
    assert manifest == again == json.loads((tmp_path / "a" / "manifest.json").read_text())
    for core in manifest["cores"]:
        text = (tmp_path / "a" / core["file"]).read_bytes()
        assert text == (tmp_path / "b" / core["file"]).read_bytes()
        assert core["sha256"] == hashlib.sha256(text).hexdigest()
        check_core(core, text.decode())


def check_core(core, text):
    assert core["file"] == core["name"] + ".v"
    assert re.search(rf"^module {core['name']}\(", text, re.M)
    assert "`timescale 1ns/1ps" in text and text.startswith(f"// {core['name']}: ")
    assert "/home" not in text and str(core["configuration"].get("latency")) in text
    body = text[text.index(f"module {core['name']}(") :]
    body = body[: body.index("endmodule")]
    declared = dict()
    for direction, _, width, name in re.findall(r"^  (input|output)( \[(\d+):0\])? (\w+);", body, re.M):
        declared.setdefault(name, {"name": name, "direction": direction[:-3], "width": int(width or 0) + 1})
    assert {p["name"]: p for p in core["ports"]} == declared


def test_every_block_has_a_core(qnet, tmp_path):
    from hadamac_hw.cores.library import core_text, cores

    small = [c for c in cores(qnet) if c.name not in ("fft256", "fft1024", "fft64", "ifft64", "fft2d_32", "ifft2d_16")]
    assert {"fft16", "hadamard4x4", "crop32", "expand16", "relu", "sigmoid", "dense", "argmax", "row_pairs32", "gelu",
            "quadratic", "modrelu", "modulus", "normalise8x120", "spectral_pool32", "spectral_pad16", "max_pool32",
            "decimate32", "add4x16"} == {c.name for c in small}
    for core in small:
        text = core_text(core)
        assert core.configuration and not any(key.startswith("_") for key in core.configuration)
        assert re.search(rf"^module {core.name}\(", text, re.M), core.name


def test_components_by_name():
    """Every name that the package offers is there, and loads only when asked for."""
    import hadamac_hw

    assert all(getattr(hadamac_hw, name).__name__ == name for name in hadamac_hw.__all__)
    script = "import sys, hadamac_hw; print('amaranth' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'Ftf'"):
        _ = hadamac_hw.Ftf
