"""Simulation of a network's emitted Verilog on images, compared with the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from hadamac.cost.estimate import Estimate, Plan, estimate, plan
from hadamac.network.graph import ANSWERS
from hadamac.network.source import source_frames
from hadamac.quantised.network import Prediction, QuantNetwork

from ..base.stream import bytes_of
from ..network import WORD, answer_beats
from .case import run_case

__all__ = ["Verification", "expected_words", "sent_words", "verify"]


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


def expected_words(qnet: QuantNetwork, prediction: Prediction) -> np.ndarray:
    """Return the words that the top sends for a prediction, unsigned integers (n, beats); wide ones are Python's."""
    numbers, output = answer_beats(qnet, prediction), qnet.network.output
    bits = bytes_of(qnet.stages[-1].width) if output in ANSWERS else WORD
    return _packed(numbers, bits)


def sent_words(qnet: QuantNetwork, frames: np.ndarray) -> np.ndarray:
    """Return the words that the top takes for frames (n, channels, rows, columns): unsigned integers (n, beats)."""
    pixels = np.moveaxis(frames, 1, -1).reshape(len(frames), -1, frames.shape[1])
    return _packed(pixels, bytes_of(qnet.network.input_format.bits))


def _packed(numbers: np.ndarray, bits: int) -> np.ndarray:
    """Return words of numbers (..., count), each of which has a field of ``bits`` bits."""
    fields = numbers.astype(np.int64) & ((1 << bits) - 1)
    count = fields.shape[-1]
    if count * bits > 62:
        fields = fields.astype(object)
    return sum((fields[..., k] << (k * bits) for k in range(1, count)), fields[..., 0])


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
        Images or signals in a form that :meth:`QuantNetwork.predict` takes.
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
    pixels = source_frames(qnet.network, images)
    prediction = qnet.predict(pixels.reshape(-1, *qnet.network.shape))
    expected = expected_words(qnet, prediction)
    e = estimate(qnet, folding or plan(qnet))
    result = run_case(
        verilog, top, input=sent_words(qnet, pixels), expected=expected, stalls=["none"],
        expected_latency=e.latency, expected_interval=e.interval if len(pixels) > 1 else None, build_dir=build_dir,
        seed=seed, quick=len(pixels) < 10,
    )["none"]
    latency = cast(int, result.latency)  # it is measured, because nothing stalls
    matching = int((np.array(result.words).reshape(expected.shape) == expected).all(1).sum())
    return Verification(len(pixels), matching, latency, result.interval, e, result.cycles_per_second)
