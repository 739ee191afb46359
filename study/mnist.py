"""MNIST in ten networks that differ in the activation, its position, and the frequencies of the input.

All have two 5x5 convolutions, from 1 to 8 to 16 channels, and a dense layer.  32 x 32 pixels are pooled to 16 x 16 and
8 x 8.  The trained networks are artifacts in ``study/artifacts``; ``make study TRAIN=1`` trains them again.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hadamac.cost.estimate import plan
from hadamac.data import shipped_digits
from hadamac.network import (
    Activation,
    Dense,
    MaxPool,
    Network,
    Normalise,
    Pad,
    SpectralConv,
    SpectralPool,
    default_network,
)  # fmt: skip
from hadamac.network.liveness import analyse, sentence
from hadamac.quantised import PRESETS, accuracy
from hadamac.quantised.artifact import Artifact, load, save, shipped
from hadamac.quantised.quantise import quantise
from hadamac.show.describe import layer_rows
from hadamac_hw.cores.library import network_name, network_verilog
from hadamac_hw.sim.verify import verify

__all__ = ["ARTIFACTS", "NETWORKS", "measure", "train"]

ARTIFACTS = Path(__file__).parent / "artifacts"
CALIBRATION = 1000
"""Number of training images that formats are calibrated on."""


@dataclass(frozen=True)
class Study:
    """Network, and how it is trained.

    Random shifts by one pixel help networks that see maps, and harm networks that see only bins.
    """

    title: str
    network: Network
    epochs: int = 6
    shift: int = 1
    seed: int = 1


def _network(name: str, first: tuple, second: tuple, before: tuple = ()) -> Network:
    layers = (*before, SpectralConv(channels=8, kernel=5), *first, SpectralConv(channels=16, kernel=5), *second)
    return Network(name=name, size=32, channels=1, layers=(*layers, Dense(outputs=10)))


def _pooled(*before, after=()) -> tuple[tuple, tuple]:
    """Return the layers after each convolution: those ``before`` pooling, the pooling, and those ``after`` it."""
    return tuple((*before, SpectralPool(size=size), *after) for size in (16, 8))


_RELU, _TANH = Activation(), Activation(function="tanh", domain="bins")
_MAX = (_RELU, MaxPool())
NETWORKS = {s.network.name: s for s in (
    Study("crop, then ReLU", default_network(), 7),
    Study("ReLU, then crop", _network("relu-crop", *_pooled(_RELU))),
    Study("crop, then quadratic", _network("quadratic", *_pooled(after=(Activation(function="quadratic"),)))),
    Study("ReLU, max pooling (an ordinary CNN)", _network("max-pool", _MAX, _MAX)),
    Study("input low-passed to 15x15 bins, then crop, ReLU",
          _network("low-pass-15", *_pooled(after=(_RELU,)), before=(SpectralPool(size=15), Pad(size=32)))),
    Study("input low-passed to 7x7 bins, then crop, ReLU",
          _network("low-pass-7", *_pooled(after=(_RELU,)), before=(SpectralPool(size=7), Pad(size=32)))),
    Study("normalise, tanh of bins, crop", _network("normalise-tanh", *_pooled(Normalise(), _TANH)), 12, 0),
    Study("tanh of bins, crop", _network("tanh", *_pooled(_TANH)), 12, 0),
    Study("modReLU of bins, crop", _network("modrelu", *_pooled(Activation(function="modrelu", domain="bins"))), 12, 0),
    Study("linear: crop alone", _network("linear", *_pooled()), 12, 0),
)}


def path_of(name: str) -> Path:
    """Return the directory of a network's artifact; the package contains that of the default network."""
    return shipped() if name == default_network().name else ARTIFACTS / name


def finish(study: Study, params, training, test) -> Artifact:
    """Quantise a trained network, test it and save its artifact."""
    network = study.network
    qnet = quantise(network, params, training[0][:CALIBRATION], PRESETS["default"])
    shares = accuracy.measure(qnet, params, *test)
    provenance = {"data": "MNIST training images", "epochs": study.epochs, "seed": study.seed, "shift": study.shift,
                  "preset": "default"}
    artifact = Artifact(qnet, params, shares, provenance)
    ARTIFACTS.mkdir(exist_ok=True)
    save(artifact, ARTIFACTS / network.name)
    return artifact


def train(name: str, training, test, progress) -> Artifact:
    """Train a network with torch and save its artifact."""
    from hadamac.nn.train import fit

    study = NETWORKS[name]
    params = fit(study.network, *training, epochs=study.epochs, seed=study.seed, shift=study.shift, progress=progress)
    return finish(study, params, training, test)


def _measured(name: str, frames: int, build: Path) -> dict:
    """Return a row of the table; simulate the RTL on the first shipped digits and compare it with the prediction."""
    artifact = load(path_of(name))
    qnet, (images, labels) = artifact.qnet, shipped_digits()
    folding = plan(qnet)
    result = verify(network_verilog(qnet, folding), network_name(qnet), qnet, images[:frames], build_dir=build,
                    folding=folding)
    *rows, total = layer_rows(qnet, folding)
    return {
        "name": name, "title": NETWORKS[name].title, "says": sentence(analyse(qnet.network.steps)),
        **{k: artifact.accuracy[k] for k in ("images", "float", "fixed")},
        "digits": int((qnet.predict(images).classes == labels).sum()), "of": len(labels), "frames": result.matching,
        "epochs": artifact.provenance["epochs"], "seed": artifact.provenance["seed"],
        "reals": total["weights"], "reals_conv": total["weights"] - rows[-1]["weights"],
        "multiplications": total["multiplications"], "in_space": total["multiplications_in_space"],
        "multipliers": total["multipliers"], "memory_bits": total["memory_bits"],
        "latency": result.latency, "interval": float(result.interval),
        "as_estimated": bool(result.latency == result.estimate.latency and result.interval == result.estimate.interval),
    }


def measure(frames: int, build: Path, jobs: int, progress) -> list[dict]:
    """Return one row for each network; simulate ``jobs`` networks at the same time."""
    with ProcessPoolExecutor(jobs) as pool:
        futures = {name: pool.submit(_measured, name, frames, build) for name in NETWORKS}
        rows = []
        for done, (name, future) in enumerate(futures.items(), 1):
            rows.append(future.result())
            progress(done, len(futures), name)
    return rows
