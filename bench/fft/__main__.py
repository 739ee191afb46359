"""Benchmark of the FFT: speed and area compared with other cores, accuracy, and plots.

Run ``make bench`` or ``python -m bench.fft``, which writes ``fft.json``, ``fft.md`` and the plots to docs/benchmarks.
``python -m bench.fft --accuracy`` takes seconds: it measures only the accuracy, and keeps the speed and the area of
``fft.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hadamac.progress import Progress

from .. import synthesis
from . import accuracy, page, plots
from .measure import measure

HERE = Path(__file__).parent
SIZES = [64, 256, 1024]


def main(
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs/benchmarks"),
    build: Annotated[Path, typer.Option(help="Directory to keep netlists and reports in.")] = Path("build/bench"),
    seeds: Annotated[str, typer.Option(help="Seeds of nextpnr.")] = "1,2,3",
    seed: Annotated[int, typer.Option(help="Seed of the stimuli.")] = 1,
    only_accuracy: Annotated[bool, typer.Option("--accuracy", help="Keep the speed and area of fft.json.")] = False,
) -> None:
    """Measure, and write tables and plots."""
    numbers = [int(s) for s in seeds.split(",")]
    job = Progress(1 if only_accuracy else 2 * len(SIZES) + 2, Console())
    kept = out / "fft.json"
    if only_accuracy and not kept.is_file():
        raise typer.BadParameter(f"there must be a {kept} to keep speed and area from", param_hint="--accuracy")
    result = json.loads(kept.read_text()) if only_accuracy else _speed(job, numbers, build)
    peers = json.loads((HERE / "peers.json").read_text())
    with job.phase("Accuracy") as bar:
        result |= accuracy.figures(seed)
        out.mkdir(parents=True, exist_ok=True)
        if not only_accuracy:
            plots.against_peers(result["ours"] + result["peers"], result["block_ram_limit"], out / "fft_peers.png")
        plots.accuracy(result, out / "fft_sqnr.png")
        plots.widths(result, out / "fft_widths.png")
        kept.write_text(json.dumps(result, indent=1) + "\n")
        (out / "fft.md").write_text(page.markdown(result, peers))
        bar.say(f"Wrote {out}/fft.md")


def _speed(job: Progress, seeds: list[int], build: Path) -> dict:
    """Synthesise, place and route every core; return its figures and those of the other cores."""
    ours, fast = [], []
    for rows, flow, grade in ((ours, synthesis.LARGE, 6), (fast, synthesis.FAST, 8)):
        for size in SIZES:
            with job.phase(f"Synthesise, place and route {size} points, speed grade {grade} (minutes)") as bar:
                rows.append(measure(flow, seeds, build, size=size))
                bar.say(f"{rows[-1]['fmax']:.1f} MHz, {rows[-1]['comb']} COMB, {rows[-1]['ff']} FF")
    with job.phase(f"Synthesise, place and route the iterative core, {accuracy.SMALL} points, iCE40 UP5K") as bar:
        small = measure(synthesis.SMALL, seeds, build, size=accuracy.SMALL, architecture="iterative")
        bar.say(f"{small['fmax']:.1f} MHz, {small['cells']} logic cells")
    peers = json.loads((HERE / "peers.json").read_text())
    return {
        "tools": synthesis.tools(), "seeds": seeds, "ours": ours, "fast": fast, "small": small,
        "block_ram_limit": synthesis.block_ram_limit("6"), "block_ram_limit_8": synthesis.block_ram_limit("8"),
        "peers": [dict(zip(peers["columns"], row)) for row in peers["rows"]],
    }


if __name__ == "__main__":
    typer.run(main)
