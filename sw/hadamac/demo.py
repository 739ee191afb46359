"""The main job, end to end, on the shipped digits."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from .artifact import load
from .data import shipped_digits
from .describe import layer_table
from .estimate import plan
from .files import atomic_write, make_directory
from .reference import forward
from .report import save_pictures
from .steps import Steps

__all__ = ["run"]


def run(artifact: Path, out: Path, frames: int, seed: int, console: Console) -> None:
    """Load, show, predict, emit, simulate and picture; Verilog and pictures are left in ``out``."""
    from hadamac_hw.library import network_name, network_verilog
    from hadamac_hw.verify import verify

    steps = Steps(6, console)
    make_directory(out)
    with steps.step(f"Load the trained network {artifact.name}") as bar:
        network = load(artifact)
        images, labels = shipped_digits()
        record = network.accuracy
        bar.say(f"on record: float {100 * record['float']:.3f} %, fixed {100 * record['fixed']:.3f} % "
                f"on {record['images']} test images")
    qnet, folding = network.qnet, plan(network.qnet)
    with steps.step("Layer by layer"):
        console.print(layer_table(qnet, folding))
    with steps.step(f"Predict {len(images)} shipped digits bit-exactly in NumPy") as bar:
        reference = forward(qnet.network, network.params, images).argmax(1)
        start = time.perf_counter()
        prediction = network.predict(images)
        rate = len(images) / (time.perf_counter() - start)
        right = int((prediction.classes == labels).sum())
        bar.say(f"accuracy: fixed {100 * right / len(labels):.2f} % ({right} of {len(labels)}), "
                f"float {100 * (reference == labels).mean():.2f} %; {rate:,.0f} images a second")
    name = network_name(qnet)
    with steps.step("Emit Verilog with Amaranth") as bar:
        text = network_verilog(qnet, folding)
        bar.say(f"{atomic_write(out / f'{name}.v', text)}: {len(text.splitlines()):,} lines")
    with steps.step(f"Simulate that Verilog on {frames} digits (the first time compiles the simulator)") as bar:
        result = verify((out / f"{name}.v").read_text(), name, qnet, images[:frames],
                        build_dir=out / "sim", folding=folding, seed=seed)
        bar.say(f"RTL = prediction, bit for bit, on {result.matching}/{result.frames}", "bold green")
        bar.say(f"first-frame latency   {result.latency:,} cycles measured, {result.estimate.latency:,} estimated")
        bar.say(f"steady-state interval {result.interval:,g} cycles measured, {result.estimate.interval:,} estimated")
    with steps.step("Picture every stage of one digit, float beside fixed") as bar:
        pictures = out / "pictures"
        paths = save_pictures(qnet, network.params, images[0], int(labels[0]), pictures)
        bar.say(f"{len(paths)} pictures in {pictures}, begin with overview.png")
