"""What a quantised network and its circuit consist of, stage by stage, as rows of data or as a table.

A stage is a part of the circuit with a name in the estimate: ``fft{k}`` (the maps' live bins), ``hadamard{k}``
(SpectralConv, and the scale of pooling), ``ifft{k}`` (back to maps), activations and what else
:mod:`hadamac.network.stages` has.

*Weights* are the real numbers that determine a layer: a real kernel's live bins are a Hermitian square of
``2r+1`` x ``2r+1``, hence ``(2r+1)**2`` reals (N*N of a whole spectrum, half of it where only real parts count, and one
bias to a channel).  The circuit's memory holds the half-plane as complex words, because column 0 is stored whole.

*Multiplications* are real ones per image, as the circuit does them: four to a complex product, twiddle
products by one included.  *In space* is the same layer as a k x k convolution at its full resolution,
before pooling: ``k*k * C_in * C_out * N*N`` (of free spectra k = N).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cost.estimate import Plan, estimate
from ..model.fft.planar import Fft2dPlan
from ..model.modrelu import ModRelu
from ..model.quadratic import QuadraticPlan
from ..numeric import SQ
from ..quantised.network import Modulus, QuantNetwork, QuantStage, Table

if TYPE_CHECKING:
    from rich.table import Table as RichTable

__all__ = ["ACTIVATIONS", "layer_rows", "layer_table", "multiplications", "spectral_bins", "weights"]

ACTIVATIONS = {"relu": "ReLU", "modrelu": "modReLU", "gelu": "GELU", "silu": "SiLU"}


def _transform_multiplications(plan: Fft2dPlan) -> int:
    """Real multiplications of one map: N/2 packed rows and r + 1 columns of N samples each."""
    rows, columns = plan.size // 2, plan.radius + 1
    return plan.size * (rows * plan.row_plan.multipliers + columns * plan.column_plan.multipliers)


def spectral_bins(s: QuantStage) -> int:
    """Bins that leave a stage, all channels; 0 where maps leave."""
    spectral = s.stage.radius is not None and s.stage.kind not in ("inverse", "linear")
    return s.stage.channels * s.stage.bins if spectral else 0


def multiplications(s: QuantStage) -> int:
    """Real multiplications of a stage per image."""
    stage, op = s.stage, s.op
    match op:
        case Fft2dPlan():
            return stage.channels * _transform_multiplications(op)
        case Table() if stage.kind == "point":
            return stage.channels * stage.size**2
        case QuadraticPlan():
            return 2 * stage.channels * stage.size**2
        case Table() | Modulus():
            return 2 * spectral_bins(s)
        case ModRelu():
            return 6 * spectral_bins(s)
    if stage.kind == "multiply":
        return (2 if stage.layer.real else 4) * stage.inputs * spectral_bins(s)
    if stage.kind == "normalise":
        return (4 if op.plan.count & (op.plan.count - 1) == 0 else 6) * spectral_bins(s)
    return op.weights.size if stage.kind == "linear" else 0


def weights(s: QuantStage) -> int:
    """Real numbers that determine a stage."""
    stage = s.stage
    if stage.kind == "multiply":
        reals = min((2 * stage.radius + 1) ** 2, stage.size**2)
        return stage.channels * (stage.inputs * ((reals + 1) // 2 if stage.layer.real else reals) + 1)
    if stage.kind == "linear":
        return s.op.weights.size + len(s.op.weights)
    return 3 if isinstance(s.op, QuadraticPlan) else stage.channels if isinstance(s.op, ModRelu) else 0


def _space(s: QuantStage) -> int:
    """Multiplications of the same layer in space."""
    stage = s.stage
    if stage.kind == "multiply":
        return (stage.layer.kernel or stage.size) ** 2 * stage.inputs * stage.channels * stage.size**2
    return s.op.weights.size if stage.kind == "linear" else 0


def _what(qnet: QuantNetwork, s: QuantStage) -> list[str]:
    """A stage in words; a product says what its scale comes from."""
    stage, layer, n = s.stage, s.stage.layer, s.stage.size
    match stage.kind:
        case "transform":
            return [f"FFT2 {n}×{n}"]
        case "inverse":
            return [f"IFFT2 {n}×{n}"]
        case "multiply":
            kernel = "free" if layer.kernel is None else f"{layer.kernel}×{layer.kernel}"
            out = [f"SpectralConv {stage.inputs}→{stage.channels}, {kernel}"]
            if stage.frozen is not None:
                out.append("Normalise, frozen")
            place = next(k for k, step in enumerate(qnet.network.steps) if step is stage.step or step == stage.step)
            for step in qnet.network.steps[place + 1 :]:
                product = step.kind == "multiply" and step.layer.type != "normalise"
                if step.kind not in ("multiply", "band", "crop", "pad") or product:
                    break
                if step.kind in ("crop", "pad"):
                    out.append(f"{'SpectralPool' if step.kind == 'crop' else 'Pad'} {step.size}→{step.keeps}")
            return out
        case "normalise":
            return [f"Normalise over {layer.over}{', n - 1' if layer.correction else ''}"]
        case "crop":
            return [f"crop to |u|, |v| ≤ {stage.radius}"]
        case "tile":
            return [f"MaxPool {n}→{n // 2}"]
        case "linear":
            return [f"Dense {s.op.weights[0].size}→{len(s.op.weights)}"]
    return [ACTIVATIONS.get(layer.function, layer.function) + (" of bins" if stage.kind == "bin" else "")]


def _shape_behind(s: QuantStage) -> list[int]:
    stage = s.stage
    if stage.kind == "linear":
        return [len(s.op.weights)]
    if spectral_bins(s):
        return [stage.channels, stage.rows, stage.radius + 1]
    n = stage.size // 2 if stage.kind == "tile" else stage.size
    return [stage.channels, n, n]


def _layers(qnet: QuantNetwork) -> list[dict]:
    """What the description and the formats say of every stage, in the estimate's order."""
    network, width = qnet.network, qnet.formats.width
    rows = [{"stage": "input", "what": ["Image"], "output": [network.channels, network.size, network.size],
             "live_bins": None, "bins": None, "format": str(qnet.edges["image"]), "weights": 0, "multiplications": 0,
             "multiplications_in_space": 0}]
    for s in qnet.stages:
        n, shape = s.stage.size, _shape_behind(s)
        bits = qnet.formats.logit_width if s.stage.kind == "linear" else width
        live = bool(spectral_bins(s))
        rows.append({
            "stage": s.stage.name, "what": _what(qnet, s), "output": shape, "live_bins": shape[1:] if live else None,
            "bins": [n, n // 2 + 1] if live else None, "format": str(SQ(bits - s.fraction, s.fraction)),
            "weights": weights(s), "multiplications": multiplications(s), "multiplications_in_space": _space(s),
        })  # fmt: skip
    return rows


def layer_rows(qnet: QuantNetwork, folding: Plan | None = None) -> list[dict]:
    """One dict per stage and, last, their total; plain numbers, strings and lists, as JSON takes them.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Lanes of the products; :func:`hadamac.cost.estimate.plan` unless told.

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


def layer_table(qnet: QuantNetwork, folding: Plan | None = None) -> RichTable:
    """:func:`layer_rows` as a table for the terminal; 80 columns are enough."""
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
