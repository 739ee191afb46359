"""Rows of data, or a table, of the stages that a quantised network and its circuit consist of.

A stage is a part of the circuit with a name in the estimate: ``fft{k}`` (the maps' live bins), ``hadamard{k}``
(SpectralConv, with the scale of pooling), ``ifft{k}`` (back to maps), activations and the other stages of
:mod:`hadamac.network.stages`.

*Weights* are the real numbers that determine a layer: a real kernel's live bins are a Hermitian square of
``2r+1`` x ``2r+1``, hence ``(2r+1)**2`` reals (N*N of a whole spectrum, half of it where only real parts count, and one
bias for each channel).  The circuit's memory holds the half-plane as complex words, because column 0 is stored whole.

*Multiplications* are real ones per image, as the circuit does them: four to a complex product, twiddle products by one
included.  *In space* is the same layer as a k x k convolution at its full resolution, before pooling:
``k*k * C_in * C_out * N*N`` (of free spectra k = N).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cost.estimate import Plan, estimate
from ..network.network import Network
from ..ops.base import Operation
from ..ops.formats import Formats
from ..quantised.network import QuantNetwork
from ..shapes import text

if TYPE_CHECKING:
    from rich.table import Table as RichTable

__all__ = ["layer_rows", "layer_table"]

PADDINGS = {"zero": "border of zeros", "mirror": "mirrored border", "end": "zeros after the last row and column"}
"""Rules of padding in a few words."""
Row = dict[str, Any]
"""Figures of a stage by their names, as `layer_rows` lists them."""


def _row(op: Operation, formats: Formats) -> Row:
    """Return what the description and the formats say of a stage."""
    (rows, columns), shape = op.stage.size, list(op.outputs)
    own = formats.stages.get(op.stage.name)
    live = op.bins > 0
    return {
        "stage": op.stage.name, "what": op.what + ([str(own)] if own else []), "output": shape,
        "live_bins": shape[1:] if live else None,
        "bins": [rows, columns // 2 + 1] if live else None, "format": str(op.format), "weights": op.weights,
        "multiplications": op.multiplications, "multiplications_in_space": op.multiplications_in_space,
    }  # fmt: skip


def _layers(qnet: QuantNetwork) -> list[Row]:
    """Return a row for the input, for every stage, and for the buffer of maps that leave, in the estimate's order."""
    network, last = qnet.network, qnet.stages[-1]
    what = [network.source.capitalize()]
    if network.given != network.size:
        what.append(f"{text(network.given, '×')}, {PADDINGS[network.padding]}")
    image = _end("input", what, [network.channels, *network.size], str(qnet.edges[network.source]))
    maps = [_end("output", ["Raster"], list(last.outputs), str(last.format))] if network.output == "maps" else []
    return [image, *(_row(op, qnet.formats) for op in qnet.stages), *maps]


def _end(name: str, what: list[str], output: list[int], format: str) -> Row:
    """Return the row of a buffer before the first or behind the last stage, which computes nothing."""
    return {"stage": name, "what": what, "output": output, "live_bins": None, "bins": None, "format": format,
            "weights": 0, "multiplications": 0, "multiplications_in_space": 0}


def layer_rows(qnet: QuantNetwork, folding: Plan | None = None) -> list[Row]:
    """Return a row for each stage and, last, their total: plain numbers, strings and lists, as JSON takes them.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Lanes of the products; the default is :func:`hadamac.cost.estimate.plan`.

    Returns
    -------
    list of dict
        ``stage``; ``what`` it does, a list of strings, the last of which are the widths of its own, if it has any;
        ``output`` shape; ``live_bins`` [2r+1, r+1] of ``bins`` [N, N/2+1], or None; ``format`` of the output;
        ``weights`` (reals, with biases);
        ``multiplications`` and ``multiplications_in_space`` per image; ``multipliers`` (real, in hardware);
        ``memory_bits``; ``interval`` (cycles a frame); ``first_output`` (cycle, counted from the first pixel).
        The total has None where a sum means nothing, the slowest stage's interval, and the last stage's
        first output, which is the latency.
    """
    e, rows = estimate(qnet, folding), []
    for row, stage in zip(_layers(qnet), e.stages, strict=True):
        hardware = {"multipliers": stage.multipliers, "memory_bits": stage.memory_bits, "interval": stage.interval,
                    "first_output": stage.first_output}
        rows.append(row | hardware)
    total = dict.fromkeys(rows[0]) | {"stage": "total", "what": []}
    for column in ("weights", "multiplications", "multiplications_in_space", "multipliers", "memory_bits"):
        total[column] = sum(row[column] for row in rows)
    return [*rows, total | {"interval": e.interval, "first_output": e.latency}]


def _title(network: Network) -> str:
    """Return in words what a network takes and answers."""
    channels = f" of {network.channels} channels" if network.channels > 1 else ""
    given = f"signal of {text(network.given)} samples" if network.flat else f"{text(network.given, '×')} image"
    if network.output in ("classes", "values"):
        what = f"{network.outputs} {network.output if network.outputs > 1 else 'value'}"
    else:
        what = f"{network.output} {'×'.join(map(str, network.output_shape))}"
    return f"{given}{channels} to {what}"


def _shape(shape: list[int] | None) -> str:
    return "" if shape is None else "×".join(map(str, shape))


def _count(n: int | None) -> str:
    """Return a number with commas between thousands; nothing for zero, so that the other numbers are easy to find."""
    return f"{n:,}" if n else ""


def layer_table(qnet: QuantNetwork, folding: Plan | None = None) -> RichTable:
    """Return :func:`layer_rows` as a table for the terminal; 80 columns are enough."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    *stages, total = layer_rows(qnet, folding)
    dense = [op for op in qnet.stages if op.stage.kind == "linear"]
    spectral = total["multiplications"] - sum(op.multiplications for op in dense)
    spatial = total["multiplications_in_space"] - sum(op.multiplications_in_space for op in dense)
    weights = total["weights"] - sum(op.weights for op in dense)
    caption = (
        f"Convolutions: {weights:,} weights, {spectral:,} multiplications for each {qnet.network.source} with their "
        f"transforms; "
        f"in space at full resolution {spatial:,} ({spatial / spectral:.1f} times)."
    ) if spectral else None
    table = Table(
        title=f"{qnet.network.name}: {_title(qnet.network)}; "
        f"a result every {total['interval']:,} cycles, {total['first_output']:,} after its first beat",
        caption=caption,
        box=SIMPLE_HEAD, show_edge=False, show_footer=True, title_justify="left", caption_justify="left",
        padding=0,
    )  # fmt: skip
    columns = [("Weights", "weights"), ("Mult./\nframe", "multiplications"), ("Multi-\npliers", "multipliers"),
               ("Memory\nbits", "memory_bits"), ("Inter-\nval", "interval"), ("First\nout", "first_output")]
    table.add_column("Stage", Text("total", style="bold"))
    table.add_column("Output\nformat", no_wrap=True)
    table.add_column("Live\nbins", no_wrap=True)
    for header, column in columns:
        table.add_column(header, _count(total[column]), justify="right", no_wrap=True)
    for k, row in enumerate(stages):
        live = "" if row["live_bins"] is None else f"{_shape(row['live_bins'])}\nof {_shape(row['bins'])}"
        name = Text.assemble((row["stage"], "bold"), "\n", "\n".join(row["what"]))
        numbers = (_count(row[column]) for _, column in columns)
        before_fft = k + 1 < len(stages) and stages[k + 1]["stage"].startswith("fft")
        table.add_row(name, f"{_shape(row['output'])}\n{row['format']}", live, *numbers,
                      end_section=row["stage"] == "input" or before_fft)
    return table
