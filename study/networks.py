"""Ten networks that differ in the activation, its position, and the frequencies of the input, and the data for them.

All have two 5x5 convolutions, from 1 to 8 to 16 channels, and a dense layer.  32 x 32 pixels are pooled to 16 x 16 and
8 x 8.  A `Set` is the data set that they are trained on, with the artifacts of the trained networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

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
from hadamac.quantised.artifact import Artifact, shipped

__all__ = ["FASHION", "MNIST", "SETS", "Set", "Study"]

HERE = Path(__file__).parent


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


@dataclass(frozen=True)
class Set:
    """Data set, and the networks that are trained on it.

    Attributes
    ----------
    name, title : str
        Name on the command line and of the page, and name in texts.
    artifacts : Path
        Directory of the trained networks.
    studies : dict of str to Study
        The networks by their names.
    packaged : str
        Name of the network whose artifact the package contains; empty if there is none.
    classes : tuple of str
        A name for each class, or none at all.
    samples : int
        Number of test images that each artifact holds; 0 if the package contains images.
    """

    name: str
    title: str
    artifacts: Path
    studies: dict[str, Study]
    packaged: str = ""
    classes: tuple[str, ...] = ()
    samples: int = 0

    def path_of(self, name: str) -> Path:
        """Return the directory of a network's artifact."""
        return shipped(name) if name == self.packaged else self.artifacts / name

    def images(self, artifact: Artifact) -> tuple[np.ndarray, np.ndarray]:
        """Return the images and labels in the repository: samples of an artifact, or those in the package."""
        return artifact.samples if self.samples else shipped_digits()


def _network(name: str, first: tuple, second: tuple, before: tuple = ()) -> Network:
    layers = (*before, SpectralConv(channels=8, kernel=5), *first, SpectralConv(channels=16, kernel=5), *second)
    return Network(name=name, shape=(1, 32, 32), layers=(*layers, Dense(outputs=10)))


def _pooled(*before, after=()) -> tuple[tuple, tuple]:
    """Return the layers after each convolution: those ``before`` pooling, the pooling, and those ``after`` it."""
    return tuple((*before, SpectralPool(size=size), *after) for size in (16, 8))


_RELU, _TANH = Activation(), Activation(function="tanh", domain="bins")
_MAX = (_RELU, MaxPool())


def _studies(first: Network) -> dict[str, Study]:
    """Return the ten networks, of which the ``first`` has the layers of the default network."""
    studies = (
        Study("crop, then ReLU", first, 7),
        Study("ReLU, then crop", _network("relu-crop", *_pooled(_RELU))),
        Study("crop, then quadratic", _network("quadratic", *_pooled(after=(Activation(function="quadratic"),)))),
        Study("ReLU, max pooling (an ordinary CNN)", _network("max-pool", _MAX, _MAX)),
        Study("input low-passed to 15x15 bins, then crop, ReLU",
              _network("low-pass-15", *_pooled(after=(_RELU,)), before=(SpectralPool(size=15), Pad(size=32)))),
        Study("input low-passed to 7x7 bins, then crop, ReLU",
              _network("low-pass-7", *_pooled(after=(_RELU,)), before=(SpectralPool(size=7), Pad(size=32)))),
        Study("normalise, tanh of bins, crop", _network("normalise-tanh", *_pooled(Normalise(), _TANH)), 12, 0),
        Study("tanh of bins, crop", _network("tanh", *_pooled(_TANH)), 12, 0),
        Study("modReLU of bins, crop",
              _network("modrelu", *_pooled(Activation(function="modrelu", domain="bins"))), 12, 0),
        Study("linear: crop alone", _network("linear", *_pooled()), 12, 0),
    )
    return {study.network.name: study for study in studies}


MNIST = Set("mnist", "MNIST", HERE / "artifacts", _studies(default_network()), packaged=default_network().name)
FASHION = Set("fashion", "Fashion-MNIST", HERE / "artifacts-fashion",
              _studies(replace(default_network(), name="crop-relu")), samples=20,
              classes=("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
                       "ankle boot"))
SETS = {data.name: data for data in (MNIST, FASHION)}
