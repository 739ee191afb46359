"""What a quantised network and its circuit consist of, stage by stage, as rows of data or as a table.

A stage is a part of the circuit with a name in the estimate; per group k they are ``fft{k}`` (the maps'
live bins), ``hadamard{k}`` (SpectralConv and SpectralPool) and ``ifft{k}`` (back to maps, Activation).

*Weights* are the real numbers that determine a layer: a real kernel's live bins are a Hermitian square of
``2r+1`` x ``2r+1``, hence ``(2r+1)**2`` reals (and one bias to a channel).  The circuit's memory holds the
half-plane as complex words, ``2 (2r+1)(r+1)`` parts a kernel, because column 0 is stored whole.

*Multiplications* are real ones per image, as the circuit does them: four to a complex product, twiddle
products by one included.  *In space* is the same layer as a k x k convolution at its full resolution,
before pooling: ``k*k * C_in * C_out * N*N``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .estimate import Plan, estimate
from .model.fft2d import Fft2dPlan
from .quantised import QuantNetwork

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["layer_rows", "layer_table"]

_ACTIVATIONS = {"relu": "ReLU"}


def _transform_multiplications(plan: Fft2dPlan) -> int:
    """Real multiplications of one map: N/2 packed rows and r + 1 columns of N samples each."""
    rows, columns = plan.size // 2, plan.radius + 1
    return plan.size * (rows * plan.row_plan.multipliers + columns * plan.column_plan.multipliers)


def _layers(qnet: QuantNetwork) -> list[dict]:
    """What the description and the formats say of every stage, in the estimate's order."""
    network, edges = qnet.network, qnet.edges
    rows = []

    def add(stage, what, output, edge, *, live=None, bins=None, weights=0, multiplications=0, space=0):
        rows.append({
            "stage": stage, "what": what, "output": output, "live_bins": live, "bins": bins,
            "format": str(edges[edge]), "weights": weights, "multiplications": multiplications,
            "multiplications_in_space": space,
        })  # fmt: skip

    add("input", ["Image"], [network.channels, network.size, network.size], "image")
    for g in qnet.groups:
        s, k, n, m = g.shape, g.shape.index, g.shape.size, g.shape.pool
        live, bins = [2 * g.radius + 1, g.radius + 1], [n, n // 2 + 1]
        products = s.inputs * s.outputs * live[0] * live[1]
        add(f"fft{k}", [f"FFT2 {n}×{n}"], [s.inputs, *live], f"spectrum{k}", live=live, bins=bins,
            multiplications=s.inputs * _transform_multiplications(g.forward))
        add(f"hadamard{k}", [f"SpectralConv {s.inputs}→{s.outputs}, {s.kernel}×{s.kernel}", f"SpectralPool {n}→{m}"],
            [s.outputs, *live], f"product{k}", live=live, bins=bins,
            weights=s.outputs * (s.inputs * live[0] ** 2 + 1), multiplications=4 * products,
            space=s.kernel**2 * s.inputs * s.outputs * n * n)
        add(f"ifft{k}", [f"IFFT2 {m}×{m}", _ACTIVATIONS.get(s.function, s.function)], [s.outputs, m, m], f"map{k}",
            multiplications=s.outputs * _transform_multiplications(g.inverse))
    classes, inputs = len(qnet.dense.weights), qnet.dense.weights[0].size
    add("dense", [f"Dense {inputs}→{classes}"], [classes], "logits", weights=classes * (inputs + 1),
        multiplications=classes * inputs, space=classes * inputs)
    return rows


def layer_rows(qnet: QuantNetwork, folding: Plan | None = None) -> list[dict]:
    """One dict per stage and, last, their total; plain numbers, strings and lists, as JSON takes them.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Lanes of the products; :func:`hadamac.estimate.plan` unless told.

    Returns
    -------
    list of dict
        ``stage``; ``what`` it does, a list of strings; ``output`` shape; ``live_bins`` [2r+1, r+1] of
        ``bins`` [N, N/2+1], or None; ``format`` of the output; ``weights`` (reals, with biases);
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


def _shape(shape: list[int] | None) -> str:
    return "" if shape is None else "×".join(map(str, shape))


def _count(n: int | None) -> str:
    """Thousands apart; nothing for zero, so that the eye finds the numbers that matter."""
    return f"{n:,}" if n else ""


def layer_table(qnet: QuantNetwork, folding: Plan | None = None) -> Table:
    """:func:`layer_rows` as a table for the terminal; 80 columns are enough."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    *stages, total = layer_rows(qnet, folding)
    spectral = total["multiplications"] - stages[-1]["multiplications"]
    spatial = total["multiplications_in_space"] - stages[-1]["multiplications_in_space"]
    weights = total["weights"] - stages[-1]["weights"]
    table = Table(
        title=f"{qnet.network.name}: {_shape(stages[0]['output'][1:])} image to {qnet.network.dense.outputs} classes; "
        f"a result every {total['interval']:,} cycles, {total['first_output']:,} after its first pixel",
        caption=f"Convolutions: {weights:,} weights, {spectral:,} multiplications an image with their transforms; "
        f"in space at full resolution {spatial:,} ({spatial / spectral:.1f} times).",
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
    for row in stages:
        live = "" if row["live_bins"] is None else f"{_shape(row['live_bins'])}\nof {_shape(row['bins'])}"
        name = Text.assemble((row["stage"], "bold"), "\n", "\n".join(row["what"]))
        numbers = (_count(row[column]) for _, column in columns)
        table.add_row(name, f"{_shape(row['output'])}\n{row['format']}", live, *numbers,
                      end_section=row["stage"].startswith(("input", "ifft")))
    return table
