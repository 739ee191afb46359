"""Comparison of a converted network, in floats, with the torch module that it has been made of."""

from __future__ import annotations

import numpy as np
import torch

from ..errors import DescriptionError
from ..network.network import Network
from ..ops.base import Params
from ..quantised.reference import forward
from .builder import Value

__all__ = ["TOLERANCE", "answers", "check_answers", "real_part"]

TOLERANCE = 1e-5
"""Greatest difference between the network and torch, relative to the largest output of the frames."""
_FRAMES = 64
"""Frames that are compared; more would take long and show nothing new."""


def answers(model: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    """Return what a module answers in evaluation mode; afterwards, each of its modules is in the mode it had before."""
    modes = [(it, it.training) for it in model.modules()]
    parameter = next(model.parameters(), None)
    device, dtype = (parameter.device, parameter.dtype) if parameter is not None else ("cpu", torch.float32)
    model.eval()
    try:
        with torch.no_grad():
            return model(torch.from_numpy(x).to(device=device, dtype=dtype)).cpu().numpy()
    finally:
        for it, mode in modes:
            it.training = mode


def real_part(given: np.ndarray, last: Value) -> np.ndarray:
    """Return the part of a network's answers (n, ...) that torch has, in torch's shape."""
    if last.held != (1, 1) and not last.spectral:
        given = given[..., : last.real[0], : last.real[1]]
    return given.reshape(len(given), *last.shape) if not last.spectral else given


def check_answers(network: Network, params: Params, model: torch.nn.Module, frames: np.ndarray, inputs: np.ndarray,
                  last: Value) -> None:
    """Raise DescriptionError if a network's answers differ from those of torch by more than `TOLERANCE`.

    Parameters
    ----------
    network, params
    model : torch.nn.Module
    frames : array (n, ...)
        Words of the calibration frames.
    inputs : float32 array (n, ...)
        What the model takes for them.
    last : Value
        What the model answers.
    """
    given = real_part(forward(network, params, frames[:_FRAMES]), last)
    wanted = answers(model, inputs[:_FRAMES])
    if wanted.shape != given.shape:
        raise DescriptionError(f"model answers the shape {wanted.shape}, and its network {given.shape}: this is a "
                               "conversion that docs/torch.md does not list")
    largest = float(np.abs(wanted).max(initial=0))
    error = float(np.abs(wanted - given).max(initial=0))
    if not error <= TOLERANCE * max(largest, 1e-30):
        raise DescriptionError(f"model differs from its network by {error / max(largest, 1e-30):.1e} of its largest "
                               f"output, allowed is {TOLERANCE:.0e}: does it change a tensor in place that is used "
                               "again, or override the forward of a supported class?")
