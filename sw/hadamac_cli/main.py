"""Command ``hadamac``: one verb for each step, each with an example in its help.

Wrong input ends a command with one line on standard error and exit code 2.  A failed comparison of simulation and
prediction ends it with exit code 1, and SIGTERM or SIGHUP with 128 plus the number of the signal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import numpy as np
import typer
from rich.table import Table

from hadamac import __version__
from hadamac.console import any_encoding, plain
from hadamac.errors import HadamacError
from hadamac.files.writing import atomic_directory, check_directory, check_file, make_directory
from hadamac.progress import Bar, Progress
from hadamac.quantised.accuracy import in_words, measure, warn_of_other_images, warn_of_overflows
from hadamac.quantised.arrays import TRACE, as_parts, save_array, write_trace
from hadamac.quantised.artifact import shipped
from hadamac.tools import require_verilator

from .data import DataOption, FramesOption, ImagesOption, LabelsOption, one_set, to_simulate
from .explain import explain
from .fit import fit as fit_command
from .notices import warnings_in_one_line
from .options import (
    TRANSFORMS,
    ArtifactArgument,
    GridOption,
    IntervalOption,
    SeedOption,
    TransformsOption,
    console,
    folding,
    opened,
)
from .plan import plan as plan_command
from .quantise import quantise
from .sets import say
from .show import show
from .signals import orderly_exit
from .train import train
from .verilog import verilog_app

if TYPE_CHECKING:
    from hadamac_hw.sim.verify import Verification

_PURPOSE = "Train frequency-domain CNNs, predict them bit-exactly, and emit, simulate and build their hardware."

app = typer.Typer(
    name="hadamac", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="markdown", help=_PURPOSE,
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
def _main(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                               help="Print the version and exit.")] = False) -> None:
    pass


def _percent(classes: np.ndarray, labels: np.ndarray) -> str:
    right = int((classes == labels).sum())
    return f"{100 * right / max(len(labels), 1):.2f} % ({right} of {len(labels)})"


@app.command(epilog="Example: hadamac predict --images digits.npy --out logits.npy --trace stages/")
def predict(
    artifact: ArtifactArgument = None,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    out: Annotated[Path | None, typer.Option(
        help="File to write the words of the answer to, .npy: integer logits (n, classes), values, maps, or bins with "
        "both parts in a last axis.")] = None,
    trace: Annotated[Path | None, typer.Option(help="Directory to write the words of every stage to.")] = None,
    data: DataOption = None,
    grid: GridOption = None,
) -> None:
    """Predict bit-exactly what the circuit computes.

    The images or signals come from --images, from the test images of --data, or otherwise from the samples of the
    artifact. Prints how they were understood, the accuracy if labels are known, and otherwise the class of each image.
    """
    if out is not None:
        check_file(out)
    if trace is not None:
        check_directory(trace, marker=TRACE)
    network = opened(artifact, grid)
    known = one_set(network, images, labels, data)
    say("Predicting", known)
    start = time.process_time()
    prediction = network.predict(known.frames, trace=trace is not None)
    rate = len(known) / max(time.process_time() - start, 1e-9)
    if trace is not None:
        with atomic_directory(trace, marker=TRACE) as directory:
            write_trace(directory, network.qnet, prediction)
    if out is not None:
        save_array(out, as_parts(prediction.words))
    overflows = int(prediction.overflow.sum())
    console.print(f"{known.count}, {overflows} with an overflow; {rate:,.0f} {known.kind}s per second of processor "
                  "time")
    if known.labels is not None:
        if network.qnet.network.output == "classes":
            console.print(f"accuracy {_percent(prediction.classes, known.labels)}")
        got = measure(network.qnet, network.params, known.frames, known.labels, prediction)
        warn_of_other_images(got, network.accuracy, network.qnet.network)
        if network.qnet.network.output != "classes":
            console.print(in_words(got, network.qnet.network))
        return
    warn_of_overflows(prediction)
    if network.qnet.network.output != "classes":
        if out is None:
            what = f"The {network.qnet.network.output} have the format {network.qnet.output_format}"
            console.print(f"{what}; write their words to a file with --out", soft_wrap=True)
    elif out is None:
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
    transforms: TransformsOption = TRANSFORMS[0],
    build: Annotated[Path, typer.Option(help="Directory in which compiled simulators are kept.")] = Path("build/sim"),
    seed: SeedOption = 1,
    grid: GridOption = None,
) -> None:
    """Simulate the emitted Verilog on images, and compare every bit and cycle with the prediction."""
    from hadamac_hw.cores.library import network_name, network_verilog
    from hadamac_hw.sim.verify import verify

    require_verilator()  # This is checked before the Verilog is emitted.
    network = opened(artifact, grid)
    chosen = to_simulate(one_set(network, images, None, data), frames)
    make_directory(build)
    say("Simulating", chosen)
    lanes, job = folding(network, interval, transforms), Progress(2, console)
    with job.phase("Emit Verilog"):
        verilog = network_verilog(network.qnet, lanes)
    with job.phase(f"Simulate {chosen.count} (the first time compiles the simulator)") as bar:
        result = verify(verilog, network_name(network.qnet), network.qnet, chosen.frames,
                        build_dir=build, folding=lanes, seed=seed)
        _say_verification(bar, result)


def _say_verification(bar: Bar, result: Verification) -> None:
    bar.say(f"RTL = prediction, bit for bit, on {result.matching}/{result.frames}")
    bar.say(f"latency  {result.latency} cycles, estimated {result.estimate.latency}")
    bar.say(f"interval {result.interval:g} cycles, estimated {result.estimate.interval}")


@app.command(epilog="Example: hadamac estimate --interval 4096")
def estimate(artifact: ArtifactArgument = None, interval: IntervalOption = None,
             transforms: TransformsOption = TRANSFORMS[0], grid: GridOption = None) -> None:
    """Print the cycles, multipliers and memory of every stage, exactly as the circuit will have them."""
    from hadamac.cost.estimate import estimate as run_estimate

    network = opened(artifact, grid)
    lanes = folding(network, interval, transforms)
    e = run_estimate(network.qnet, lanes)
    table = Table("stage")
    for name in ("interval", "multipliers", "memory bits", "first output"):
        table.add_column(name, justify="right")
    for s in e.stages:
        table.add_row(s.name, f"{s.interval:,}", str(s.multipliers), f"{s.memory_bits:,}", f"{s.first_output:,}")
    table.add_section()
    table.add_row("network", f"{e.interval:,}", str(e.multipliers), f"{e.memory_bits:,}", f"{e.latency:,}")
    console.print(table)
    console.print(f"lanes: Hadamard {_list(lanes.hadamard)}, dense {_list(lanes.dense)}; {lanes.transforms} "
                  f"transforms; latency {e.latency} cycles, then one {network.qnet.network.source} every "
                  f"{e.interval} cycles")
    for name, widths in network.qnet.formats.stages.items():
        console.print(f"widths of {name}: {widths}", soft_wrap=True)


def _list(lanes: tuple[int, ...]) -> str:
    """Return numbers of lanes as a list, or that there are none."""
    return ", ".join(map(str, lanes)) or "none"


@app.command(epilog="Example: hadamac bitstream --board ulx3s-85f --out build/bitstream")
def bitstream(
    artifact: ArtifactArgument = None,
    board: Annotated[str, typer.Option(help="Name of the board.")] = "ulx3s-85f",
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("build/bitstream"),
    interval: IntervalOption = None,
    transforms: TransformsOption = TRANSFORMS[0],
    clock: Annotated[float | None, typer.Option(
        help="Clock of the network in MHz, from a PLL. The build fails if the circuit is too slow for it. The default "
             "is that of the board.", show_default=False)] = None,
    seed: SeedOption = 1,
    grid: GridOption = None,
) -> None:
    """Build a bitstream for a board: it takes images or signals over a UART and returns the answer.

    Without an artifact, the network is one that fits the board; without --interval, the folding is what `hadamac plan`
    finds.
    """
    from hadamac_hw.boards.build import build_board
    from hadamac_hw.boards.catalogue import find_board

    network = opened(artifact or shipped(find_board(board).network), grid)
    chosen = interval is not None or transforms != TRANSFORMS[0]
    build_board(network.qnet, board, out, folding=folding(network, interval, transforms) if chosen else None,
                seed=seed, clock_mhz=clock, console=console)


app.command(name="plan", epilog="Example: hadamac plan watch-128 --board ulx3s-25f")(plan_command)


app.command(epilog="Example: hadamac show --pictures build/pictures --index 3")(show)


@app.command(epilog="Example: hadamac demo --frames 20")
def demo(
    artifact: ArtifactArgument = None,
    out: Annotated[Path, typer.Option(
        help="Directory to write Verilog, simulator and pictures to.")] = Path("build/demo"),
    frames: FramesOption = None,
    images: ImagesOption = None,
    labels: LabelsOption = None,
    data: DataOption = None,
    seed: SeedOption = 1,
) -> None:
    """Run the main job on real images: load, show, predict, emit, simulate, and make pictures."""
    from .demo import run

    network = opened(artifact)
    chosen = one_set(network, images, labels, data)
    run((artifact or shipped()).name, network, chosen, to_simulate(chosen, frames), out, seed, console)


def _stop(status: int, text: str) -> NoReturn:
    """Print a line on standard error and exit; bytes of file names that are not text are printed as escapes."""
    print(f"hadamac: {text}".encode(errors="backslashreplace").decode(), file=sys.stderr)
    sys.exit(status)


_UsageError: Any = typer.BadParameter.__base__
"""Class of the errors for wrong options and arguments: click's, of which some versions of typer have a copy.  It is
typed as Any, because the copy cannot be imported by one name."""


def _run() -> int:
    """Run the command of the arguments; return its exit status."""
    with warnings_in_one_line():
        return app(standalone_mode=False, prog_name="hadamac") or 0


def main() -> None:
    """Run the command line; end with one line and exit code 2 if the user's input is wrong."""
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
        except AssertionError as error:  # a comparison of simulation and prediction failed
            _stop(1, f"failed: {error}")
        except OSError as error:  # the system refused something, for example on a full disk or without permission
            names = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
            _stop(2, f"error: {plain(names + ': ' if names else '')}{plain(error.strerror or error)}")


if __name__ == "__main__":
    main()
