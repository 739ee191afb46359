"""Command ``hadamac train``: trains a network, fine-tunes it for its circuit if wanted, and writes its artifact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from hadamac.errors import DataError, DescriptionError
from hadamac.files.writing import check_directory, read_text
from hadamac.network.network import Network, default_network
from hadamac.progress import Progress
from hadamac.quantised.accuracy import in_words, measure
from hadamac.quantised.artifact import DIRECTORY, Artifact, load, save

from .data import (
    ClassesOption,
    DataOption,
    ImagesOption,
    LabelsOption,
    TestImagesOption,
    TestLabelsOption,
    TestShareOption,
    class_names,
    split,
    two_sets,
)
from .options import SeedOption, console
from .sets import ImageSet, say
from .widths import PRESET_HELP, StageOption, WeightsOption, WordsOption, formats_of

if TYPE_CHECKING:
    from hadamac.nn.train import Epoch

__all__ = ["train"]
def train(
    out: Annotated[Path, typer.Option("--out", help="Directory of the artifact to write.")],
    data: DataOption = None,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    test_images: TestImagesOption = None,
    test_labels: TestLabelsOption = None,
    test_share: TestShareOption = 0.2,
    network: Annotated[Path | None, typer.Option(
        show_default=False, help="JSON file that describes the network. The default is the network of the README.",
    )] = None,
    name: Annotated[str | None, typer.Option(
        show_default=False,
        help="Name of the network. The default is the one in its description, or the directory of --out.")] = None,
    classes: ClassesOption = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 7,
    shift: Annotated[int | None, typer.Option(
        min=0, max=2048, show_default="1 for classes, else 0",
        help="Largest random shift of training images, in pixels or samples.")] = None,
    flip: Annotated[bool, typer.Option(
        "--flip", help="Mirror half of the training images left to right, at random in every epoch.")] = False,
    rate: Annotated[float, typer.Option(min=1e-6, max=1.0, help="Highest learning rate.")] = 1e-2,
    batch: Annotated[int, typer.Option(min=1, help="Training images in one step.")] = 128,
    decay: Annotated[float, typer.Option(min=0.0, max=1.0, help="Weight decay.")] = 1e-2,
    samples: Annotated[int, typer.Option(
        min=0, max=1000, help="Test images that the artifact keeps, with what it should answer: for `predict`, "
        "`sim` and `show` without --images, and for --grid.")] = 0,
    seed: SeedOption = 1,
    preset: Annotated[str, typer.Option(help=PRESET_HELP)] = "default",
    word_width: WordsOption = None,
    weight_width: WeightsOption = None,
    stage: StageOption = None,
    quantised: Annotated[bool, typer.Option(
        "--quantised",
        help="After training, fine-tune the network with the words of its circuit in the loop.")] = False,
    quantised_epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images in fine-tuning.")] = 3,
    quantised_rate: Annotated[float, typer.Option(
        min=1e-6, max=1.0, help="Highest learning rate of fine-tuning.")] = 5e-4,
    distillation: Annotated[float, typer.Option(
        min=0.0, max=1.0, help="Share of the answers of the float network in the loss of fine-tuning; the labels have "
        "the rest. It is for classes.")] = 0.5,
    start: Annotated[Path | None, typer.Option(
        "--from", show_default=False, help="Artifact, or the name of a shipped one, with whose float parameters "
        "fine-tuning begins, instead of training.")] = None,
) -> None:
    """Train a network with torch, quantise it, and write its artifact.

    Images come from --data, or from --images and --labels (see docs/own-data.md). A description lists the layers in
    order (see docs/layers.md); `hadamac.network.Network.to_json` writes one. With --quantised, some more epochs train
    the network for the rounded weights and words of its circuit (see docs/quantisation.md).
    """
    from hadamac.quantised.quantise import CALIBRATION, check_formats
    from hadamac.quantised.quantise import quantise as run_quantise

    if start is not None and not quantised:
        raise DataError("A start (--from) needs --quantised: it is for fine-tuning")
    formats, source = formats_of(preset, word_width, weight_width, stage), None if start is None else load(start)
    described = _described(network, name, out, source)
    names = class_names(classes, described) or (source.classes if source else ())
    if described.output == "bins":
        raise DataError(f"Training needs the output classes, values or maps, not the bins of {described.name}: "
                        "train the same layers with the output maps")
    check_formats(described, formats)  # This is checked before minutes of work, not after them.
    check_directory(out, marker=DIRECTORY)
    training, test = two_sets(described, images, labels, data, test_images, test_labels)
    for chosen in (training,) if test is None else (training, test):
        if chosen.labels is None:
            raise DataError(f"Training needs labels of {chosen.source}: name them with --labels or --test-labels")
    if test is None:
        training, test = split(training, test_share, seed)
    say("Training on", training)
    say("Testing on", test)
    moved = int(described.output == "classes") if shift is None else shift
    job = Progress(2 + (source is None) + quantised, console)
    options = {"seed": seed, "shift": moved, "flip": flip, "batch": batch, "decay": decay}
    calibration = training.first(CALIBRATION)
    provenance = dict(source.provenance) if source else {}
    if source is None:
        title = f"Train {described.name} on {training.count}, {epochs} epochs, seed {seed}"
        params = _fitted(job, title, described, training, epochs=epochs, rate=rate, **options)
        provenance |= {"epochs": epochs, "rate": rate, "batch": batch, "decay": decay}
    else:
        params = source.params
    if quantised:
        title = (f"Fine-tune {described.name} for {preset} formats with weights of {formats.weight_width} bits, "
                 f"{quantised_epochs} epochs")
        params = _fitted(job, title, described, training, epochs=quantised_epochs, rate=quantised_rate, start=params,
                         formats=formats, calibration=calibration.frames, distillation=distillation, **options)
        provenance |= {"quantised_epochs": quantised_epochs, "quantised_rate": quantised_rate,
                       "distillation": distillation}
    with job.phase(f"Quantise ({preset}), calibrating on {calibration.count} of the training"):
        qnet = run_quantise(described, params, calibration.frames, formats)
    with job.phase(f"Test on {test.count}") as bar:
        accuracy = measure(qnet, params, test.frames, test.known_labels)
        bar.say(in_words(accuracy, described))
    provenance |= {**training.record("data"), **test.record("test_data"), **calibration.record("calibration"),
                   "seed": seed, "shift": moved, "flip": int(flip), "preset": preset,
                   "word_width": formats.width, "weight_width": formats.weight_width}
    kept = test.first(samples)
    given = (kept.frames, kept.known_labels) if samples else source.samples if source else None
    save(Artifact(qnet, params, accuracy, provenance, names, given), out)
    console.print(f"Wrote {out}")


def _fitted(job: Progress, title: str, network: Network, training: ImageSet, *, epochs: int,
            **options: Any) -> dict[str, np.ndarray]:
    """Return the parameters that a phase of training gives, each epoch of which it prints.

    ``options`` are those of :func:`hadamac.nn.train.fit`.
    """
    from hadamac.nn.train import fit

    with job.phase(title) as bar:
        def progress(epoch: Epoch) -> None:
            bar.at(epoch.index, epochs, str(epoch))
            bar.now(str(epoch))

        return fit(network, training.frames, training.known_labels, epochs=epochs, progress=progress, **options)


def _described(description: Path | None, name: str | None, out: Path, source: Artifact | None) -> Network:
    """Return the network to train: the described one, that of an artifact to start from, or the default network.

    The default network and that of an artifact take the name of the directory to write if that is a valid name.
    """
    described = None if description is None else Network.from_json(read_text(description))
    if source is not None and described is not None:
        theirs = source.qnet.network
        if replace(described, name=theirs.name) != theirs:
            raise DataError(f"A start (--from) must have the layers and the input of {described.name}, not those of "
                            f"{theirs.name}")
    if described is not None:
        return described if name is None else replace(described, name=name)
    network = default_network() if source is None else source.qnet.network
    if name is not None:
        return replace(network, name=name)
    try:
        return replace(network, name=out.absolute().name)
    except DescriptionError:
        return network
