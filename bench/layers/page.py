"""Page docs/layers.md, with the definition and the cost of every layer."""

from __future__ import annotations

from .. import synthesis
from .cases import CASES
from .table import COSTS, LAYERS, SOURCES, SYMBOLS, Layer

__all__ = ["markdown"]


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _definition(layer: Layer) -> str:
    links = {kind: ", ".join(f"[{name}](../{file})" for file, name in files) for kind, files in layer.links.items()}
    circuit = ": ".join(filter(None, (links["circuit"], layer.note)))
    cells = (layer.name, _code(layer.formula), layer.source or "–", links["model"], circuit, links["torch"] or "–")
    return f"| {' | '.join(cells)} |"


def _cost(row: dict) -> str:
    name = row["name"]
    cost, layers = COSTS[name], [layer.name for layer in LAYERS if layer.case == name]
    latency = f"{_code(cost.latency)} = {row['latency']:,}" if row["latency"] else "0"
    interval = "one beat per cycle" if row["interval"] is None else f"{_code(cost.interval)} = {row['interval']:,}"
    multipliers, memory = (text if text.isdigit() else _code(text) for text in (cost.multipliers, cost.memory))
    cells = ("; ".join(layers), CASES[name].what, multipliers, memory, latency, interval, f"{row['comb']:,}",
             f"{row['ff']:,}", str(row["dsp"]), str(row["ram"]), f"**{row['fmax']:.0f}**")
    return f"| {' | '.join(cells)} |"


def _seeds(result: dict) -> str:
    """Return the text that names the seeds of Fmax, and the rows that have fewer seeds."""
    common = result["seeds"]
    fewer = [row for row in result["rows"] if row["seeds"] != common]
    if len(common) > 1:
        text = f"the median of the seeds {', '.join(map(str, common))}"
    else:
        text = f"the value of seed {common[0]}"
    if fewer:
        text += ("; in the rows " + ", ".join(row["name"] for row in fewer) + ", it is the value of seed "
                 + ", ".join(map(str, fewer[0]["seeds"])))
    return text


_PAGE = """# Layers

This page is made by `make bench-layers`. A layer acts on maps (channels of H x W real numbers) or on bins (the
half-spectra of maps). The formulas are written for square maps, H = W = N; signals are maps of one row.
[architecture.md](architecture.md) explains how layers become a circuit, and [glossary.md](glossary.md) the terms. The
models in `model/` compute the same bits as their circuits.

## Definitions

| layer | formula | source | model | circuit | torch |
|---|---|---|---|---|---|
{definitions}

The layers from relu to quadratic compute their formula for every pixel x; those *on bins* compute it for both parts
of every bin z. P(N) is the smallest power of two that is at least N, or in general the square root of H W. Formulas are
about values; the docstring of each model explains which words represent them. If f(0) = 0, the table of f contains
exactly 0 there. Normalise replaces a deviation below half an LSB of its words by half an LSB. If the number of bins is
not a power of two, this limit is between a quarter and a half of an LSB.

{sources}

## Costs

The letters in the formulas mean:

| letter | meaning |
|---|---|
{letters}

* *Latency* is the number of cycles from the first beat at the input to the first beat at the output. A block with a
  latency of 0 is combinational.
* *Interval* is the number of cycles per frame.
* *Memory* does not include the output FIFO, which every block has that is not combinational. A memory of fewer than
  32 words is LUT RAM or logic.
* *COMB*, *FF*, *MULT18X18D*, *DP16KD* and *MHz* (Fmax) are measured on an LFE5U-85F CABGA381 at speed grade 6, with
  `synth_ecp5` and with nextpnr aiming at {aim} MHz. Fmax is {seeds}. Each block is placed between registers, whose
  own cells are subtracted (relu becomes their synchronous reset). nextpnr does not check the highest clock of a
  block RAM: if DP16KD is not 0, expect {limit:.0f} MHz at most ([benchmarks/fft.md](benchmarks/fft.md)).
* The versions are {tools}.

| layer | measured with | multipliers | memory, bits | latency | interval | COMB | FF | MULT18X18D | DP16KD | MHz |
|---|---|---|---|---|---|---|---|---|---|---|
{costs}
"""


def markdown(result: dict) -> str:
    """Return the page for measured results in the form of layers.json."""
    return _PAGE.format(
        definitions="\n".join(map(_definition, LAYERS)), costs="\n".join(map(_cost, result["rows"])),
        sources="\n".join(f"- {name}: {text}." for name, text in SOURCES.items()),
        letters="\n".join(f"| `{k}` | {v} |" for k, v in SYMBOLS.items()), aim=synthesis.LARGE.freq_mhz,
        seeds=_seeds(result), limit=result["block_ram_limit"],
        tools=", ".join(f"{k} {v}" for k, v in result["tools"].items()))
