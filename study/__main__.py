"""Study of what spectral pooling discards: makes every table and figure of docs/study.

Run ``make study`` or ``python study``.  ``--set fashion`` makes only the page on Fashion-MNIST.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import dependence
import figures
import network_pages
import pages
import pooling
import toy
import trained
import typer
from networks import MNIST, SETS, Set
from rich.console import Console

from hadamac.data import load_mnist, shipped_digits
from hadamac.errors import DataError, HadamacError
from hadamac.files.writing import atomic_write
from hadamac.images import as_images
from hadamac.progress import Progress

EQUAL = (64, 32, 16, 8)
EQUIVARIANT = (1, 16, 17, 32, 64)
SetName = StrEnum("SetName", list(SETS))
RECORDED = Path(__file__).parents[1] / "docs" / "study" / "mnist.json"
"""Figures of MNIST, with which Fashion-MNIST is compared."""


def main(out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs/study"),
         seed: Annotated[int, typer.Option(help="Seed of weights and inputs.")] = 1,
         build: Annotated[Path, typer.Option(help="Directory to keep compiled simulators in.")] = Path("build/sim"),
         frames: Annotated[int, typer.Option(min=2, help="Number of images to simulate in each trained network.")] = 4,
         jobs: Annotated[int, typer.Option(min=1, help="Number of networks to simulate at the same time.")] = 2,
         name: Annotated[SetName, typer.Option("--set", help="Data set of the ten networks. With mnist, everything is "
                                               "made; with fashion, only the page on Fashion-MNIST.")] = SetName.mnist,
         train: Annotated[bool, typer.Option("--train", help="Train the networks of the data set again.")] = False,
         data: Annotated[Path | None, typer.Option(help="Directory of the data set's IDX files.")] = None) -> None:
    """Compute and write tables and figures."""
    chosen = SETS[name]
    job = Progress(1 + train + 3 * (chosen is MNIST), Console())
    if train:
        _train(job, chosen, data)
    out.mkdir(parents=True, exist_ok=True)
    if chosen is MNIST:
        _toy(job, out, build)
        _pooling(job, out)
        _dependence(job, out, seed)
    phase = f"{chosen.title} in ten networks: predicted and simulated (the first time compiles ten simulators)"
    with job.phase(phase) as bar:
        rows = trained.measure(chosen, frames, build, jobs, lambda done, of, name: bar.at(done, of, name))
        if not all(r["as_estimated"] for r in rows):
            raise DataError("A simulated network must have the estimated cycles")
        if chosen is MNIST:
            result, page = rows, network_pages.mnist_page(rows)
        else:
            shares = {of.title: trained.beyond(of) for of in (MNIST, chosen)}
            result = {"beyond": shares, "rows": rows}
            page = network_pages.fashion_page(result, json.loads(RECORDED.read_text()))
        _write(out / chosen.name, result, page)
        bar.say(f"Wrote {out}/{chosen.name}.md")


def _write(path: Path, result: object, page: str) -> None:
    """Write the figures and the page of one part of the study; ``path`` has no suffix yet."""
    atomic_write(path.with_suffix(".json"), json.dumps(result, indent=1) + "\n")
    atomic_write(path.with_suffix(".md"), page)


def _toy(job: Progress, out: Path, build: Path) -> None:
    """Measure the toy network and write its page."""
    with job.phase("The toy network, in floats, words and RTL") as bar:
        rows = toy.measure(build)
        atomic_write(out / "toy_ratio.png", figures.ratios(rows))
        _write(out / "toy", rows, pages.toy_page(rows))
        bar.say(f"Wrote {out}/toy.md")


def _pooling(job: Progress, out: Path) -> None:
    """Measure what pooling keeps and write the page."""
    with job.phase("Pooling: information, equal sizes, Nyquist rules") as bar:
        photograph, digits = pooling.photograph(), as_images(shipped_digits()[0]) / 255.0
        result = {
            "information": {"photograph": pooling.information(photograph[None]), "digits": pooling.information(digits)},
            "equivariance": pooling.equivariance(photograph[None], EQUIVARIANT),
        }
        atomic_write(out / "information.png", figures.information(result["information"]))
        atomic_write(out / "equal_size.png", figures.equal_size(photograph, pooling.equal_size(photograph, EQUAL)))
        _write(out / "pooling", result, pages.pooling_page(result))
        bar.say(f"Wrote {out}/pooling.md")


def _dependence(job: Progress, out: Path, seed: int) -> None:
    """Measure the dependence on the discarded bins and write the page."""
    with job.phase("Dependence on the discarded bins") as bar:
        result = {"seed": seed, "rows": dependence.measure(seed)}
        _write(out / "dependence", result, pages.dependence_page(result))
        bar.say(f"Wrote {out}/dependence.md")


def _train(job: Progress, chosen: Set, data: Path | None) -> None:
    """Train every network of a data set except one that the package contains."""
    if data is None:
        raise DataError(f"Training needs {chosen.title}'s files; name their directory with --data "
                        f"(make study TRAIN=1 SET={chosen.name} DATA=...)")
    training, test = load_mnist(data, "train"), load_mnist(data, "test")
    with job.phase(f"Train the {chosen.title} networks (an hour)") as bar:
        for name in chosen.studies:
            if name != chosen.packaged:
                artifact = trained.train(chosen, name, training, test,
                                         lambda epoch, of=name: bar.label(f"{of}: {epoch}"))
                bar.say(f"{name}: float {100 * artifact.accuracy['float']:.2f} %, "
                        f"fixed {100 * artifact.accuracy['fixed']:.2f} %")


if __name__ == "__main__":
    try:
        typer.run(main)
    except HadamacError as error:
        sys.exit(f"study: error: {error}")
