"""The command ``hadamac``: one verb per step, each with an example.

Bad input ends with one line on standard error and exit code 2, a failed comparison with exit code 1.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from . import __version__
from .arrays import load_images, save_array, write_trace
from .artifact import Artifact, load, shipped
from .cli_explain import explain
from .cli_fit import fit as fit_command
from .cli_options import ArtifactArgument, DataOption, IntervalOption, SeedOption, console, folding
from .cli_train import quantise, train
from .cli_verilog import verilog_app
from .console import any_encoding, plain
from .data import load_mnist, shipped_digits
from .errors import DataError, HadamacError
from .files import atomic_directory, check_directory, check_file
from .steps import Steps

app = typer.Typer(
    name="hadamac", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="markdown", help="Frequency-domain CNNs: train, predict bit-exactly, emit, simulate and build.",
)
app.add_typer(verilog_app, name="verilog", epilog="Example: hadamac verilog --out build/rtl")
app.command(name="explain", epilog="Example: hadamac explain")(explain)
app.command(epilog="Example: hadamac train --data mnist/ --out my-network --network my-network.json")(train)
app.command(epilog="Example: hadamac quantise --preset compact --out my-compact --data mnist/")(quantise)
app.command(name="fit", epilog="Example: hadamac fit gelu --segments 16 --plot gelu.png")(fit_command)


def _version(value: bool) -> None:
    if value:
        console.print(f"hadamac {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _main(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False):
    """Frequency-domain CNNs: train, predict bit-exactly, emit, simulate and build."""


def _percent(classes, labels) -> str:
    right = int((classes == labels).sum())
    return f"{100 * right / max(len(labels), 1):.2f} % ({right} of {len(labels)})"


@app.command(epilog="Example: hadamac predict --images digits.npy --out logits.npy --trace stages/")
def predict(
    artifact: ArtifactArgument = None,
    images: Annotated[Path | None, typer.Option(help="uint8 .npy, (n, 28, 28) or (n, 32, 32).")] = None,
    out: Annotated[Path | None, typer.Option(help="Integer logits to write, .npy (n, classes).")] = None,
    trace: Annotated[Path | None, typer.Option(help="Directory for the words of every stage.")] = None,
    data: DataOption = None,
):
    """Predict bit-exactly what the circuit answers.

    With --images, for a file of images; with --data, for MNIST's test images; else for the shipped digits.
    Prints the accuracy where labels are known.
    """
    if images is not None and data is not None:
        raise DataError("Images come from --images or from --data, not from both")
    if out is not None:
        check_file(out)
    if trace is not None:
        check_directory(trace, marker="formats.json")
    network, labels = load(artifact), None
    if images is not None:
        pixels = load_images(images)
    else:
        pixels, labels = load_mnist(data, "test") if data is not None else shipped_digits()
    start = time.process_time()
    prediction = network.predict(pixels, trace=trace is not None)
    rate = len(pixels) / max(time.process_time() - start, 1e-9)
    if trace is not None:
        with atomic_directory(trace, marker="formats.json") as directory:
            write_trace(directory, network.qnet, prediction)
    if out is not None:
        save_array(out, prediction.logits)
    overflows = int(prediction.overflow.sum())
    console.print(f"{len(prediction.logits)} images, {overflows} with an overflow; {rate:,.0f} images a second of "
                  "processor time", highlight=False)
    if labels is not None:
        console.print(f"accuracy {_percent(prediction.classes, labels)}", highlight=False)
    elif out is None:
        console.print("classes " + " ".join(str(c) for c in prediction.classes), highlight=False, soft_wrap=True)


@app.command(epilog="Example: hadamac sim --frames 20")
def sim(
    artifact: ArtifactArgument = None,
    frames: Annotated[int, typer.Option(min=2, max=500, help="Shipped digits to simulate.")] = 20,
    interval: IntervalOption = None,
    build: Annotated[Path, typer.Option(help="Where compiled simulators are kept.")] = Path("build/sim"),
    seed: SeedOption = 1,
):
    """Simulate the emitted Verilog on digits, bit for bit and cycle for cycle against the prediction."""
    from hadamac_hw.library import network_name, network_verilog
    from hadamac_hw.verify import verify

    network = load(artifact)
    lanes, steps = folding(network, interval), Steps(2, console)
    with steps.step("Emit Verilog"):
        text = network_verilog(network.qnet, lanes)
    with steps.step(f"Simulate {frames} digits (the first time compiles the simulator)") as bar:
        result = verify(text, network_name(network.qnet), network.qnet, shipped_digits()[0][:frames],
                        build_dir=build, folding=lanes, seed=seed)
        _say_verification(bar, result)


def _say_verification(bar, result) -> None:
    bar.say(f"RTL = prediction, bit for bit, on {result.matching}/{result.frames}")
    bar.say(f"latency  {result.latency} cycles, estimated {result.estimate.latency}")
    bar.say(f"interval {result.interval:g} cycles, estimated {result.estimate.interval}")


@app.command(epilog="Example: hadamac estimate --interval 4096")
def estimate(artifact: ArtifactArgument = None, interval: IntervalOption = None):
    """Cycles, multipliers and memory of every stage, exactly as the circuit will have them."""
    from .estimate import estimate as run_estimate

    network = load(artifact)
    lanes = folding(network, interval)
    e = run_estimate(network.qnet, lanes)
    table = Table("stage")
    for name in ("interval", "multipliers", "memory bits", "first output"):
        table.add_column(name, justify="right")
    for s in e.stages:
        table.add_row(s.name, f"{s.interval:,}", str(s.multipliers), f"{s.memory_bits:,}", f"{s.first_output:,}")
    table.add_section()
    table.add_row("network", f"{e.interval:,}", str(e.multipliers), f"{e.memory_bits:,}", f"{e.latency:,}")
    console.print(table)
    console.print(f"lanes: Hadamard {', '.join(map(str, lanes.hadamard))}, dense {lanes.dense}; "
                  f"latency {e.latency} cycles, then an image every {e.interval}", highlight=False)


@app.command(epilog="Example: hadamac bitstream --board ulx3s-85f --out build/bitstream")
def bitstream(
    artifact: ArtifactArgument = None,
    board: Annotated[str, typer.Option(help="Board name.")] = "ulx3s-85f",
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("build/bitstream"),
    interval: IntervalOption = None,
    seed: SeedOption = 1,
):
    """Build a board's bitstream: the network behind a UART, images in, class and logits out."""
    from hadamac_hw.boards.build import build_board

    network = load(artifact)
    build_board(network.qnet, board, out, folding=folding(network, interval), seed=seed, console=console)


@app.command(epilog="Example: hadamac show --pictures build/pictures --digit 3")
def show(
    artifact: ArtifactArgument = None,
    pictures: Annotated[Path | None, typer.Option(help="Directory for pictures of every stage.")] = None,
    digit: Annotated[int, typer.Option(min=0, max=499, help="Which shipped digit to picture.")] = 0,
    errors: Annotated[bool, typer.Option("--errors", help="Fixed against float, edge by edge.")] = False,
):
    """Print a network layer by layer; with --pictures, picture every stage, float beside fixed."""
    from .describe import layer_table

    network, (images, labels) = load(artifact), shipped_digits()
    if errors or pictures is not None:
        size, have = network.qnet.network.size, images.shape[-1]
        if size not in (have, have + 4):
            raise DataError(f"Pictures and errors are of the shipped digits of {have} x {have} pixels, which a network "
                            f"of {size} x {size} does not take")
    _say_artifact(network)
    console.print(layer_table(network.qnet))
    if errors:
        from .report import error_table

        table = Table("edge", "format", "max error, LSB", "SQNR, dB", "largest word / full scale")
        for e in error_table(network.qnet, network.params, images):
            table.add_row(e.edge, str(e.format), f"{e.max_lsb:.1f}", f"{e.sqnr:.1f}", f"{e.fill:.4f}")
        console.print(table)
    if pictures is not None:
        from .report import save_pictures

        label = int(labels[digit]) if labels[digit] < network.qnet.network.dense.outputs else None
        for path in save_pictures(network.qnet, network.params, images[digit], label, pictures):
            console.print(f"Wrote {path}", highlight=False)


def _say_artifact(network: Artifact) -> None:
    record = network.accuracy
    if record["float"] is not None:
        console.print(f"{network.qnet.network.name}: float {100 * record['float']:.3f} %, fixed "
                      f"{100 * record['fixed']:.3f} % on {record['images']} test images", highlight=False)


@app.command(epilog="Example: hadamac demo --frames 20")
def demo(
    artifact: ArtifactArgument = None,
    out: Annotated[Path, typer.Option(help="Directory for Verilog, simulator and pictures.")] = Path("build/demo"),
    frames: Annotated[int, typer.Option(min=20, max=500, help="Shipped digits to simulate.")] = 20,
    seed: SeedOption = 1,
):
    """The main job end to end on real digits: load, show, predict, emit, simulate, picture."""
    from .demo import run

    run(artifact or shipped(), out, frames, seed, console)


def main() -> None:
    """Entry point: errors of the user's making are one line and exit code 2."""
    any_encoding()
    try:
        app()
    except HadamacError as error:
        print(f"hadamac: error: {plain(error)}", file=sys.stderr)
        sys.exit(2)
    except AssertionError as error:  # a comparison of simulation and prediction
        print(f"hadamac: failed: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
