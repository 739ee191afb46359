"""hadamac: frequency-domain CNNs as bit-exact models and synthesizable hardware.

>>> import hadamac
>>> network = hadamac.load()                          # the shipped, trained MNIST network
>>> images, labels = hadamac.shipped_digits()         # 500 test digits, uint8 (500, 28, 28)
>>> prediction = network.predict(images)              # integer logits, exactly the circuit's
>>> float((prediction.classes == labels).mean())
0.986
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

__version__ = "0.1.0"  # The only place of the version.  It is set before the imports, because modules use it.

from .cost.estimate import estimate
from .data import load_mnist, shipped_digits
from .errors import HadamacError, HadamacWarning
from .network.network import Network, default_network
from .ops.formats import PRESETS, Formats
from .quantised.accuracy import measure
from .quantised.artifact import Artifact, load, save
from .quantised.network import QuantNetwork
from .quantised.quantise import quantise

if TYPE_CHECKING:
    import torch

__all__ = [
    "Artifact", "Formats", "HadamacError", "HadamacWarning", "Network", "PRESETS", "QuantNetwork", "compile",
    "default_network", "estimate", "load", "load_mnist", "measure", "quantise", "save", "shipped_digits",
]


def compile(model: torch.nn.Module, calibration: ArrayLike | torch.Tensor, *, formats: Formats | str = "default",
            format: str | None = None, shape: Sequence[int] | None = None, mean: float | Sequence[float] = 0.0,
            deviation: float | Sequence[float] = 1.0, output: str | None = None, classes: Sequence[str] = (),
            name: str | None = None) -> Artifact:
    """Return the artifact of a trained torch module; docs/torch.md lists the modules that it may contain.

    The module is converted as it computes in evaluation mode.  In floats, the network equals it within 1e-5 of the
    largest output, which is checked for the calibration frames.

    Parameters
    ----------
    model : torch.nn.Module
        The module, which takes one tensor (n, channels, rows, columns) or (n, channels, samples).
    calibration : array (n, ...)
        Frames from which number formats are chosen, as the circuit will get them: words of uint8, int8 or int16, or
        floats.
    formats : Formats or str
        Word widths and headroom, or the name of a preset in `PRESETS`.
    format : str, optional
        Number format of the input (:class:`hadamac.samples.formats.InputFormat`).  The default is that of the type of
        integers, and SQ(i,f) of the formats' width and with their headroom for floats.
    shape : tuple of int, optional
        Shape of a frame, (channels, rows, columns) or (channels, samples).  The default is that of the calibration
        frames without the first axis; four axes are images.
    mean, deviation : float or sequence of float
        Numbers, for each channel or for all, by which frames are standardised before the model takes them:
        ``(x - mean) / deviation``.  For uint8, x is p / 255 as ToTensor makes it of the word p; otherwise, it is the
        value for which the word stands.
    output : str, optional
        ``classes`` or ``values``, if the model answers a vector.  The default is classes for more than one number.
    classes : sequence of str
        Names of the classes.
    name : str, optional
        Name of the network; the default is that of the module's class.

    Raises
    ------
    DescriptionError
        If a part of the module has no layer; the message begins with its path, for example ``model.features.3``.
    DataError, FitError
        If the calibration does not fit, or if a layer has no circuit in these formats.
    ToolError
        If torch is not installed.
    """
    from .convert import compile_model

    return compile_model(model, calibration, formats=formats, format=format, shape=shape, mean=mean,
                         deviation=deviation, output=output, classes=classes, name=name)
