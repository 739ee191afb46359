"""Accuracy of a network in float and in fixed point, with warnings if the two differ too much.

Warnings are issued by Python's ``warnings``, as :class:`~hadamac.errors.HadamacWarning`.  Their limits are LOSS,
OVERFLOWS and STRANGE.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ..errors import HadamacWarning
from ..images import as_images
from ..ops.base import Params
from .comparison import error_table
from .network import Prediction, QuantNetwork
from .reference import forward

__all__ = ["LOSS", "OVERFLOWS", "STRANGE", "Accuracy", "measure", "warn_of_other_images", "warn_of_overflows"]

LOSS = 0.01
"""Share of the images that fixed point may lose against float without a warning; two images are always allowed."""
OVERFLOWS = 0.01
"""Share of the images that may overflow without a warning."""
STRANGE = 0.1
"""Loss of float accuracy, against the accuracy in the artifact, that is allowed without a warning of other images."""
_SAMPLE = 500
"""Number of images from which the edge with the lowest SQNR is found; it gives the SQNR to a tenth of a dB."""


Accuracy: TypeAlias = dict[str, Any]  # an int and two floats, which are None where the record is empty
"""Accuracy of a network, as an artifact contains it.

``images`` is the number of test images.  ``float`` and ``fixed`` are the shares that are classified correctly in float
and in fixed point, from 0 to 1, or None if they have never been measured.
"""


def measure(qnet: QuantNetwork, params: Params, images: ArrayLike, labels: ArrayLike,
            prediction: Prediction | None = None) -> Accuracy:
    """Return the accuracy of a network in float and in fixed point.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters from which the network was quantised.
    images : uint8 array (n, size, size) or (n, size-4, size-4), n > 0
    labels : integer array (n,)
        The correct classes.
    prediction : Prediction, optional
        The prediction for ``images``, if it is already known.

    Returns
    -------
    Accuracy

    Warns
    -----
    HadamacWarning
        If fixed point loses more than LOSS of the images, and more than two; the message names the edge with the lowest
        SQNR.  Also if more than OVERFLOWS of the images overflow.
    """
    pixels, classes = as_images(images, qnet.network.size), np.asarray(labels)
    prediction = qnet.predict(pixels) if prediction is None else prediction
    total = len(pixels)
    fixed = int((prediction.classes == classes).sum())
    exact = int((forward(qnet.network, params, pixels).argmax(1) == classes).sum())
    if exact - fixed > max(LOSS * total, 2):
        worst = min(error_table(qnet, params, pixels[:_SAMPLE]), key=lambda edge: edge.sqnr)
        _warn(f"Fixed point loses {100 * (exact - fixed) / total:.1f} points: {100 * fixed / total:.1f} % of {total} "
              f"images are right, in float {100 * exact / total:.1f} %; the lowest SQNR is {worst.sqnr:.1f} dB, at the "
              f"edge {worst.edge}")
    warn_of_overflows(prediction)
    return {"images": total, "float": exact / total, "fixed": fixed / total}


def warn_of_overflows(prediction: Prediction) -> None:
    """Warn if more than OVERFLOWS of the images overflow in any stage."""
    count, total = int(prediction.overflow.sum()), len(prediction.overflow)
    if count > OVERFLOWS * total:
        _warn(f"{count} of {total} images overflow ({100 * count / total:.1f} %): the images of the calibration had "
              "less contrast; calibrate on images such as these, or with more headroom")


def warn_of_other_images(got: Accuracy, record: Accuracy) -> None:
    """Warn if the float accuracy ``got`` is much less than the accuracy ``record`` in the artifact.

    The images are then probably not like those of the training, and formats that are calibrated on them do not suit the
    images for which the network is made.
    """
    measured, known = got["float"], record["float"]
    if known is not None and measured is not None and known - measured > STRANGE:
        _warn(f"In float {100 * measured:.1f} % of these images are right, on record are "
              f"{100 * known:.1f} %: the network was trained on others")


def _warn(message: str) -> None:
    """Issue a warning that points at the caller of the function that calls this one."""
    warnings.warn(message, HadamacWarning, stacklevel=3)
