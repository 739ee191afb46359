"""Training of a network by AdamW, with a one-cycle learning rate, small random shifts and, if wanted, mirroring.

Everything random comes from one seed.

This module needs torch (``pip install hadamac[train]``); without it, the import raises `ToolError`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..errors import DataError
from ..network.network import Network
from ..network.source import source_frames
from ..ops.formats import Formats
from ..quantised.quantise import CALIBRATION
from ..samples.padding import padded
from .network import SpectralCnn
from .quantised import QuantisedCnn

__all__ = ["fit", "optimise", "Epoch"]


@dataclass(frozen=True)
class Epoch:
    """Report of one epoch of training.

    Attributes
    ----------
    index, epochs : int
        Number of the epoch, counted from 1, and number of all epochs.
    loss : float
        Mean loss.
    accuracy : float or None
        Share of the shifted and mirrored training images that are classified correctly, 0 to 1; None for a network that
        answers no classes.
    seconds : float
        Duration.
    """

    index: int
    epochs: int
    loss: float
    accuracy: float | None
    seconds: float

    def __str__(self) -> str:
        right = "" if self.accuracy is None else f"accuracy {100 * self.accuracy:.2f} %, "
        return f"epoch {self.index}/{self.epochs}: loss {self.loss:.4f}, {right}{self.seconds:.1f} s"


def _check_integer(what: str, value: int, low: int) -> None:
    """Raise DataError if a value is no integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise DataError(f"{what} must be an integer of at least {low}, not {value!r}")


def _targets(network: Network, targets: ArrayLike, count: int) -> np.ndarray:
    """Return what a network shall answer: int64 classes (n,), or float32 values or maps."""
    if network.output == "classes":
        return _labels(targets, count, network.outputs)
    values = np.asarray(targets)
    if network.output == "bins":
        raise DataError("Training must be of a network with the output classes, values or maps, not bins")
    wanted = (count, *network.output_shape)
    if values.dtype.kind not in "fiu" or values.shape != wanted:
        raise DataError(f"Targets of {network.output} must be real numbers of the shape {wanted}, not {values.dtype} "
                        f"of shape {values.shape}")
    if not np.isfinite(values).all():
        raise DataError(f"Targets must be finite, not {values[~np.isfinite(values)][0]}")
    return values.astype(np.float32)


def _labels(labels: ArrayLike, count: int, outputs: int) -> np.ndarray:
    """Return the labels as int64; raise DataError unless there is one from 0 to ``outputs - 1`` for each image."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise DataError(f"Labels must be {count} integers, not {labels.dtype} of shape {labels.shape}")
    wrong = labels[(labels < 0) | (labels >= outputs)]
    if wrong.size:
        raise DataError(f"Labels must be from 0 to {outputs - 1}, not {wrong[0]}")
    return labels.astype(np.int64)


def _shifted(images: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Return maps (n, C, H, W), each of which is moved circularly at random by up to ``shift`` pixels in each
    direction.

    Signals have one row, and are moved along their samples.
    """
    n, channels, *size = images.shape
    rows, columns = ((np.arange(k) + rng.integers(-shift, shift + 1, (n, 1))) % k for k in size)
    each = np.arange(n)[:, None, None, None], np.arange(channels)[:, None, None]
    return images[*each, rows[:, None, :, None], columns[:, None, None, :]]


def _mirrored(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images, each of which is mirrored left to right with a probability of one half."""
    which = rng.integers(0, 2, len(images)) == 1
    return np.where(which[:, None, None, None], images[..., ::-1], images)


def _distance(answer: torch.Tensor, teacher: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return the mean Kullback-Leibler divergence of the answered classes from those of a teacher."""
    with torch.no_grad():
        theirs = torch.log_softmax(teacher(x), 1)
    return torch.nn.functional.kl_div(torch.log_softmax(answer, 1), theirs, reduction="batchmean", log_target=True)


def _then(progress: Callable[[Epoch], None] | None, refresh: Callable[[], None]) -> Callable[[Epoch], None]:
    """Return a function that reports an epoch and then, unless it is the last one, refreshes the formats."""

    def report(epoch: Epoch) -> None:
        if progress:
            progress(epoch)
        if epoch.index < epoch.epochs:
            refresh()

    return report


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
    shift: int | None = None,
    flip: bool = False,
    start: Mapping[str, np.ndarray] | None = None,
    formats: Formats | None = None,
    calibration: ArrayLike | None = None,
    distillation: float = 0.5,
) -> dict[str, np.ndarray]:
    """Train a network from random or from given initial parameters; with ``formats``, fine-tune it for its circuit.

    The same seed gives the same parameters, bit for bit, with the same build of torch, processor and number of threads,
    on which the order of float additions depends.  The state of torch's global random generator is not changed.

    Parameters
    ----------
    network : Network
    images : array (n, ...)
        Images or signals in a form that :func:`hadamac.samples.frames.as_frames` takes.
    labels : array (n, ...)
        What the network shall answer: the correct classes (n,), integers; or real values (n, K), or maps (n, channels,
        rows, columns).  The loss is the cross entropy of classes, or the mean square of the error over that of the
        targets.
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
    shift : int, optional
        Greatest random circular shift in pixels or samples, in each direction of each axis.  The default is 1 for
        classes; for values and maps it is 0, and must be so for maps.
    flip : bool
        Whether each training image is mirrored left to right with a probability of one half, anew in each epoch.  It
        suits images whose mirror images belong to the same class, such as clothes, but not digits.
    start : mapping of str to real array, optional
        Initial parameters, named and shaped as ``network.parameters``; by default they are random.
    formats : Formats, optional
        Formats of the circuit, whose words are then those of the forward pass (:mod:`hadamac.nn.quantised`).  They are
        calibrated before every epoch.  Frozen statistics stay those of ``start``.  A `rate` of 5e-4 suits this.
    calibration : array (n, ...), optional
        Images that the formats are calibrated on; by default the first CALIBRATION training images.
    distillation : float
        Share, 0 to 1, of the answers of the float network ``start`` in the loss of classes, with ``formats``, as in
        Mishra and Marr, "Apprentice" (ICLR 2018).  They say more of an image than its label, which has the rest.

    Returns
    -------
    dict of str to float32 array
        Parameters with the names and shapes of ``network.parameters``.

    Raises
    ------
    DataError
        If images, labels or numbers cannot be used.
    """
    frames = source_frames(network, images)
    targets = _targets(network, labels, len(frames))
    shift = int(network.output == "classes") if shift is None else shift
    for what, value, low in (("Epochs", epochs, 1), ("Seed", seed, 0), ("Batch", batch, 1), ("Shift", shift, 0)):
        _check_integer(what, value, low)
    if not 0 <= distillation <= 1:
        raise DataError(f"Share of the float network must be from 0 to 1, not {distillation!r}")
    if not isinstance(flip, (bool, np.bool_)):
        raise DataError(f"Flip must be True or False, not {flip!r}")
    if not len(frames):
        raise DataError(f"Training must have at least one {network.source}, not shape {frames.shape}")
    if network.output == "maps" and (shift or flip):
        raise DataError(f"Training of maps must have the shift 0 and no flip, not {shift} and {flip}: the targets stay "
                        "where they are")

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SpectralCnn(network)
    if start is not None:
        model.load_numpy(start)
    elif network.standardise:
        model.standardise_by(frames)
    learner: torch.nn.Module = model
    teacher = None
    if formats is not None:
        if start is not None and distillation and targets.dtype == np.int64:
            teacher = copy.deepcopy(model).eval()
        given = frames[:CALIBRATION] if calibration is None else calibration
        learner = quantised = QuantisedCnn(model, given, formats)
        progress = _then(progress, quantised.refresh)
    optimise(learner, padded(frames, network.size, network.padding), targets, unit=2.0**-network.input_format.fraction,
             epochs=epochs, seed=seed, progress=progress, batch=batch, rate=rate, decay=decay, shift=shift, flip=flip,
             teacher=teacher, distillation=distillation)
    return model.parameters_numpy()


def optimise(
    model: torch.nn.Module,
    images: np.ndarray,
    targets: np.ndarray,
    *,
    unit: float,
    epochs: int,
    seed: int,
    progress: Callable[[Epoch], None] | None = None,
    batch: int = 128,
    rate: float = 1e-2,
    decay: float = 1e-2,
    shift: int = 1,
    flip: bool = False,
    teacher: torch.nn.Module | None = None,
    distillation: float = 0.5,
) -> None:
    """Train any module that takes float32 maps ``(n, C, H, W)``, as `fit` trains a network.

    Parameters
    ----------
    model : torch.nn.Module
        Its parameters are the initial ones, and become the trained ones.
    images : integer array (n, C, H, W)
        Words of at least one image, with their border.
    targets : int64 array (n,) or float32 array (n, ...)
        The correct classes, or what the module shall return.
    unit : float
        Value of the word 1.
    epochs, seed, progress, batch, rate, decay, shift, flip
        As for `fit`.
    teacher : torch.nn.Module, optional
        Module that takes the same maps, whose scores of the classes have the share ``distillation`` of the loss.
    distillation : float
        That share, 0 to 1.
    """
    rng = np.random.default_rng(seed)
    classes = targets.dtype == np.int64
    power = 1.0 if classes else float((targets.astype(np.float64) ** 2).mean()) or 1.0
    steps = -(-len(images) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    rising = 0.25 if epochs * steps != 4 else 0.5  # torch divides by a quarter of the steps minus 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=rising)
    for epoch in range(1, epochs + 1):
        start, loss_sum, right = time.perf_counter(), 0.0, 0
        order = rng.permutation(len(images))
        for i in range(0, len(order), batch):
            pick = order[i : i + batch]
            moved = _shifted(images[pick], shift, rng)
            moved = _mirrored(moved, rng) if flip else moved
            x = torch.from_numpy(moved.astype(np.float32) * np.float32(unit))
            target = torch.from_numpy(targets[pick])
            answer = model(x)
            loss = (torch.nn.functional.cross_entropy(answer, target) if classes else
                    torch.nn.functional.mse_loss(answer, target) / power)
            if teacher is not None:
                loss = (1 - distillation) * loss + distillation * _distance(answer, teacher, x)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            loss_sum += loss.item() * len(pick)
            right += int((answer.argmax(1) == target).sum()) if classes else 0
        if progress:
            seconds = time.perf_counter() - start
            accuracy = right / len(images) if classes else None
            progress(Epoch(epoch, epochs, loss_sum / len(images), accuracy, seconds))
