"""Simulate the emitted Verilog of a network on images and hold it against the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hadamac.cost.estimate import Estimate, Plan, estimate, plan
from hadamac.images import as_images
from hadamac.quantised.network import Prediction, QuantNetwork

from .case import run_case

__all__ = ["Verification", "expected_words", "verify"]


@dataclass(frozen=True)
class Verification:
    """``matching`` of ``frames`` bit for bit; measured and estimated cycles."""

    frames: int
    matching: int
    latency: int
    interval: float | None
    estimate: Estimate
    cycles_per_second: float


def expected_words(prediction: Prediction) -> np.ndarray:
    """Return what the top sends for a prediction: logits and class as unsigned 32-bit words (n, classes + 1)."""
    return np.concatenate([prediction.logits, prediction.classes[:, None]], axis=1) & 0xFFFF_FFFF


def verify(verilog: str, top: str, qnet: QuantNetwork, images, *, build_dir: Path, folding: Plan | None = None,
           seed: int | None = None) -> Verification:
    """Simulate ``verilog`` (compiled once, then cached in ``build_dir``) on ``images``, back to back.

    Raises SimulationFailure with the first differing words, or the first differing cycle count.
    """
    images = as_images(images, qnet.network.size)
    expected = expected_words(qnet.predict(images))
    e = estimate(qnet, folding or plan(qnet))
    result = run_case(
        verilog, top, input=images.reshape(len(images), -1).astype(np.int64), expected=expected, stalls=["none"],
        expected_latency=e.latency, expected_interval=e.interval if len(images) > 1 else None, build_dir=build_dir,
        seed=seed, quick=len(images) < 10,
    )["none"]
    matching = int((np.array(result.words).reshape(expected.shape) == expected).all(1).sum())
    return Verification(len(images), matching, result.latency, result.interval, e, result.cycles_per_second)
