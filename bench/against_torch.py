"""A network beside a convolutional network in space, which torch trains with the same recipe: accuracy and size.

Run ``python -m bench.against_torch --data fashion-mnist/ --network examples/fashion.json --epochs 15 --flip``.  It
trains both on one thread.  ``--artifact`` takes a network that `hadamac train` has trained, and its recipe, instead of
training the network again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from hadamac.console import make_console
from hadamac.data import load_mnist
from hadamac.errors import DataError, HadamacError
from hadamac.files.writing import read_text
from hadamac.network.network import Network
from hadamac.network.source import source_frames, source_values
from hadamac.nn.train import Epoch, fit, optimise
from hadamac.progress import Progress
from hadamac.quantised import PRESETS
from hadamac.quantised.accuracy import measure
from hadamac.quantised.artifact import Artifact, load
from hadamac.quantised.quantise import CALIBRATION, quantise
from hadamac.samples.padding import padded

from .spatial import SpatialCnn, accuracy_of, parameter_count

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """Options of the training, which both networks share."""

    epochs: int
    seed: int
    shift: int
    flip: bool
    rate: float = 1e-2

    @classmethod
    def of(cls, artifact: Artifact) -> Recipe:
        """Return the recipe that an artifact has on record."""
        facts = artifact.provenance
        try:
            epochs, seed, shift = (int(facts[name]) for name in ("epochs", "seed", "shift"))
            return cls(epochs, seed, shift, bool(facts["flip"]), float(facts.get("rate", 1e-2)))
        except KeyError as e:
            raise DataError(f"Artifact must have the options of its training on record: {e} is missing") from None

    def spatial(self, network: Network, frames: np.ndarray, labels: np.ndarray,
                progress: Callable[[Epoch], None]) -> SpatialCnn:
        """Return the counterpart of a network, trained on frames of words."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = SpatialCnn(network)
        model.standardise_by(frames)
        optimise(model, padded(frames, network.size, network.padding), labels.astype(np.int64),
                 unit=2.0**-network.input_format.fraction, rate=self.rate, epochs=self.epochs, seed=self.seed,
                 shift=self.shift, flip=self.flip, progress=progress)
        return model


def main(
    data: Annotated[Path, typer.Option(help="Directory of a data set with MNIST's file names.")],
    network: Annotated[Path | None, typer.Option(help="JSON file that describes the network to train.")] = None,
    artifact: Annotated[Path | None, typer.Option(help="Trained network, whose recipe both share.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 7,
    shift: Annotated[int, typer.Option(min=0, max=31, help="Largest random shift, in pixels.")] = 1,
    flip: Annotated[bool, typer.Option("--flip", help="Mirror half of the training images.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 1,
) -> None:
    """Train both networks and print their accuracies and sizes."""
    torch.set_num_threads(1)
    trained, recipe = None, Recipe(epochs, seed, shift, flip)
    if network is not None and artifact is None:
        described = Network.from_json(read_text(network))
    elif artifact is not None and network is None:
        trained = load(artifact)
        described, recipe = trained.qnet.network, Recipe.of(trained)
    else:
        raise DataError("Comparison must have either --network or --artifact")
    SpatialCnn(described)  # refuses a network without a counterpart before minutes of work
    (images, labels), (test, classes) = (load_mnist(data, part) for part in ("train", "test"))
    frames, held = (source_frames(described, x) for x in (images, test))

    console, seconds = make_console(), {}
    job = Progress(2, console)
    with job.phase(f"{described.name} in the frequency domain, {recipe}") as bar:
        if trained is None:
            start = time.perf_counter()
            params = fit(described, images, labels, epochs=recipe.epochs, seed=recipe.seed, shift=recipe.shift,
                         flip=recipe.flip, rate=recipe.rate, progress=lambda epoch: bar.now(str(epoch)))
            seconds["frequency"] = time.perf_counter() - start
            qnet = quantise(described, params, images[:CALIBRATION], PRESETS["default"])
        else:
            params, qnet = trained.params, trained.qnet
        accuracy = measure(qnet, params, test, classes)
    with job.phase("Its counterpart in space") as bar:
        start = time.perf_counter()
        model = recipe.spatial(described, frames, labels, lambda epoch: bar.now(str(epoch)))
        seconds["space"] = time.perf_counter() - start
        in_space = accuracy_of(model, source_values(described, held), classes)
    spatial = sum(p.numel() for p in model.parameters())
    console.print(f"{described.name}: {parameter_count(described):,} parameters, "
                  f"float {100 * accuracy['float']:.2f} %, fixed {100 * accuracy['fixed']:.2f} %")
    console.print(f"in space, zero padding, float32: {spatial:,} parameters, {100 * in_space:.2f} %")
    console.print(f"{len(test):,} test images; seconds of training: "
                  + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()))


if __name__ == "__main__":
    try:
        typer.run(main)
    except HadamacError as e:
        sys.exit(f"against_torch: error: {e}")
