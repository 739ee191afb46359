"""Accuracy of a network in float and in fixed point, and warnings where the two differ too much.

That of classes is the share that is right, 0 to 1.  That of values and maps is the relative error, the norm of the
error of all answers over the norm of all targets.

A warning is a :class:`~hadamac.errors.HadamacWarning` by Python's ``warnings``; the limits are LOSS, OVERFLOWS and
STRANGE.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import HadamacWarning
from ..network.network import Network
from ..network.source import source_frames
from ..ops.base import Params
from .comparison import error_table
from .network import Prediction, QuantNetwork
from .reference import forward

__all__ = ["LOSS", "OVERFLOWS", "STRANGE", "in_words", "measure", "warn_of_other_images", "warn_of_overflows"]

LOSS = 0.01
"""Share of all images by which fixed point may be less often right than float before a warning; two images always."""
OVERFLOWS = 0.01
"""Share of images that may overflow before a warning."""
STRANGE = 0.1
"""Share by which float may be less often right than on record before a warning that the images are others."""
_SAMPLE = 500
"""Images from which the edge of the lowest SQNR is found: enough for a tenth of a dB."""


def measure(qnet: QuantNetwork, params: Params, images: np.ndarray, labels: np.ndarray,
            prediction: Prediction | None = None) -> dict[str, float]:
    """Return the accuracy of a network and its quantised form, as an artifact has it on record.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters it was made from.
    images : array (n, ...), n > 0
        Images or signals in a form that :meth:`QuantNetwork.predict` takes.
    labels : array (n, ...)
        Classes, or the values or maps that the network should answer.
    prediction : Prediction, optional
        The prediction for ``images``, where it is already known.

    Returns
    -------
    dict
        ``images``: n; ``float`` and ``fixed``: the share classified right, 0 to 1, or the relative error.

    Warns
    -----
    HadamacWarning
        If fixed point loses more than LOSS of the images (and more than two), or its relative error exceeds that of
        float by more than LOSS, with the edge of the lowest SQNR; if more than OVERFLOWS of the images overflow.
    """
    images, labels = source_frames(qnet.network, images).reshape(-1, *qnet.network.shape), np.asarray(labels)
    prediction = qnet.predict(images) if prediction is None else prediction
    total, answers, classes = len(images), forward(qnet.network, params, images), qnet.network.output == "classes"

    def lowest() -> str:
        worst = min(error_table(qnet, params, images[:_SAMPLE]), key=lambda edge: edge.sqnr)
        return f"the lowest SQNR is {worst.sqnr:.1f} dB, at the edge {worst.edge}"

    if classes:
        fixed, exact = (int((given == labels).sum()) for given in (prediction.classes, answers.argmax(1)))
        if exact - fixed > max(LOSS * total, 2):
            _warn(f"Fixed point loses {100 * (exact - fixed) / total:.1f} points: {100 * fixed / total:.1f} % of "
                  f"{total} images are right, in float {100 * exact / total:.1f} %; {lowest()}")
        record = {"images": total, "float": exact / total, "fixed": fixed / total}
    else:
        norm = float(np.linalg.norm(labels)) or 1.0
        fixed_error, error = (float(np.linalg.norm(given - labels)) / norm for given in (prediction.values, answers))
        if fixed_error - error > LOSS:
            _warn(f"Fixed point has a relative error of {100 * fixed_error:.1f} %, float of {100 * error:.1f} %; "
                  f"{lowest()}")
        record = {"images": total, "float": error, "fixed": fixed_error}
    warn_of_overflows(prediction)
    return record


def in_words(record: Mapping[str, Any], network: Network) -> str:
    """Return in words an accuracy that :func:`measure` returned for a network."""
    what = "" if network.output == "classes" else "relative error in "
    return f"{what}float {100 * record['float']:.3f} %, fixed {100 * record['fixed']:.3f} %"


def warn_of_overflows(prediction: Prediction) -> None:
    """Warn if more than OVERFLOWS of the images have an overflow somewhere on their way."""
    count, total = int(prediction.overflow.sum()), len(prediction.overflow)
    if count > OVERFLOWS * total:
        _warn(f"{count} of {total} images overflow ({100 * count / total:.1f} %): the images of the calibration had "
              "less contrast; calibrate on images such as these, or with more headroom")


def warn_of_other_images(got: Mapping[str, Any], record: Mapping[str, Any], network: Network) -> None:
    """Warn if a network, in float, classifies much worse than on record, both as :func:`measure` returns them.

    In that case the network was hardly trained on such images, and formats calibrated on them hardly suit its own.
    """
    if network.output == "classes" and record["float"] is not None and record["float"] - got["float"] > STRANGE:
        _warn(f"In float {100 * got['float']:.1f} % of these images are right, on record are "
              f"{100 * record['float']:.1f} %: the network was trained on others")


def _warn(message: str) -> None:
    warnings.warn(message, HadamacWarning, stacklevel=3)
