"""Study of what spectral pooling discards: makes every table and figure of docs/study.

Run ``make study`` or ``python study``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import dependence
import figures
import mnist
import numpy as np
import pages
import pooling
import toy
import typer
from rich.console import Console

from hadamac.data import load_mnist, shipped_digits
from hadamac.errors import DataError, HadamacError
from hadamac.files.writing import atomic_write
from hadamac.progress import Progress
from hadamac.quantised.artifact import shipped

EQUAL = (64, 32, 16, 8)
EQUIVARIANT = (1, 16, 17, 32, 64)


def main(out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs/study"),
         seed: Annotated[int, typer.Option(help="Seed of weights and inputs.")] = 1,
         build: Annotated[Path, typer.Option(help="Directory to keep compiled simulators in.")] = Path("build/sim"),
         frames: Annotated[int, typer.Option(min=2, help="Number of digits to simulate in each MNIST network.")] = 4,
         jobs: Annotated[int, typer.Option(min=1, help="Number of networks to simulate at the same time.")] = 2,
         train: Annotated[bool, typer.Option("--train", help="Train the MNIST networks again.")] = False,
         data: Annotated[Path | None, typer.Option(help="Directory of MNIST's IDX files to train on.")] = None) -> None:
    """Compute and write all tables and figures."""
    job = Progress(4 + train, Console())
    if train:
        _train(job, data)
    out.mkdir(parents=True, exist_ok=True)
    with job.phase("The toy network, in floats, words and RTL") as bar:
        rows = toy.measure(build)
        atomic_write(out / "toy_ratio.png", figures.ratios(rows))
        atomic_write(out / "toy.json", json.dumps(rows, indent=1) + "\n")
        atomic_write(out / "toy.md", pages.toy_page(rows))
        bar.say(f"Wrote {out}/toy.md")
    with job.phase("Pooling: information, equal sizes, Nyquist rules") as bar:
        photograph, digits = pooling.photograph(), shipped_digits()[0] / 255.0
        digits = digits if digits.shape[-1] == 32 else _padded(digits)
        result = {
            "information": {"photograph": pooling.information(photograph[None]), "digits": pooling.information(digits)},
            "equivariance": pooling.equivariance(photograph[None], EQUIVARIANT),
        }
        atomic_write(out / "information.png", figures.information(result["information"]))
        atomic_write(out / "equal_size.png", figures.equal_size(photograph, pooling.equal_size(photograph, EQUAL)))
        atomic_write(out / "pooling.json", json.dumps(result, indent=1) + "\n")
        atomic_write(out / "pooling.md", pages.pooling_page(result))
        bar.say(f"Wrote {out}/pooling.md")
    with job.phase("Dependence on the discarded bins") as bar:
        result = {"seed": seed, "rows": dependence.measure(seed)}
        atomic_write(out / "dependence.json", json.dumps(result, indent=1) + "\n")
        atomic_write(out / "dependence.md", pages.dependence_page(result))
        bar.say(f"Wrote {out}/dependence.md")
    with job.phase("MNIST in ten networks: predicted and simulated (the first time compiles ten simulators)") as bar:
        rows = mnist.measure(frames, build, jobs, lambda done, of, name: bar.at(done, of, name))
        if not all(r["as_estimated"] for r in rows):
            raise DataError("A simulated network must have the estimated cycles; its figures are in mnist.json")
        atomic_write(out / "mnist.json", json.dumps(rows, indent=1) + "\n")
        atomic_write(out / "mnist.md", pages.mnist_page(rows))
        bar.say(f"Wrote {out}/mnist.md")


def _train(job: Progress, data: Path | None) -> None:
    """Train every network of the study except the one that the package contains."""
    if data is None:
        raise DataError("Training needs MNIST's files; name their directory with --data (make study TRAIN=1 DATA=...)")
    training, test = load_mnist(data, "train"), load_mnist(data, "test")
    with job.phase("Train the MNIST networks (an hour)") as bar:
        for name in mnist.NETWORKS:
            if mnist.path_of(name) != shipped():
                artifact = mnist.train(name, training, test, lambda epoch, of=name: bar.label(f"{of}: {epoch}"))
                bar.say(f"{name}: float {100 * artifact.accuracy['float']:.2f} %, "
                        f"fixed {100 * artifact.accuracy['fixed']:.2f} %")


def _padded(digits: np.ndarray) -> np.ndarray:
    """Return digits of 28 x 28 pixels in the middle of 32 x 32 pixels."""
    return np.pad(digits, ((0, 0), (2, 2), (2, 2)))


if __name__ == "__main__":
    try:
        typer.run(main)
    except HadamacError as error:
        sys.exit(f"study: error: {error}")
