"""Description of a quantised network and its circuit, stage by stage, as rows of data or as a table.

The names of stages are those of the estimate: ``fft{k}`` computes the live bins of maps, ``hadamard{k}`` is a
SpectralConv with the scales of pools, and ``ifft{k}`` computes maps again.  :mod:`hadamac.network.stage` describes the
others.

*Weights* are the real numbers that determine a layer.  The live bins of a real kernel are a Hermitian square of
``2r+1`` x ``2r+1`` bins, which have ``(2r+1)**2`` real numbers; a whole spectrum has N*N, and a real spectrum has half
of them.  One bias for each output channel is added.  The memory of the circuit contains more words, because it has the
half-plane with both halves of column 0.

*Multiplications* are real multiplications for an image, as the circuit performs them: four for a complex product, and
products with a twiddle of one are included.  *In space* means the same layer as a k x k convolution at full resolution,
before pooling: ``k*k * C_in * C_out * N*N``, where k = N for free spectra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cost.estimate import Plan, estimate
from ..ops.base import Operation
from ..quantised.network import QuantNetwork

if TYPE_CHECKING:
    from rich.table import Table as RichTable

__all__ = ["layer_rows", "layer_table"]

Row = dict[str, Any]
"""Row of data; `layer_rows` lists its keys."""


def _row(op: Operation) -> Row:
    """Return the entries of a stage that do not depend on the folding."""
    n, shape = op.stage.size, list(op.outputs)
    live = op.bins > 0
    return {
        "stage": op.stage.name, "what": op.what, "output": shape, "live_bins": shape[1:] if live else None,
        "bins": [n, n // 2 + 1] if live else None, "format": str(op.format), "weights": op.weights,
        "multiplications": op.multiplications, "multiplications_in_space": op.multiplications_in_space,
    }  # fmt: skip


def _layers(qnet: QuantNetwork) -> list[Row]:
    """Return those rows of the input and of every stage, in the order of the estimate."""
    network = qnet.network
    image = {"stage": "input", "what": ["Image"], "output": [network.channels, network.size, network.size],
             "live_bins": None, "bins": None, "format": str(qnet.edges["image"]), "weights": 0, "multiplications": 0,
             "multiplications_in_space": 0}
    return [image, *map(_row, qnet.stages)]


def layer_rows(qnet: QuantNetwork, folding: Plan | None = None) -> list[Row]:
    """Return a row for each stage and, as the last one, a row with their total; all values suit JSON.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Lanes of the products and of the dense layer; the default is that of :func:`hadamac.cost.folding.plan`.

    Returns
    -------
    list of dict
        Each row has these entries:

        * ``stage``: its name; ``what``: its description, a list of strings; ``output``: the shape of its output
        * ``live_bins``: [2r+1, r+1], of ``bins``: [N, N/2+1]; both are None for maps
        * ``format``: the number format of the output
        * ``weights``: the number of real weights and biases
        * ``multiplications`` and ``multiplications_in_space``: real multiplications for an image
        * ``multipliers``: the number of real multipliers of the circuit; ``memory_bits``
        * ``interval``: cycles of a frame; ``first_output``: its cycle, counted from the first pixel

        The total has the interval of the slowest stage and the first output of the last stage, which is the latency.
        Entries without a meaningful sum are None.
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


def _shape(shape: list[int] | None) -> str:
    """Return a shape as text, for example 15×8, or nothing for None."""
    return "" if shape is None else "×".join(map(str, shape))


def _count(n: int | None) -> str:
    """Return a number with separated thousands, or nothing for zero, so that the table is easier to read."""
    return f"{n:,}" if n else ""


def layer_table(qnet: QuantNetwork, folding: Plan | None = None) -> RichTable:
    """Return the rows of :func:`layer_rows` as a table for a terminal of at least 80 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    *stages, total = layer_rows(qnet, folding)
    spectral = total["multiplications"] - stages[-1]["multiplications"]
    spatial = total["multiplications_in_space"] - stages[-1]["multiplications_in_space"]
    weights = total["weights"] - stages[-1]["weights"]
    caption = (
        f"Convolutions: {weights:,} weights, {spectral:,} multiplications an image with their transforms; "
        f"in space at full resolution {spatial:,} ({spatial / spectral:.1f} times)."
    ) if spectral else None
    table = Table(
        title=f"{qnet.network.name}: {_shape(stages[0]['output'][1:])} image to {qnet.network.dense.outputs} classes; "
        f"a result every {total['interval']:,} cycles, {total['first_output']:,} after its first pixel",
        caption=caption,
        box=SIMPLE_HEAD, show_edge=False, show_footer=True, title_justify="left", caption_justify="left",
        padding=0,
    )  # fmt: skip
    columns = [("Weights", "weights"), ("Mult./\nimage", "multiplications"), ("Multi-\npliers", "multipliers"),
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
