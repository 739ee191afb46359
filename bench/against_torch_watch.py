"""Comparison of a spectral network with a convolutional network in time, on windows of a smartwatch.

Run ``python -m bench.against_torch_watch watch.npz`` in the root of the repository; it needs torch.  The file
examples/watch_windows.py cuts the windows and says where the data is from.  Each of the eight subjects is left out
once: both networks learn from the other seven, by the same recipe and from the same seed, and are tested on that
subject.

The spectral network is the one that examples/watch.json describes, in float and in fixed point.  The one in time has
the same channels, kernels and sizes, with zeros at the ends of its convolutions and max pooling.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from examples.watch_windows import split, windows

from hadamac.errors import DataError, HadamacError
from hadamac.files.writing import read_text
from hadamac.network.network import Network
from hadamac.network.source import source_frames, source_values
from hadamac.nn.train import fit
from hadamac.quantised import PRESETS
from hadamac.quantised.accuracy import measure
from hadamac.quantised.quantise import CALIBRATION, quantise

from .against_torch import Recipe
from .spatial import SpatialCnn, accuracy_of, parameter_count

__all__ = ["compare"]

RECIPE = Recipe(epochs=2, seed=1, shift=64, flip=False, rate=5e-3)
"""Options of the training: shifts by up to half a window, on eight copies of each window that are turned at random."""


def compare(network: Network, data: dict[str, np.ndarray], recipe: Recipe) -> dict[str, float]:
    """Return the shares of the test windows that are right: spectral in float and in fixed point, and in time."""
    params = fit(network, data["train"], data["train-labels"], epochs=recipe.epochs, seed=recipe.seed,
                 shift=recipe.shift, flip=recipe.flip, rate=recipe.rate)
    qnet = quantise(network, params, data["train"][:CALIBRATION], PRESETS["default"])
    got = measure(qnet, params, data["test"], data["test-labels"])
    frames, held = (source_frames(network, data[name]) for name in ("train", "test"))
    model = recipe.spatial(network, frames, data["train-labels"], lambda epoch: None)
    return {"float": got["float"], "fixed": got["fixed"],
            "time": accuracy_of(model, source_values(network, held), data["test-labels"])}


def main(
    path: Annotated[Path, typer.Argument(help="The file watch.npz.")],
    network: Annotated[Path, typer.Option(help="JSON file that describes the network.")] = Path("examples/watch.json"),
    seeds: Annotated[str, typer.Option(help="Seeds, with commas.")] = "1,2,3",
    copies: Annotated[int, typer.Option(help="Training windows, one of them as it is, of each.")] = 8,
) -> None:
    """Print the accuracy of both networks on each subject that is left out, and the means, for every seed."""
    torch.set_num_threads(1)
    described = Network.from_json(read_text(network))
    try:
        x, labels, subjects = windows(path)
    except ValueError as error:
        raise DataError(str(error)) from None
    known = sorted(set(subjects.tolist()))
    count = sum(p.numel() for p in SpatialCnn(described).parameters())
    print(f"{len(x)} windows; {parameter_count(described)} parameters, in time {count}")
    print("seed network   " + "".join(f"{s:>6}" for s in known) + "   mean", flush=True)
    rows: dict[str, list[list[float]]] = {"float": [], "fixed": [], "time": []}
    for seed in map(int, seeds.split(",")):
        start, recipe = time.perf_counter(), Recipe(RECIPE.epochs, seed, RECIPE.shift, RECIPE.flip, RECIPE.rate)
        shares = [compare(described, split(x, labels, subjects, subject, copies, seed), recipe) for subject in known]
        for name, several in rows.items():
            several.append([100 * share[name] for share in shares])
            print(_line(f"{seed:4} {name}", several[-1]), flush=True)
        print(f"     {time.perf_counter() - start:.0f} s", flush=True)
    for name, several in rows.items():
        print(_line(f"mean {name}", np.mean(several, 0).tolist()))


def _line(title: str, row: list[float]) -> str:
    """Return a row of the table: the accuracy on each subject, and their mean."""
    return f"{title:15}" + "".join(f"{value:6.1f}" for value in row) + f"{np.mean(row):7.2f}"


if __name__ == "__main__":
    try:
        typer.run(main)
    except HadamacError as e:
        sys.exit(f"against_torch_watch: error: {e}")
