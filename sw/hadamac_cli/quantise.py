"""Command ``hadamac quantise``, which writes the artifact of a trained network in other number formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hadamac.cost.estimate import estimate
from hadamac.cost.search import Search
from hadamac.cost.search import search as run_search
from hadamac.errors import DataError
from hadamac.files.writing import check_directory
from hadamac.ops.formats import Formats
from hadamac.ops.weighted import Weighted
from hadamac.progress import Progress
from hadamac.quantised import QuantNetwork
from hadamac.quantised.accuracy import in_words, measure, warn_of_other_images
from hadamac.quantised.artifact import DIRECTORY, Artifact, load, save
from hadamac.quantised.quantise import CALIBRATION, check_formats
from hadamac.quantised.quantise import quantise as run_quantise

from .data import (
    ClassesOption,
    DataOption,
    ImagesOption,
    LabelsOption,
    TestImagesOption,
    TestLabelsOption,
    class_names,
    two_sets,
)
from .options import ArtifactArgument, console
from .sets import ImageSet, say
from .widths import PRESET_HELP, StageOption, WeightsOption, WordsOption, formats_of

__all__ = ["quantise"]

LOSS = 0.3
"""Largest loss of a search unless another one is stated."""
SEARCHED = 4000
"""Most images on which a search measures its loss: with them a loss of 0.3 points is twelve images."""


def quantise(
    out: Annotated[Path, typer.Option("--out", help="Directory of the artifact to write.")],
    artifact: ArtifactArgument = None,
    preset: Annotated[str, typer.Option(help=PRESET_HELP)] = "compact",
    word_width: WordsOption = None,
    weight_width: WeightsOption = None,
    stage: StageOption = None,
    search: Annotated[bool, typer.Option(
        "--search", help="Search for the widths of every stage that need the least memory, beginning with these "
        "formats.")] = False,
    loss: Annotated[float | None, typer.Option(
        min=0, max=100, show_default=str(LOSS),
        help="Largest loss of a search: points of accuracy, or percent of relative error for values and maps.")] = None,
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
    samples that the artifact contains, or the shipped digits if it has none and they fit. A search measures its loss
    on 1,000 to 4,000 images that follow those of the calibration, or on these themselves if there are not so many.
    """
    if loss is not None and not search:
        raise DataError("A loss (--loss) needs --search")
    formats, source = formats_of(preset, word_width, weight_width, stage), load(artifact)
    network = source.qnet.network
    check_formats(network, formats)
    names = source.classes if classes is None else class_names(classes, network)
    check_directory(out, marker=DIRECTORY)
    first, test = two_sets(network, images, labels, data, test_images, test_labels, source)
    calibration = first.first(CALIBRATION)
    test = first if test is None else test
    say("Calibrating on", calibration)
    kept = {name: fact for name, fact in source.provenance.items() if not name.startswith(("test_data", "search"))}
    widths = {"word_width": formats.width, "weight_width": formats.weight_width}
    provenance = kept | {"preset": preset} | widths | calibration.record("calibration")
    if search:
        qnet, facts = _searched(source, first, calibration, formats, LOSS if loss is None else loss)
        provenance |= facts
    else:
        qnet = run_quantise(network, source.params, calibration.frames, formats)
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


def _searched(source: Artifact, images: ImageSet, calibration: ImageSet, formats: Formats,
              loss: float) -> tuple[QuantNetwork, dict[str, str | int | float]]:
    """Return the network in the formats that a search finds, and the facts of the search for the provenance."""
    enough = len(images) >= 2 * CALIBRATION
    chosen = images.part(CALIBRATION, CALIBRATION + SEARCHED) if enough else calibration
    known, unit = chosen.known_labels, "points" if source.qnet.network.output == "classes" else "percent"
    first = CALIBRATION if enough else 0
    numbers = f"{first + 1} to {first + len(chosen)}"
    title = f"Search within a loss of {loss:g} {unit}, on the {chosen.kind}s {numbers} of {chosen.source}"
    with Progress(1, console).phase(title) as bar:
        def progress(found: Search, taken: str) -> None:
            bar.label(f"{found.trials} formats measured, {found.best.memory_bits:,} bits of memory")
            if taken:
                bar.now(taken)

        found = run_search(source.qnet.network, source.params, calibration.frames, chosen.frames, known,
                           formats=formats, loss=loss, progress=progress)
    console.print(_table(found.best.qnet))
    start, best = found.start, found.best
    console.print(f"{best.memory_bits:,} bits of memory instead of {start.memory_bits:,}, loss {best.loss:.2f} {unit} "
                  f"on {chosen.count}; {found.trials} formats measured", soft_wrap=True)
    return best.qnet, {"search_loss": loss, **chosen.record("search")}


def _table(qnet: QuantNetwork) -> Table:
    """Return a table of the widths and of the memory of every stage."""
    table = Table("stage")
    for name in ("word bits", "weight bits", "memory bits"):
        table.add_column(name, justify="right")
    costs = estimate(qnet)
    memory = {cost.name: cost.memory_bits for cost in costs.stages}
    for op in qnet.stages:
        weights = str(op.formats.weight_width) if isinstance(op, Weighted) else ""
        table.add_row(op.stage.name, str(op.formats.width), weights, f"{memory[op.stage.name]:,}")
    table.add_section()
    table.add_row("network", "", "", f"{costs.memory_bits:,}")
    return table
