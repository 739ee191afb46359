"""Command ``hadamac demo``: the main job from beginning to end on real images."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from hadamac.cost.estimate import plan
from hadamac.files.writing import check_directory, make_directory
from hadamac.progress import Progress
from hadamac.quantised.accuracy import in_words, measure
from hadamac.quantised.artifact import Artifact
from hadamac.show.describe import layer_table
from hadamac.show.report import PICTURES, save_pictures
from hadamac.tools import require_verilator

from .sets import ImageSet

__all__ = ["run"]


def run(name: str, network: Artifact, images: ImageSet, frames: ImageSet, out: Path, seed: int,
        console: Console) -> None:
    """Run the main job in six numbered steps.

    Parameters
    ----------
    name
        Name of the network for the first step.
    network
        The network.
    images
        Images to predict; the first one is pictured.
    frames
        Images to simulate.
    out
        Directory to write ``rtl``, ``pictures`` and ``sim`` in.
    seed
        Seed of the simulation's random gaps.
    console
        Console to print to.
    """
    from hadamac_hw.cores.library import DIRECTORY, network_name, write_library
    from hadamac_hw.sim.verify import verify

    job, rtl, pictures = Progress(6, console), out / "rtl", out / "pictures"
    require_verilator()  # This is checked before minutes of work, not after them.
    for directory in (out, out / "sim"):
        make_directory(directory)
    check_directory(rtl, marker=DIRECTORY)
    check_directory(pictures, marker=PICTURES)
    with job.phase(f"The trained network {name}") as bar:
        record = network.accuracy
        if record["float"] is not None:
            bar.say(f"accuracy on record: {in_words(record, network.qnet.network)} on {record['images']} test "
                    f"{images.kind}s")
    qnet, folding = network.qnet, plan(network.qnet)
    with job.phase("Layer by layer"):
        console.print(layer_table(qnet, folding))
    with job.phase(f"Predict {images} bit-exactly in NumPy") as bar:
        start = time.perf_counter()
        prediction = network.predict(images.frames)
        rate = len(images) / (time.perf_counter() - start)
        if images.labels is not None:
            got = measure(qnet, network.params, images.frames, images.labels, prediction)
            right = round(got["fixed"] * len(images))
            bar.say(f"accuracy: fixed {100 * got['fixed']:.2f} % ({right} of {len(images)}), "
                    f"float {100 * got['float']:.2f} %" if qnet.network.output == "classes" else
                    in_words(got, qnet.network))
        bar.say(f"{rate:,.0f} {images.kind}s per second")
    name = network_name(qnet)
    with job.phase("Emit Verilog with Amaranth") as bar:
        write_library(qnet, rtl, folding=folding, blocks=False)
        text = (rtl / f"{name}.v").read_text()
        bar.say(f"{rtl / f'{name}.v'}: {len(text.splitlines()):,} lines")
    with job.phase(f"Simulate that Verilog on {frames.count} (the first time compiles the simulator)") as bar:
        result = verify(text, name, qnet, frames.frames,
                        build_dir=out / "sim", folding=folding, seed=seed)
        bar.say(f"RTL = prediction, bit for bit, on {result.matching}/{result.frames}", "bold green")
        bar.say(f"first-frame latency   {result.latency:,} cycles measured, {result.estimate.latency:,} estimated")
        bar.say(f"steady-state interval {result.interval:,g} cycles measured, {result.estimate.interval:,} estimated")
    with job.phase(f"Make pictures of every stage for one {images.kind}, float beside fixed") as bar:
        known = images.labels is not None and qnet.network.output == "classes"
        label = int(images.known_labels[0]) if known else None
        paths = save_pictures(qnet, network.params, images.frames[0], label, pictures, network.classes)
        bar.say(f"{len(paths)} pictures in {pictures}; overview.png shows all stages")
