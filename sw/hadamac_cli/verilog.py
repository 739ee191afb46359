"""``hadamac verilog``: a network's Verilog, or one core's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hadamac.errors import DescriptionError
from hadamac.files.writing import check_directory, make_directory
from hadamac.progress import Progress
from hadamac.quantised.artifact import load

from .options import IntervalOption, console, folding

__all__ = ["verilog_app"]

verilog_app = typer.Typer(rich_markup_mode="markdown")


@verilog_app.callback(invoke_without_command=True)
def verilog(
    context: typer.Context,
    artifact: Annotated[
        Path | None, typer.Option(help="Artifact directory; the shipped network unless given.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("build/rtl"),
    interval: IntervalOption = None,
    blocks: Annotated[bool, typer.Option(help="Also a stand-alone core of every block.")] = True,
):
    """Write the network's Verilog, every block as a core of its own, and a manifest; or, by name, one core."""
    if context.invoked_subcommand is not None:
        return
    from hadamac_hw.cores.library import DIRECTORY, write_library

    network = load(artifact)
    lanes = folding(network, interval)
    make_directory(out.parent)
    check_directory(out, marker=DIRECTORY)
    with Progress(1, console).phase(f"Emit Verilog to {out}") as bar:
        manifest = write_library(network.qnet, out, folding=lanes, blocks=blocks, progress=bar.at)
        for core in manifest["cores"]:
            bar.say(f"{core['file']:<24} {core['title']}")


@verilog_app.command(epilog="Example: hadamac verilog fft --size 1024 --width 16 --target ecp5 -o fft1024.v")
def fft(
    size: Annotated[int, typer.Option(help="Points, a power of two from 4 to 4096.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, NAME.v; its module is NAME.")],
    width: Annotated[int, typer.Option(help="Bits of a part, in.")] = 16,
    out_width: Annotated[
        int | None, typer.Option(help="Bits of a part, out; as in, or all of full growth, unless given.")
    ] = None,
    twiddle_width: Annotated[
        int | None, typer.Option(help="Bits of a twiddle part; what the target's multiplier takes unless given.")
    ] = None,
    scaling: Annotated[
        str, typer.Option(help="schedule (fixed), run-time (loaded with each frame), full or block (exponent).")
    ] = "schedule",
    schedule: Annotated[
        str | None, typer.Option(help="Halvings per radix-2 stage, as 1011; a half in each unless given.")
    ] = None,
    architecture: Annotated[
        str, typer.Option(help="streaming, a sample a clock; or iterative, for small parts.")
    ] = "streaming",
    order: Annotated[str, typer.Option(help="natural, bit-reversed or centred.")] = "natural",
    target: Annotated[str, typer.Option(help="generic, ecp5 or ice40.")] = "generic",
):
    """Write an FFT as one self-contained Verilog file, and a cocotb example that plays it."""
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
    size: Annotated[int, typer.Option(help="Points of a real frame, a power of two.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, NAME.v; its module is NAME.")],
    width: Annotated[int, typer.Option(help="Bits of a sample and of a part, out.")] = 16,
    frames: Annotated[int, typer.Option(help="Real frames per transform: 2 at once, or 1 of two samples a beat.")] = 2,
    twiddle_width: Annotated[int, typer.Option(help="Bits of a twiddle part.")] = 18,
    target: Annotated[str, typer.Option(help="generic or ecp5.")] = "generic",
):
    """Write an FFT of real frames as one self-contained Verilog file, and a cocotb example that plays it."""
    from hadamac_hw.cores.standalone import real_fft_core, write_core

    core, example = write_core(
        out, real_fft_core, target=target, size=size, width=width, frames=frames, twiddle_width=twiddle_width)
    _say_core(core, out, example)


def _say_core(core, out: Path, example: Path) -> None:
    block = core.component.block
    console.print(f"{core.title}\nlatency {block.latency} cycles, then a frame every {block.interval}; "
                  f"{block.multipliers} multipliers\nWrote {out} and {example}", soft_wrap=True)
