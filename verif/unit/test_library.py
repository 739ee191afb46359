"""Tests of the Verilog library: its files are reproducible, self-contained, and described by the manifest."""

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
from support import tiny
from support.seeds import rng


@pytest.fixture(scope="module")
def qnet():
    network = Network(name="tiny", shape=(1, 8, 8), layers=(
        SpectralConv(channels=2, kernel=3), SpectralPool(size=4), Activation(), Dense(outputs=3)))
    rng = np.random.default_rng(1)
    params = {name: rng.normal(0, 0.3, shape) for name, shape in network.parameters.items()}
    return quantise(network, params, rng.integers(0, 256, (20, 8, 8), dtype=np.uint8), PRESETS["default"])


def test_library(qnet, tmp_path):
    manifest = write_library(qnet, tmp_path / "a", blocks=False)
    assert manifest["cores"][0]["title"] == "spectral CNN tiny: 8x8 pixels in, logits and class out"
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

    small = [c for c in cores(qnet) if c.name not in ("fft256", "fft1024", "fft64", "ifft64", "fft2d_32", "ifft2d_16", "rows_128",
                                                        "irows_64")]
    assert {"fft16", "hadamard4x4", "crop32", "expand16", "relu", "sigmoid", "dense", "argmax", "row_pairs32", "gelu",
            "quadratic", "modrelu", "modulus", "normalise8x120", "spectral_pool32", "spectral_pad16", "max_pool32",
            "decimate32", "canvas32", "add4x16", "frame_pairs_rgb28", "raster16x3"} == {c.name for c in small}
    for core in small:
        text = core_text(core)
        assert core.configuration and not any(key.startswith("_") for key in core.configuration)
        assert re.search(rf"^module {core.name}\(", text, re.M), core.name


@pytest.mark.parametrize("name", list(tiny.shapes()))
def test_cores_of_every_shape_of_network(name):
    """Of a network without a dense layer or without classes, those of the other blocks; its own core names its ends."""
    from hadamac_hw.cores.library import cores, network_core

    network = tiny.shapes()[name]
    qnet = tiny.quantised(network, rng("library", name), count=4)
    names = [core.name for core in cores(qnet)]
    assert len(set(names)) == len(names) > 20
    assert ("argmax" in names) == (network.output == "classes")
    assert ("dense" in names) == (network.output in ("classes", "values"))
    title = network_core(qnet).title
    taken = f"{network.shape[-1]} samples" if network.flat else f"{network.shape[1]}x{network.shape[2]} pixels"
    given = "logits and class" if network.output == "classes" else network.output
    assert title == f"spectral CNN shape-{name}: {taken} in, {given} out"


def test_a_dense_core_of_few_reals():
    """A dense layer has no more lanes than its frame has reals, although it has more outputs."""
    from hadamac_hw.cores.library import cores

    network = Network(name="few", shape=(1, 16), layers=(SpectralConv(channels=1, kernel=1), SpectralPool(size=1),
                                                         Dense(outputs=5)))
    dense = next(core for core in cores(tiny.quantised(network, rng("few"), count=4)) if core.name == "dense")
    assert dense.configuration["lanes"] == 2


def test_components_by_name():
    """Load every public name of the package, none of which is loaded before it is used."""
    import hadamac_hw

    assert [getattr(hadamac_hw, name).__name__ for name in hadamac_hw.__all__] == hadamac_hw.__all__
    script = "import sys, hadamac_hw; print('amaranth' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'Ftf'"):
        _ = hadamac_hw.Ftf
