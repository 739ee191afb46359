"""``hadamac train`` and ``hadamac quantise``: new artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .artifact import DIRECTORY, Artifact, load, save
from .cli_options import ArtifactArgument, DataOption, SeedOption, console
from .data import load_mnist, shipped_digits
from .errors import DescriptionError
from .files import check_directory, read_text
from .quantised import PRESETS
from .steps import Steps

__all__ = ["quantise", "train"]


def preset_of(name: str):
    """Formats of a preset."""
    if name not in PRESETS:
        raise DescriptionError(f"Preset must be one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name]


def train(
    data: Annotated[Path, typer.Option("--data", help="Directory with MNIST's IDX files, plain or .gz.")],
    out: Annotated[Path, typer.Option("--out", help="Artifact directory to write.")],
    network: Annotated[Path | None, typer.Option(help="Description, JSON; the default network unless told.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 7,
    shift: Annotated[int, typer.Option(min=0, max=31, help="Random shift of training images, pixels each way.")] = 1,
    seed: SeedOption = 1,
    preset: Annotated[str, typer.Option(help=f"Formats: {', '.join(PRESETS)}.")] = "default",
):
    """Train a network with torch on MNIST, quantise it, and write its artifact.

    A description names its layers in order (docs/layers.md); `hadamac.network.Network.to_json` writes one.
    """
    from .network import Network, default_network
    from .quantise import check_formats
    from .quantise import quantise as run_quantise
    from .reference import forward

    formats = preset_of(preset)
    described = default_network() if network is None else Network.from_json(read_text(network))
    check_formats(described, formats)  # before minutes of work, not after
    check_directory(out, marker=DIRECTORY)
    images, labels = load_mnist(data, "train")
    test_images, test_labels = load_mnist(data, "test")
    from .train import fit

    steps = Steps(3, console)
    with steps.step(f"Train {described.name} on {len(images)} images, {epochs} epochs, seed {seed}") as bar:
        def progress(epoch):
            bar.at(epoch.index, epochs, str(epoch))
            bar.say(str(epoch))

        params = fit(described, images, labels, epochs=epochs, seed=seed, shift=shift, progress=progress)
    with steps.step(f"Quantise ({preset}), calibrating on 1000 training images"):
        qnet = run_quantise(described, params, images[:1000], formats)
    with steps.step(f"Test on {len(test_images)} images") as bar:
        accuracy = {
            "images": len(test_images),
            "float": float((forward(described, params, test_images).argmax(1) == test_labels).mean()),
            "fixed": float((qnet.predict(test_images).classes == test_labels).mean()),
        }
        bar.say(f"float {100 * accuracy['float']:.3f} %, fixed {100 * accuracy['fixed']:.3f} %")
    provenance = {"data": "MNIST training images", "epochs": epochs, "seed": seed, "shift": shift, "preset": preset}
    save(Artifact(qnet, params, accuracy, provenance), out)
    console.print(f"Wrote {out}", highlight=False)


def quantise(
    artifact: ArtifactArgument = None,
    out: Annotated[Path, typer.Option("--out", help="Artifact directory to write.")] = ...,
    preset: Annotated[str, typer.Option(help=f"Formats: {', '.join(PRESETS)}.")] = "compact",
    data: DataOption = None,
):
    """Quantise an artifact's float parameters to other formats.

    Calibrates on 1,000 training images and tests on the test images of --data, or does both on the
    shipped digits.
    """
    from .quantise import quantise as run_quantise
    from .reference import forward

    formats, source = preset_of(preset), load(artifact)
    check_directory(out, marker=DIRECTORY)
    if data is not None:
        calibration, (images, labels) = load_mnist(data, "train")[0][:1000], load_mnist(data, "test")
    else:
        images, labels = shipped_digits()
        calibration = images
    network = source.qnet.network
    qnet = run_quantise(network, source.params, calibration, formats)
    accuracy = {
        "images": len(images),
        "float": float((forward(network, source.params, images).argmax(1) == labels).mean()),
        "fixed": float((qnet.predict(images).classes == labels).mean()),
    }
    save(Artifact(qnet, source.params, accuracy, source.provenance | {"preset": preset}), out)
    console.print(f"Wrote {out}: float {100 * accuracy['float']:.3f} %, fixed {100 * accuracy['fixed']:.3f} % "
                  f"on {len(images)} images", highlight=False)
