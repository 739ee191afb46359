"""Simulation of a network's emitted Verilog on images, compared with the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from hadamac.cost.estimate import Estimate, Plan, estimate, plan
from hadamac.images import as_images
from hadamac.quantised.network import Prediction, QuantNetwork

from .case import run_case

__all__ = ["Verification", "expected_words", "verify"]


@dataclass(frozen=True)
class Verification:
    """Result of a simulation of a network.

    Attributes
    ----------
    frames, matching
        Number of images, and of those whose words all equal the prediction.
    latency, interval
        Measured cycles from the first pixel to the first logit, and from image to image; for a single image the
        interval is None.
    estimate
        The estimated figures.
    cycles_per_second
        Simulated clock cycles per second of processor time.
    """

    frames: int
    matching: int
    latency: int
    interval: float | None
    estimate: Estimate
    cycles_per_second: float


def expected_words(prediction: Prediction) -> np.ndarray:
    """Return the words that the top sends for a prediction: logits and class, unsigned 32 bits (n, classes + 1)."""
    return np.concatenate([prediction.logits, prediction.classes[:, None]], axis=1) & 0xFFFF_FFFF


def verify(verilog: str, top: str, qnet: QuantNetwork, images: ArrayLike, *, build_dir: Path,
           folding: Plan | None = None, seed: int | None = None) -> Verification:
    """Simulate a network's Verilog on images that follow each other without a gap, and compare words and cycles.

    Parameters
    ----------
    verilog, top
        Text of the network's top, and its module's name.
    qnet
        The network, which gives the prediction.
    images
        Images (n, size, size) of uint8.
    build_dir
        Directory that holds compiled simulators, so that a design is compiled once.
    folding
        Lanes of each stage, with which ``verilog`` was emitted; by default those of :func:`hadamac.cost.estimate.plan`.
    seed
        Argument of `hadamac_hw.sim.simulate.run`.

    Raises
    ------
    hadamac_hw.sim.simulate.SimulationFailure
        Words, latency or interval differ; the message names the first differences.
    """
    pixels = as_images(images, qnet.network.size)
    expected = expected_words(qnet.predict(pixels))
    e = estimate(qnet, folding or plan(qnet))
    result = run_case(
        verilog, top, input=pixels.reshape(len(pixels), -1).astype(np.int64), expected=expected, stalls=["none"],
        expected_latency=e.latency, expected_interval=e.interval if len(pixels) > 1 else None, build_dir=build_dir,
        seed=seed, quick=len(pixels) < 10,
    )["none"]
    latency = cast(int, result.latency)  # it is measured, because nothing stalls
    matching = int((np.array(result.words).reshape(expected.shape) == expected).all(1).sum())
    return Verification(len(pixels), matching, latency, result.interval, e, result.cycles_per_second)
