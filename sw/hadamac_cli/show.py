"""Command ``hadamac show``: a network layer by layer, its errors, and pictures of every stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hadamac.errors import DataError
from hadamac.quantised.accuracy import in_words
from hadamac.quantised.artifact import Artifact
from hadamac.shapes import text

from .data import DataOption, ImagesOption, LabelsOption, one_set
from .options import ArtifactArgument, GridOption, console, opened
from .sets import ImageSet, say

__all__ = ["show"]


def show(
    artifact: ArtifactArgument = None,
    pictures: Annotated[Path | None, typer.Option(help="Directory to write pictures of every stage to.")] = None,
    index: Annotated[int, typer.Option(
        "--index", "--digit", min=0, help="Number of the image or signal to picture, from 0.")] = 0,
    errors: Annotated[bool, typer.Option("--errors", help="Compare fixed point with float at every edge.")] = False,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    data: DataOption = None,
    grid: GridOption = None,
) -> None:
    """Print a network layer by layer; with --pictures, also make pictures of every stage, float beside fixed."""
    from hadamac.show.describe import layer_table

    network = opened(artifact, grid)
    if not errors and pictures is None:
        _say_artifact(network)
        console.print(layer_table(network.qnet))
        return
    chosen = one_set(network, images, labels, data)
    if pictures is not None and index >= len(chosen):
        raise DataError(f"{chosen.kind.capitalize()} index must be from 0 to {len(chosen) - 1}, not {index}")
    _say_artifact(network)
    console.print(layer_table(network.qnet))
    if errors:
        _say_errors(network, chosen)
    if pictures is not None:
        _write_pictures(network, chosen, index, pictures)


def _say_errors(network: Artifact, images: ImageSet) -> None:
    """Print the errors of fixed point at every edge."""
    from hadamac.quantised.comparison import error_table

    table = Table("edge", "format", "max error, LSB", "SQNR, dB", "largest word / full scale")
    say("Errors over", images)
    for e in error_table(network.qnet, network.params, images.frames):
        table.add_row(e.edge, str(e.format), f"{e.max_lsb:.1f}", f"{e.sqnr:.1f}", f"{e.fill:.4f}")
    console.print(table)


def _write_pictures(network: Artifact, images: ImageSet, index: int, pictures: Path) -> None:
    """Write the pictures of every stage for one image, and print the name of each."""
    from hadamac.show.report import save_pictures

    console.print(f"Picturing {images.kind} {index} of {images.source}", soft_wrap=True)
    known = images.labels is not None and network.qnet.network.output == "classes"
    label = int(images.known_labels[index]) if known else None
    for path in save_pictures(network.qnet, network.params, images.frames[index], label, pictures, network.classes):
        console.print(f"Wrote {path}")


def _say_artifact(artifact: Artifact) -> None:
    """Print on what a network was trained, its classes, its accuracy on record, and what its border means."""
    network, record, facts = artifact.qnet.network, artifact.accuracy, artifact.provenance
    lines = [f"{network.name}: trained on {facts['data']}"] if "data" in facts else []
    if artifact.classes:
        lines.append("classes " + ", ".join(f"{k} {name}" for k, name in enumerate(artifact.classes)))
    if record["float"] is not None:
        lines.append(f"{network.name}: {in_words(record, network)} on {record['images']} test {network.source}s")
    if network.given != network.size:
        lines.append(f"A border makes {text(network.given)} to {text(network.size)}: convolutions are circular on the "
                     "larger map, and pools keep its frequencies, so they are not exactly those of the smaller one")
    lines += [f"{fact} {facts[fact]}" for fact in ("units", "licence") if fact in facts]
    for line in lines:
        console.print(line, soft_wrap=True)
