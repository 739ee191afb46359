"""Commands ``hadamac train`` and ``hadamac quantise``, which write new artifacts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hadamac.errors import DataError, DescriptionError
from hadamac.files.writing import check_directory, read_text
from hadamac.network.network import Network, default_network
from hadamac.progress import Progress
from hadamac.quantised import PRESETS, Formats
from hadamac.quantised.accuracy import in_words, measure, warn_of_other_images
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
from .options import ArtifactArgument, SeedOption, console
from .sets import say

if TYPE_CHECKING:
    from hadamac.nn.train import Epoch

__all__ = ["quantise", "train"]

CALIBRATION = 1000
"""Number of images, from the first one, that number formats are calibrated on."""


WeightsOption = Annotated[int | None, typer.Option(
    "--weight-width", show_default="that of the preset", help="Bits of a weight, from 2 to 16.")]


def preset_of(name: str, weight_width: int | None) -> Formats:
    """Return the formats of a preset, with weights of another width if one is given."""
    if name not in PRESETS:
        raise DescriptionError(f"Preset must be one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name] if weight_width is None else replace(PRESETS[name], weight_width=weight_width)


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
    seed: SeedOption = 1,
    preset: Annotated[str, typer.Option(help=f"Number formats: {', '.join(PRESETS)}.")] = "default",
    weight_width: WeightsOption = None,
) -> None:
    """Train a network with torch, quantise it, and write its artifact.

    Images come from --data, or from --images and --labels (see docs/own-data.md). A description lists the layers in
    order (see docs/layers.md); `hadamac.network.Network.to_json` writes one.
    """
    from hadamac.quantised.quantise import check_formats
    from hadamac.quantised.quantise import quantise as run_quantise

    formats = preset_of(preset, weight_width)
    described = _described(network, name, out)
    names = class_names(classes, described)
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
    from hadamac.nn.train import fit

    moved = int(described.output == "classes") if shift is None else shift

    job = Progress(3, console)
    with job.phase(f"Train {described.name} on {training.count}, {epochs} epochs, seed {seed}") as bar:
        def progress(epoch: Epoch) -> None:
            bar.at(epoch.index, epochs, str(epoch))
            bar.now(str(epoch))

        params = fit(described, training.frames, training.known_labels, epochs=epochs, seed=seed, shift=moved,
                     flip=flip, rate=rate, progress=progress)
    calibration = training.first(CALIBRATION)
    with job.phase(f"Quantise ({preset}), calibrating on {calibration.count} of the training"):
        qnet = run_quantise(described, params, calibration.frames, formats)
    with job.phase(f"Test on {test.count}") as bar:
        accuracy = measure(qnet, params, test.frames, test.known_labels)
        bar.say(in_words(accuracy, described))
    provenance = {**training.record("data"), **test.record("test_data"), **calibration.record("calibration"),
                  "epochs": epochs, "seed": seed, "shift": moved, "flip": int(flip), "rate": rate, "preset": preset,
                  "weight_width": formats.weight_width}
    save(Artifact(qnet, params, accuracy, provenance, names), out)
    console.print(f"Wrote {out}")


def _described(description: Path | None, name: str | None, out: Path) -> Network:
    """Return the network to train; the default network takes the name of its directory if that is a valid name."""
    if description is not None:
        network = Network.from_json(read_text(description))
        return network if name is None else replace(network, name=name)
    network = default_network()
    if name is not None:
        return replace(network, name=name)
    try:
        return replace(network, name=out.absolute().name)
    except DescriptionError:
        return network


def quantise(
    out: Annotated[Path, typer.Option("--out", help="Directory of the artifact to write.")],
    artifact: ArtifactArgument = None,
    preset: Annotated[str, typer.Option(help=f"Number formats: {', '.join(PRESETS)}.")] = "compact",
    weight_width: WeightsOption = None,
    data: DataOption = None,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    test_images: TestImagesOption = None,
    test_labels: TestLabelsOption = None,
    classes: ClassesOption = None,
) -> None:
    """Quantise the float parameters of an artifact to other formats.

    Calibrates on the first 1,000 images of --images, or of the training images of --data. Tests on --test-images, on
    the test images of --data, or otherwise on all images that it calibrates from. Without these options it uses the
    samples that the artifact contains, or the shipped digits if it has none and they fit.
    """
    from hadamac.quantised.quantise import quantise as run_quantise

    formats, source = preset_of(preset, weight_width), load(artifact)
    network = source.qnet.network
    names = source.classes if classes is None else class_names(classes, network)
    check_directory(out, marker=DIRECTORY)
    first, test = two_sets(network, images, labels, data, test_images, test_labels, source)
    calibration = first.first(CALIBRATION)
    test = first if test is None else test
    say("Calibrating on", calibration)
    qnet = run_quantise(network, source.params, calibration.frames, formats)
    kept = {name: fact for name, fact in source.provenance.items() if not name.startswith("test_data")}
    provenance = kept | {"preset": preset, "weight_width": formats.weight_width} | calibration.record("calibration")
    accuracy: dict[str, float | None]
    if test.labels is None:
        accuracy, result = {"images": 0, "float": None, "fixed": None}, "not tested: the images have no labels"
    else:
        say("Testing on", test)
        measured = measure(qnet, source.params, test.frames, test.labels)
        warn_of_other_images(measured, source.accuracy, network)
        provenance |= test.record("test_data")
        accuracy = {**measured}
        result = f"{in_words(measured, network)} on {test.count}"
    save(Artifact(qnet, source.params, accuracy, provenance, names, source.samples), out)
    console.print(f"Wrote {out}: {result}", soft_wrap=True)
