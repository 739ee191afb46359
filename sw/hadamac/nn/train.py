"""Training: AdamW with a one-cycle learning rate and small random shifts, all from one seed.

Needs torch (``pip install hadamac[train]``); importing this module without it raises `ToolError`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..images import as_images
from ..network.network import Network
from .network import SpectralCnn, torch

__all__ = ["fit", "Epoch"]


@dataclass(frozen=True)
class Epoch:
    """Figures of one epoch.

    Attributes
    ----------
    index, epochs : int
        Its number, from 1 on, and the number of all epochs.
    loss, accuracy : float
        Mean loss, and the share classified right (0 to 1), of shifted images.
    seconds : float
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


def _integer(what: str, value: object, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise DataError(f"{what} must be an integer of at least {low}, not {value!r}")


def _labels(labels: ArrayLike, images: np.ndarray, outputs: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise DataError(f"Labels must be {len(images)} integers, not {labels.dtype} of shape {labels.shape}")
    wrong = labels[(labels < 0) | (labels >= outputs)]
    if wrong.size:
        raise DataError(f"Labels must be from 0 to {outputs - 1}, not {wrong[0]}")
    return labels.astype(np.int64)


def _shifted(images: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Return images, each of them moved circularly by up to ``shift`` pixels in both axes."""
    n, size, _ = images.shape
    place = np.arange(size)
    rows, columns = ((place + rng.integers(-shift, shift + 1, (n, 1))) % size for _ in range(2))
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def fit(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    seed: int,
    progress: Callable[[Epoch], None] | None = None,
    batch: int = 128,
    rate: float = 1e-2,
    decay: float = 1e-2,
    shift: int = 1,
) -> dict[str, np.ndarray]:
    """Train a network from scratch.

    The same seed gives the same parameters, bit for bit, with the same torch build, processor and
    number of threads (the order of float additions depends on those).  The caller's own torch
    generator is left as it was.

    Parameters
    ----------
    network : Network
    images : uint8 array (n, size, size) or (n, size-4, size-4)
    labels : integer array (n,)
    epochs, seed : int
    progress : callable, optional
        Called with an `Epoch` after each epoch; ``print`` will do.
    batch : int
        Images per step.
    rate : float
        Highest learning rate of the one-cycle schedule.
    decay : float
        AdamW's weight decay.  It shrinks the largest weights a little; on MNIST no value from 0 to
        0.05 changes the accuracy, before or after rounding spectral weights to 8 bits, by more
        than chance.
    shift : int
        Pixels of random circular shift, each way and in both axes.

    Returns
    -------
    dict of str to float32 array
        As ``network.parameters`` names and shapes them.

    Raises
    ------
    DataError
        If images, labels or numbers are unusable.
    ToolError
        On import of this module, if torch is missing.
    """
    images = as_images(images, network.size)
    labels = _labels(labels, images, network.dense.outputs)
    for what, value, low in (("Epochs", epochs, 1), ("Seed", seed, 0), ("Batch", batch, 1), ("Shift", shift, 0)):
        _integer(what, value, low)
    if not len(images):
        raise DataError(f"Training must have at least one image, not shape {images.shape}")

    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SpectralCnn(network)
    steps = -(-len(images) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    rising = 0.25 if epochs * steps != 4 else 0.5  # of four steps a quarter has no length, and torch divides by it
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=rising)
    for epoch in range(1, epochs + 1):
        start, loss_sum, right = time.perf_counter(), 0.0, 0
        order = rng.permutation(len(images))
        for i in range(0, len(order), batch):
            pick = order[i : i + batch]
            x = torch.from_numpy(_shifted(images[pick], shift, rng).astype(np.float32) / 256)
            target = torch.from_numpy(labels[pick])
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
