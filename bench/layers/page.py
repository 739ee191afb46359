"""The page with the tables of layers."""

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
    interval = "a beat a cycle" if row["interval"] is None else f"{_code(cost.interval)} = {row['interval']:,}"
    multipliers, memory = (text if text.isdigit() else _code(text) for text in (cost.multipliers, cost.memory))
    cells = ("; ".join(layers), CASES[name].what, multipliers, memory, latency, interval, f"{row['comb']:,}",
             f"{row['ff']:,}", str(row["dsp"]), str(row["ram"]), f"**{row['fmax']:.0f}**")
    return f"| {' | '.join(cells)} |"


def _seeds(result: dict) -> str:
    """What seeds Fmax is of, and which rows have fewer."""
    common = result["seeds"]
    fewer = [row for row in result["rows"] if row["seeds"] != common]
    text = f"the median of seeds {', '.join(map(str, common))}" if len(common) > 1 else f"that of seed {common[0]}"
    if fewer:
        text += ("; of seed " + ", ".join(map(str, fewer[0]["seeds"])) + " alone in the rows "
                 + ", ".join(row["name"] for row in fewer))
    return text


_PAGE = """# Layers

Made by `make bench-layers`. A layer acts on maps (channels of N x N reals) or on bins (their half-spectra);
[architecture.md](architecture.md) says how layers become a circuit. Models in `model/` are bit for bit their circuits.

## Definitions

| layer | formula | source | model | circuit | torch |
|---|---|---|---|---|---|
{definitions}

From relu to quadratic: of every pixel x, or of both parts of every bin z *on bins*. P(N) is the power of two not
below N. Formulas are of values; how words stand for them is in each model's docstring. Where f(0) = 0, the table's is 0
too. Normalise counts a deviation below half an LSB of its words (where the number of bins is no power of two, below a
quarter to a half) as that.

{sources}

## Costs

Formulas: {letters}.
Latency: cycles from first beat in to first beat out; 0 is combinational. Interval: cycles a frame. Memory: without the
output FIFO, which every block but the combinational ones has; a memory of fewer than 32 words is LUT RAM or logic.

Measured: LFE5U-85F CABGA381, speed grade 6, `synth_ecp5`, nextpnr aiming at {aim} MHz; Fmax is {seeds}.
Each block stands between registers, whose own cells are taken off (relu becomes their synchronous reset). nextpnr does
not check what a block RAM's clock may be: where DP16KD is not 0, count on {limit:.0f} MHz at most
([benchmarks/fft.md](benchmarks/fft.md)).
Versions: {tools}.

| layer | measured with | multipliers | memory, bits | latency | interval | COMB | FF | MULT18X18D | DP16KD | MHz |
|---|---|---|---|---|---|---|---|---|---|---|
{costs}
"""


def markdown(result: dict) -> str:
    """The page; ``result`` as in layers.json."""
    return _PAGE.format(
        definitions="\n".join(map(_definition, LAYERS)), costs="\n".join(map(_cost, result["rows"])),
        sources="\n".join(f"- {name}: {text}." for name, text in SOURCES.items()),
        letters="; ".join(f"`{k}` {v}" for k, v in SYMBOLS.items()), aim=synthesis.LARGE.freq_mhz,
        seeds=_seeds(result), limit=result["block_ram_limit"],
        tools=", ".join(f"{k} {v}" for k, v in result["tools"].items()))
