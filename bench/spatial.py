"""Convolutional networks in space, or in time, that have the layers of a description, for comparisons in torch."""

from __future__ import annotations

import numpy as np
import torch

from hadamac.errors import DescriptionError
from hadamac.network import layers
from hadamac.network.network import Network
from hadamac.nn.activations import FUNCTIONS, Function

__all__ = ["SpatialCnn", "accuracy_of", "parameter_count"]


class Standardise(torch.nn.Module):
    """Subtraction of each channel's mean over the training data, and division by its deviation."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, network: Network):
        super().__init__()
        self.format = network.input_format
        shape = (network.channels, *[1] * (len(network.shape) - 1))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(shape))

    def take(self, frames: np.ndarray) -> None:
        """Take the statistics of training frames of words (n, channels, rows, columns)."""
        values = self.format.values(frames)
        for name, of in (("mean", np.mean), ("deviation", np.std)):
            statistics = torch.from_numpy(of(values, (0, 2, 3)).astype(np.float32))
            getattr(self, name).copy_(statistics.reshape(self.mean.shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the standardised maps or signals."""
        return (x - self.mean) / self.deviation


class SpatialCnn(torch.nn.Module):
    """Convolutional network that has the layers of a description, with the same channels and kernels.

    Convolutions are padded with zeros.  A SpectralPool becomes max pooling, and a frozen Normalise becomes batch
    normalisation with a learned bias, which replaces that of its convolution.

    Parameters
    ----------
    network : Network
        Chain of convolutions with kernels, pools by powers of two, functions of pixels and dense layers.

    Raises
    ------
    DescriptionError
        If a layer has no counterpart in space.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.flat, nn = network.flat, torch.nn
        convolution, normalisation, pool = ((nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d) if network.flat else
                                            (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d))
        parts: list[torch.nn.Module] = [Standardise(network)] if network.standardise else []
        (rows, size), channels = network.size, network.channels
        if rows not in (1, size):
            raise _no_counterpart("rectangles")
        for at, layer in enumerate(network.layers):
            normalised = isinstance(network.layers[at + 1], layers.Normalise) if at + 1 < len(network.layers) else False
            if layer.inputs is not None:
                raise _no_counterpart("named inputs")
            match layer:
                case layers.SpectralConv(kernel=int(k), real=False):
                    parts.append(convolution(channels, layer.channels, k, padding=k // 2, bias=not normalised))
                    channels = layer.channels
                case layers.Normalise(statistics="frozen"):
                    parts.append(normalisation(channels))
                case layers.Activation(domain="space", function=function) if function in FUNCTIONS:
                    parts.append(Function(function))
                case layers.MaxPool():
                    parts.append(pool(2))
                    size //= 2
                case layers.SpectralPool(size=int(smaller)) if size % smaller == 0:
                    parts.append(pool(size // smaller))
                    size = smaller
                case layers.Dense():
                    inputs = channels * (size if network.flat else size**2)
                    parts += [nn.Flatten(), nn.Linear(inputs, layer.outputs)]
                    size, channels = 1, layer.outputs
                case _:
                    raise _no_counterpart(layer.type)
        self.parts = torch.nn.Sequential(*parts)

    def standardise_by(self, frames: np.ndarray) -> None:
        """Take the statistics of training frames, if the network standardises its input."""
        if isinstance(self.parts[0], Standardise):
            self.parts[0].take(frames)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the logits of float32 maps ``(n, channels, rows, columns)``."""
        return self.parts(maps[:, :, 0] if self.flat else maps.contiguous(memory_format=torch.channels_last))


def _no_counterpart(what: str) -> DescriptionError:
    """Return the error that a network cannot be compared."""
    return DescriptionError(f"Network must have layers with a counterpart in space, not {what}")


def parameter_count(network: Network) -> int:
    """Return the number of learned parameters; statistics of the input or of a frozen Normalise do not count."""
    shapes = network.parameters.items()
    return sum(int(np.prod(shape)) for name, shape in shapes if not name.startswith(("norm", "input")))


@torch.no_grad()
def accuracy_of(model: torch.nn.Module, values: np.ndarray, labels: np.ndarray, *, batch: int = 500) -> float:
    """Return the share of maps of float values that a trained module classifies correctly."""
    model.eval()
    right = 0
    for i in range(0, len(values), batch):
        logits = model(torch.from_numpy(values[i : i + batch].astype(np.float32)))
        right += int((logits.argmax(1).numpy() == labels[i : i + batch]).sum())
    return right / len(values)
