"""The command ``hadamac``: one verb per step, each with an example.

Bad input ends with one line on standard error and exit code 2, a failed comparison with exit code 1, SIGTERM and
SIGHUP with 128 and their number.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.table import Table

from hadamac import __version__
from hadamac.console import any_encoding, plain
from hadamac.errors import DataError, HadamacError
from hadamac.files.writing import atomic_directory, check_directory, check_file, make_directory
from hadamac.progress import Progress
from hadamac.quantised.accuracy import measure, warn_of_other_images, warn_of_overflows
from hadamac.quantised.arrays import TRACE, save_array, write_trace
from hadamac.quantised.artifact import Artifact, load, shipped
from hadamac.tools import require_verilator

from .data import DataOption, FramesOption, ImagesOption, LabelsOption, one_set, say, to_simulate
from .explain import explain
from .fit import fit as fit_command
from .notices import warnings_in_one_line
from .options import ArtifactArgument, IntervalOption, SeedOption, console, folding
from .signals import orderly_exit
from .train import quantise, train
from .verilog import verilog_app

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
        console.print(f"hadamac {__version__}")
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
    images: ImagesOption = None,
    labels: LabelsOption = None,
    out: Annotated[Path | None, typer.Option(help="Integer logits to write, .npy (n, classes).")] = None,
    trace: Annotated[Path | None, typer.Option(help="Directory for the words of every stage.")] = None,
    data: DataOption = None,
):
    """Predict bit-exactly what the circuit answers.

    With --images, for a file of images; with --data, for a data set's test images; else for the shipped digits.
    Prints the accuracy where labels are known, else each image's class.
    """
    if out is not None:
        check_file(out)
    if trace is not None:
        check_directory(trace, marker=TRACE)
    network = load(artifact)
    known = one_set(network.qnet.network, images, labels, data)
    say("Predicting", known)
    start = time.process_time()
    prediction = network.predict(known.images, trace=trace is not None)
    rate = len(known) / max(time.process_time() - start, 1e-9)
    if trace is not None:
        with atomic_directory(trace, marker=TRACE) as directory:
            write_trace(directory, network.qnet, prediction)
    if out is not None:
        save_array(out, prediction.logits)
    overflows = int(prediction.overflow.sum())
    console.print(f"{len(prediction.logits)} images, {overflows} with an overflow; {rate:,.0f} images a second of "
                  "processor time")
    if known.labels is not None:
        console.print(f"accuracy {_percent(prediction.classes, known.labels)}")
        got = measure(network.qnet, network.params, known.images, known.labels, prediction)
        warn_of_other_images(got, network.accuracy)
        return
    warn_of_overflows(prediction)
    if out is None:
        names = map(network.name_of, prediction.classes)
        console.print("classes " + (", " if network.classes else " ").join(names),
                      soft_wrap=True)


@app.command(epilog="Example: hadamac sim --frames 20")
def sim(
    artifact: ArtifactArgument = None,
    frames: FramesOption = None,
    images: ImagesOption = None,
    data: DataOption = None,
    interval: IntervalOption = None,
    build: Annotated[Path, typer.Option(help="Where compiled simulators are kept.")] = Path("build/sim"),
    seed: SeedOption = 1,
):
    """Simulate the emitted Verilog on images, bit for bit and cycle for cycle against the prediction."""
    from hadamac_hw.cores.library import network_name, network_verilog
    from hadamac_hw.sim.verify import verify

    require_verilator()  # before the Verilog is emitted, not after
    network = load(artifact)
    chosen = to_simulate(one_set(network.qnet.network, images, None, data), frames)
    make_directory(build)
    say("Simulating", chosen)
    lanes, job = folding(network, interval), Progress(2, console)
    with job.phase("Emit Verilog"):
        text = network_verilog(network.qnet, lanes)
    with job.phase(f"Simulate {len(chosen)} images (the first time compiles the simulator)") as bar:
        result = verify(text, network_name(network.qnet), network.qnet, chosen.images,
                        build_dir=build, folding=lanes, seed=seed)
        _say_verification(bar, result)


def _say_verification(bar, result) -> None:
    bar.say(f"RTL = prediction, bit for bit, on {result.matching}/{result.frames}")
    bar.say(f"latency  {result.latency} cycles, estimated {result.estimate.latency}")
    bar.say(f"interval {result.interval:g} cycles, estimated {result.estimate.interval}")


@app.command(epilog="Example: hadamac estimate --interval 4096")
def estimate(artifact: ArtifactArgument = None, interval: IntervalOption = None):
    """Cycles, multipliers and memory of every stage, exactly as the circuit will have them."""
    from hadamac.cost.estimate import estimate as run_estimate

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
                  f"latency {e.latency} cycles, then an image every {e.interval}")


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


@app.command(epilog="Example: hadamac show --pictures build/pictures --index 3")
def show(
    artifact: ArtifactArgument = None,
    pictures: Annotated[Path | None, typer.Option(help="Directory for pictures of every stage.")] = None,
    index: Annotated[int, typer.Option("--index", "--digit", min=0, help="Which image to picture, from 0.")] = 0,
    errors: Annotated[bool, typer.Option("--errors", help="Fixed against float, edge by edge.")] = False,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    data: DataOption = None,
):
    """Print a network layer by layer; with --pictures, picture every stage, float beside fixed."""
    from hadamac.show.describe import layer_table

    network, chosen = load(artifact), None
    if errors or pictures is not None:
        chosen = one_set(network.qnet.network, images, labels, data)
        if pictures is not None and index >= len(chosen):
            raise DataError(f"Image index must be from 0 to {len(chosen) - 1}, not {index}")
    _say_artifact(network)
    console.print(layer_table(network.qnet))
    if errors:
        from hadamac.quantised.comparison import error_table

        table = Table("edge", "format", "max error, LSB", "SQNR, dB", "largest word / full scale")
        say("Errors over", chosen)
        for e in error_table(network.qnet, network.params, chosen.images):
            table.add_row(e.edge, str(e.format), f"{e.max_lsb:.1f}", f"{e.sqnr:.1f}", f"{e.fill:.4f}")
        console.print(table)
    if pictures is not None:
        from hadamac.show.report import save_pictures

        console.print(f"Picturing image {index} of {chosen.source}", soft_wrap=True)
        label = None if chosen.labels is None else int(chosen.labels[index])
        for path in save_pictures(network.qnet, network.params, chosen.images[index], label, pictures, network.classes):
            console.print(f"Wrote {path}")


def _say_artifact(network: Artifact) -> None:
    record, facts = network.accuracy, network.provenance
    if "data" in facts:
        console.print(f"{network.qnet.network.name}: trained on {facts['data']}",
                      soft_wrap=True)
    if network.classes:
        names = ", ".join(f"{k} {name}" for k, name in enumerate(network.classes))
        console.print(f"classes {names}", soft_wrap=True)
    if record["float"] is not None:
        console.print(f"{network.qnet.network.name}: float {100 * record['float']:.3f} %, fixed "
                      f"{100 * record['fixed']:.3f} % on {record['images']} test images")


@app.command(epilog="Example: hadamac demo --frames 20")
def demo(
    artifact: ArtifactArgument = None,
    out: Annotated[Path, typer.Option(help="Directory for Verilog, simulator and pictures.")] = Path("build/demo"),
    frames: FramesOption = None,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    data: DataOption = None,
    seed: SeedOption = 1,
):
    """The main job end to end on real images: load, show, predict, emit, simulate, picture."""
    from .demo import run

    network = load(artifact)
    chosen = one_set(network.qnet.network, images, labels, data)
    run((artifact or shipped()).name, network, chosen, to_simulate(chosen, frames), out, seed, console)


def _stop(status: int, text: str) -> NoReturn:
    """Print why, bytes of file names that are no text as escapes, and exit."""
    print(f"hadamac: {text}".encode(errors="backslashreplace").decode(), file=sys.stderr)
    sys.exit(status)


_UsageError = typer.BadParameter.__base__
"""What a wrong option or argument raises: click's class, of which some versions of typer carry a copy."""


def _run() -> int:
    """Run the command; return its exit status."""
    with warnings_in_one_line():
        return app(standalone_mode=False, prog_name="hadamac") or 0


def main() -> None:
    """Entry point: errors of the user's making are one line and exit code 2."""
    any_encoding()
    with orderly_exit():
        try:
            sys.exit(_run())
        except typer.Abort:  # Ctrl-C
            _stop(130, "interrupted")
        except _UsageError as error:
            see = f"; see {error.ctx.command_path} --help" if error.ctx else ""
            _stop(2, f"error: {plain(' '.join(error.format_message().split())).rstrip('.')}{see}")
        except HadamacError as error:
            _stop(2, f"error: {plain(error)}")
        except AssertionError as error:  # a comparison of simulation and prediction
            _stop(1, f"failed: {error}")
        except OSError as error:  # what the system refuses, wherever: a full disk, a directory without permission
            names = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
            _stop(2, f"error: {plain(names + ': ' if names else '')}{plain(error.strerror or error)}")


if __name__ == "__main__":
    main()
