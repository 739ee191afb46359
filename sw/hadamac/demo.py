"""The main job, end to end, on real images."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from .accuracy import measure
from .artifact import Artifact
from .cli_data import ImageSet
from .describe import layer_table
from .estimate import plan
from .files import atomic_write, make_directory
from .report import save_pictures
from .steps import Steps

__all__ = ["run"]


def run(name: str, network: Artifact, images: ImageSet, frames: ImageSet, out: Path, seed: int,
        console: Console) -> None:
    """Show, predict ``images``, emit, simulate ``frames`` and picture; Verilog and pictures are left in ``out``."""
    from hadamac_hw.library import network_name, network_verilog
    from hadamac_hw.verify import verify

    steps = Steps(6, console)
    make_directory(out)
    with steps.step(f"The trained network {escape(name)}") as bar:
        record = network.accuracy
        if record["float"] is not None:
            bar.say(f"on record: float {100 * record['float']:.3f} %, fixed {100 * record['fixed']:.3f} % "
                    f"on {record['images']} test images")
    qnet, folding = network.qnet, plan(network.qnet)
    with steps.step("Layer by layer"):
        console.print(layer_table(qnet, folding))
    with steps.step(f"Predict {escape(str(images))} bit-exactly in NumPy") as bar:
        start = time.perf_counter()
        prediction = network.predict(images.images)
        rate = len(images) / (time.perf_counter() - start)
        if images.labels is not None:
            got = measure(qnet, network.params, images.images, images.labels, prediction)
            right = round(got["fixed"] * len(images))
            bar.say(f"accuracy: fixed {100 * got['fixed']:.2f} % ({right} of {len(images)}), "
                    f"float {100 * got['float']:.2f} %")
        bar.say(f"{rate:,.0f} images a second")
    name = network_name(qnet)
    with steps.step("Emit Verilog with Amaranth") as bar:
        text = network_verilog(qnet, folding)
        bar.say(f"{atomic_write(out / f'{name}.v', text)}: {len(text.splitlines()):,} lines")
    with steps.step(f"Simulate that Verilog on {len(frames)} images (the first time compiles the simulator)") as bar:
        result = verify((out / f"{name}.v").read_text(), name, qnet, frames.images,
                        build_dir=out / "sim", folding=folding, seed=seed)
        bar.say(f"[bold green]RTL = prediction, bit for bit, on {result.matching}/{result.frames}[/bold green]")
        bar.say(f"first-frame latency   {result.latency:,} cycles measured, {result.estimate.latency:,} estimated")
        bar.say(f"steady-state interval {result.interval:,g} cycles measured, {result.estimate.interval:,} estimated")
    with steps.step("Picture every stage of one image, float beside fixed") as bar:
        pictures, label = out / "pictures", None if images.labels is None else int(images.labels[0])
        paths = save_pictures(qnet, network.params, images.images[0], label, pictures, network.classes)
        bar.say(f"{len(paths)} pictures in {pictures}, begin with overview.png")
