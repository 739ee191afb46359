"""Benchmark of the layers: synthesises each block, and writes docs/layers.md.

Run ``make bench-layers`` or ``python -m bench.layers``; the figures also go to docs/benchmarks/layers.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hadamac.files.writing import atomic_write
from hadamac.progress import Progress

from .. import synthesis
from .cases import CASES
from .measure import measure
from .page import markdown


def main(
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs"),
    build: Annotated[Path, typer.Option(help="Directory to keep netlists and reports in.")] = Path("build/bench"),
    seeds: Annotated[str, typer.Option(help="Seeds of nextpnr.")] = "1,2,3",
    jobs: Annotated[int, typer.Option(help="Number of seeds at the same time.")] = 2,
    only: Annotated[str, typer.Option(help="Names of the cases to measure, with commas; the others keep their figures.")] = "",
) -> None:
    """Measure all blocks and write the tables."""
    numbers = [int(s) for s in seeds.split(",")]
    chosen, kept = [name for name in only.split(",") if name] or list(CASES), {}
    if only:
        kept = {row["name"]: row for row in json.loads((out / "benchmarks" / "layers.json").read_text())["rows"]}
    job, rows = Progress(len(chosen), Console()), []
    for case in CASES.values():
        if case.name not in chosen:
            rows.append(kept[case.name])
            continue
        with job.phase(f"Synthesise, place and route {case.name}") as bar:
            rows.append(measure(case, synthesis.LARGE, numbers, build, jobs=jobs))
            bar.say(f"{rows[-1]['fmax']:.1f} MHz, {rows[-1]['comb']} COMB, {rows[-1]['ff']} FF")
    tools = {name: version for name, version in synthesis.tools().items() if "ice40" not in name}
    result = {"tools": tools, "seeds": numbers, "block_ram_limit": synthesis.block_ram_limit("6"), "rows": rows}
    (out / "benchmarks").mkdir(parents=True, exist_ok=True)
    atomic_write(out / "benchmarks" / "layers.json", json.dumps(result, indent=1) + "\n")
    atomic_write(out / "layers.md", markdown(result))


if __name__ == "__main__":
    typer.run(main)
