"""Training of a network by AdamW, with a one-cycle learning rate and small random shifts, all from one seed.

This module needs torch (``pip install hadamac[train]``); without it, the import raises `ToolError`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..errors import DataError
from ..images import as_images
from ..network.network import Network
from .network import SpectralCnn

__all__ = ["fit", "Epoch"]


@dataclass(frozen=True)
class Epoch:
    """Report of one epoch of training.

    Attributes
    ----------
    index, epochs : int
        Number of the epoch, counted from 1, and number of all epochs.
    loss : float
        Mean loss.
    accuracy : float
        Share of the shifted training images that are classified correctly, 0 to 1.
    seconds : float
        Duration.
    """

    index: int
    epochs: int
    loss: float
    accuracy: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"epoch {self.index}/{self.epochs}: loss {self.loss:.4f}, "
            f"accuracy {100 * self.accuracy:.2f} %, {self.seconds:.1f} s"
        )


def _check_integer(what: str, value: int, low: int) -> None:
    """Raise DataError if a value is no integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise DataError(f"{what} must be an integer of at least {low}, not {value!r}")


def _labels(labels: ArrayLike, images: np.ndarray, outputs: int) -> np.ndarray:
    """Return the labels as int64; raise DataError unless there is one from 0 to ``outputs - 1`` for each image."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise DataError(f"Labels must be {len(images)} integers, not {labels.dtype} of shape {labels.shape}")
    wrong = labels[(labels < 0) | (labels >= outputs)]
    if wrong.size:
        raise DataError(f"Labels must be from 0 to {outputs - 1}, not {wrong[0]}")
    return labels.astype(np.int64)


def _shifted(images: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Return images, each of which is moved circularly at random by up to ``shift`` pixels in both directions."""
    n, size, _ = images.shape
    place = np.arange(size)
    rows, columns = ((place + rng.integers(-shift, shift + 1, (n, 1))) % size for _ in range(2))
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def fit(
    network: Network,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    epochs: int,
    seed: int,
    progress: Callable[[Epoch], None] | None = None,
    batch: int = 128,
    rate: float = 1e-2,
    decay: float = 1e-2,
    shift: int = 1,
) -> dict[str, np.ndarray]:
    """Train a network from random initial parameters.

    The same seed gives the same parameters, bit for bit, with the same build of torch, processor and number of threads,
    on which the order of float additions depends.  The state of torch's global random generator is not changed.

    Parameters
    ----------
    network : Network
    images : uint8 array (n, size, size) or (n, size-4, size-4)
    labels : integer array (n,)
        The correct classes.
    epochs, seed : int
    progress : callable, optional
        Function that is called with an `Epoch` after each epoch, for example ``print``.
    batch : int
        Images per step.
    rate : float
        Highest learning rate of the one-cycle schedule.
    decay : float
        Weight decay of AdamW.  It shrinks the largest weights a little.  On MNIST, no value from 0 to 0.05 changes the
        accuracy by more than chance, before or after spectral weights are rounded to 8 bits.
    shift : int
        Greatest random circular shift in pixels, in each direction of both axes.

    Returns
    -------
    dict of str to float32 array
        Parameters with the names and shapes of ``network.parameters``.

    Raises
    ------
    DataError
        If images, labels or numbers cannot be used.
    """
    images = as_images(images, network.size)
    targets = _labels(labels, images, network.dense.outputs)
    for what, value, low in (("Epochs", epochs, 1), ("Seed", seed, 0), ("Batch", batch, 1), ("Shift", shift, 0)):
        _check_integer(what, value, low)
    if not len(images):
        raise DataError(f"Training must have at least one image, not shape {images.shape}")

    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SpectralCnn(network)
    steps = -(-len(images) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    rising = 0.25 if epochs * steps != 4 else 0.5  # torch divides by a quarter of the steps minus 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=rising)
    for epoch in range(1, epochs + 1):
        start, loss_sum, right = time.perf_counter(), 0.0, 0
        order = rng.permutation(len(images))
        for i in range(0, len(order), batch):
            pick = order[i : i + batch]
            x = torch.from_numpy(_shifted(images[pick], shift, rng).astype(np.float32) / 256)
            target = torch.from_numpy(targets[pick])
            logits = model(x)
            loss = torch.nn.functional.cross_entropy(logits, target)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            loss_sum += loss.item() * len(pick)
            right += int((logits.argmax(1) == target).sum())
        if progress:
            seconds = time.perf_counter() - start
            progress(Epoch(epoch, epochs, loss_sum / len(images), right / len(images), seconds))
    return model.parameters_numpy()
