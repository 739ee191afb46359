"""Command ``hadamac verilog``: Verilog of a network, or of one stand-alone core."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hadamac.errors import DescriptionError
from hadamac.files.writing import check_directory, make_directory
from hadamac.progress import Progress
from hadamac.quantised.artifact import SHIPPED

from .options import TRANSFORMS, GridOption, IntervalOption, TransformsOption, console, folding, opened

if TYPE_CHECKING:
    from hadamac_hw.cores.library import Core

__all__ = ["verilog_app"]

verilog_app = typer.Typer(rich_markup_mode="markdown")


@verilog_app.callback(invoke_without_command=True)
def verilog(
    context: typer.Context,
    artifact: Annotated[
        Path | None,
        typer.Option(help="Directory of the artifact, or the name of a shipped one: "
                     f"{', '.join(SHIPPED)}. The default is {SHIPPED[0]}.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("build/rtl"),
    interval: IntervalOption = None,
    transforms: TransformsOption = TRANSFORMS[0],
    grid: GridOption = None,
    blocks: Annotated[bool, typer.Option(help="Also write a stand-alone core of every block.")] = True,
) -> None:
    """Write Verilog of the network and of each of its blocks, with a manifest; or write one FFT core."""
    if context.invoked_subcommand is not None:
        return
    from hadamac_hw.cores.library import DIRECTORY, write_library

    network = opened(artifact, grid)
    lanes = folding(network, interval, transforms)
    make_directory(out.parent)
    check_directory(out, marker=DIRECTORY)
    with Progress(1, console).phase(f"Emit Verilog to {out}") as bar:
        manifest = write_library(network.qnet, out, folding=lanes, blocks=blocks, progress=bar.at)
        for core in manifest["cores"]:
            bar.say(f"{core['file']:<24} {core['title']}")


@verilog_app.command(epilog="Example: hadamac verilog fft --size 1024 --width 16 --target ecp5 -o fft1024.v")
def fft(
    size: Annotated[int, typer.Option(help="Number of points, a power of two from 4 to 4096.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, NAME.v. The module is called NAME.")],
    width: Annotated[int, typer.Option(help="Bits of each input part (real or imaginary).")] = 16,
    out_width: Annotated[
        int | None,
        typer.Option(help="Bits of each output part. The default is --width, or all bits with --scaling full.",
                     show_default=False),
    ] = None,
    twiddle_width: Annotated[
        int | None,
        typer.Option(help="Bits of each twiddle part. The default is what the target's multiplier takes.",
                     show_default=False),
    ] = None,
    scaling: Annotated[
        str,
        typer.Option(help="schedule (fixed), run-time (loaded with each frame), full (no scaling) or block (one "
                          "exponent per frame)."),
    ] = "schedule",
    schedule: Annotated[
        str | None,
        typer.Option(help="One digit per radix-2 stage, for example 1011, where 1 halves. The default is to halve in "
                          "each stage.", show_default=False),
    ] = None,
    architecture: Annotated[
        str, typer.Option(help="streaming (one sample per cycle) or iterative (for small devices).")
    ] = "streaming",
    order: Annotated[str, typer.Option(help="Order of the output: natural, bit-reversed or centred.")] = "natural",
    target: Annotated[str, typer.Option(help="generic, ecp5, gowin, ice40 or nexus.")] = "generic",
) -> None:
    """Write an FFT as one self-contained Verilog file, with a cocotb example that simulates it."""
    from hadamac_hw.cores.standalone import fft_core, write_core

    if schedule is not None and set(schedule) - set("01"):
        raise DescriptionError(f"FFT schedule must be written in 0 and 1, not {schedule!r}")
    core, example = write_core(
        out, fft_core, target=target, size=size, width=width, out_width=out_width, twiddle_width=twiddle_width,
        order=order, architecture=architecture, scaling=scaling,
        schedule=None if schedule is None else tuple(map(int, schedule)),
    )
    _say_core(core, out, example)


@verilog_app.command(epilog="Example: hadamac verilog rfft --size 1024 --width 16 --target ecp5 -o rfft1024.v")
def rfft(
    size: Annotated[int, typer.Option(help="Number of points of a real frame, a power of two.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, NAME.v. The module is called NAME.")],
    width: Annotated[int, typer.Option(help="Bits of each input sample and of each output part.")] = 16,
    frames: Annotated[int, typer.Option(
        help="Real frames per transform: 2 at once, or 1 with two samples per beat.")] = 2,
    twiddle_width: Annotated[int, typer.Option(help="Bits of each twiddle part.")] = 18,
    target: Annotated[str, typer.Option(help="generic, ecp5, gowin or nexus.")] = "generic",
) -> None:
    """Write an FFT of real frames as one self-contained Verilog file, with a cocotb example that simulates it."""
    from hadamac_hw.cores.standalone import real_fft_core, write_core

    core, example = write_core(
        out, real_fft_core, target=target, size=size, width=width, frames=frames, twiddle_width=twiddle_width)
    _say_core(core, out, example)


def _say_core(core: Core, out: Path, example: Path) -> None:
    block = core.component.block
    console.print(f"{core.title}\nlatency {block.latency} cycles, then a frame every {block.interval} cycles; "
                  f"{block.multipliers} multipliers\nWrote {out} and {example}", soft_wrap=True)
