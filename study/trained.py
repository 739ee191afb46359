"""Training of the networks of `networks` on a data set, and the measurements of the trained ones.

The trained networks are artifacts in the repository; ``make study TRAIN=1`` trains them again.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from networks import SETS, Set

from hadamac.cost.estimate import plan
from hadamac.network.liveness import analyse, sentence
from hadamac.network.source import source_frames
from hadamac.quantised import PRESETS, accuracy
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import CALIBRATION, quantise
from hadamac.show.describe import layer_rows
from hadamac_hw.cores.library import network_name, network_verilog
from hadamac_hw.sim.verify import verify

__all__ = ["beyond", "finish", "measure", "train"]

SEEN = (3, 7)
"""Greatest frequencies in the input of the low-passed networks."""


def finish(data: Set, name: str, params, training, test) -> Artifact:
    """Quantise a trained network, test it and save its artifact."""
    study = data.studies[name]
    network, (images, labels) = study.network, test
    qnet = quantise(network, params, training[0][:CALIBRATION], PRESETS["default"])
    shares = accuracy.measure(qnet, params, images, labels)
    provenance = {"data": f"{data.title} training images", "epochs": study.epochs, "seed": study.seed,
                  "shift": study.shift, "preset": "default"}
    few = slice(data.samples)
    samples = (source_frames(network, images[few]), labels[few]) if data.samples else None
    artifact = Artifact(qnet, params, shares, provenance, data.classes, samples)
    data.artifacts.mkdir(exist_ok=True)
    save(artifact, data.artifacts / name)
    return artifact


def train(data: Set, name: str, training, test, progress) -> Artifact:
    """Train a network with torch and save its artifact."""
    from hadamac.nn.train import fit

    study = data.studies[name]
    params = fit(study.network, *training, epochs=study.epochs, seed=study.seed, shift=study.shift, progress=progress)
    return finish(data, name, params, training, test)


def beyond(data: Set) -> dict[str, float]:
    """Return the shares of energy at frequencies beyond those that the low-passed networks see.

    Returns
    -------
    dict of str to float
        For the greatest frequency that is seen, 3 or 7, the share of an image's energy, without its mean, that has a
        greater frequency along one axis or both: the mean of all images in the repository, 0 to 1.
    """
    artifact = load(data.path_of(next(iter(data.studies))))
    images = source_frames(artifact.qnet.network, data.images(artifact)[0])[:, 0].astype(float)
    energy = np.abs(np.fft.fft2(images - images.mean((1, 2), keepdims=True))) ** 2
    frequency = np.abs(np.fft.fftfreq(images.shape[-1], 1 / images.shape[-1]))
    greater = np.maximum(frequency[:, None], frequency)
    return {str(most): float((energy[:, greater > most].sum(1) / energy.sum((1, 2))).mean()) for most in SEEN}


def _measured(set_name: str, name: str, frames: int, build: Path) -> dict:
    """Return a row of the table; simulate the RTL on the first images and compare it with the prediction."""
    data = SETS[set_name]
    artifact = load(data.path_of(name))
    qnet, (images, labels) = artifact.qnet, data.images(artifact)
    folding = plan(qnet)
    result = verify(network_verilog(qnet, folding), network_name(qnet), qnet, images[:frames], build_dir=build,
                    folding=folding)
    *rows, total = layer_rows(qnet, folding)
    return {
        "name": name, "title": data.studies[name].title, "says": sentence(analyse(qnet.network.steps)),
        **{k: artifact.accuracy[k] for k in ("images", "float", "fixed")},
        "right": int((qnet.predict(images).classes == labels).sum()), "of": len(labels), "frames": result.matching,
        "epochs": artifact.provenance["epochs"], "seed": artifact.provenance["seed"],
        "reals": total["weights"], "reals_conv": total["weights"] - rows[-1]["weights"],
        "multiplications": total["multiplications"], "in_space": total["multiplications_in_space"],
        "multipliers": total["multipliers"], "memory_bits": total["memory_bits"],
        "latency": result.latency, "interval": float(result.interval),
        "as_estimated": bool(result.latency == result.estimate.latency and result.interval == result.estimate.interval),
    }


def measure(data: Set, frames: int, build: Path, jobs: int, progress) -> list[dict]:
    """Return one row for each network; simulate ``jobs`` networks at the same time."""
    with ProcessPoolExecutor(jobs) as pool:
        futures = {name: pool.submit(_measured, data.name, name, frames, build) for name in data.studies}
        rows = []
        for done, (name, future) in enumerate(futures.items(), 1):
            rows.append(future.result())
            progress(done, len(futures), name)
    return rows
