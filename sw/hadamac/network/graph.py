"""A network as a chain of steps: its layers, and the transforms that they need between them.

A layer of bins behind one of maps needs an FFT2, one of maps behind one of bins an IFFT2.  Nothing is pruned here:
that is for :mod:`hadamac.network.liveness` to prove and for :mod:`hadamac.network.stages` to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import DescriptionError
from .layers import SIZES, Activation, Dense, MaxPool, Normalise, Pad, SpectralConv, SpectralPool

__all__ = ["KINDS", "Step", "chain"]

KINDS = ("transform", "multiply", "band", "crop", "pad", "inverse", "point", "tile", "bin", "normalise", "linear")
"""Maps to spectra; each bin by itself; bins beyond a radius become zero; keep low bins; low bins among zeros; spectra
to maps; each pixel by itself; tiles of pixels by themselves; each bin by itself, not linear; bins by their frame's mean
and deviation; anything of everything."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    kind, what : str
        One of `KINDS`; in words.
    size : int
        Of the edge before it.
    keeps : int
        Size behind a crop or pad; of a band ``2 band + 1``.
    channels : int
        Behind it.
    layer : description or None
        Of a transform, None.
    index : int
        Counts the layers of a type.
    """

    kind: str
    size: int
    what: str
    keeps: int = 0
    channels: int = 1
    layer: Any = None
    index: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise DescriptionError(f"Liveness step must be one of {', '.join(KINDS)}, not {self.kind!r}")


def chain(network) -> list[Step]:
    """The steps of a network (``size``, ``channels``, ``layers``), first to last.

    Raises DescriptionError if its layers do not fit one another.
    """
    size, channels, spectral = network.size, network.channels, False
    steps: list[Step] = []
    counts: dict[str, int] = {}

    def add(kind, what, layer=None, **more):
        index = counts.get(layer.type, 0) - 1 if layer is not None else 0
        steps.append(Step(kind, size, what, channels=channels, layer=layer, index=index, **more))

    def to_bins():
        nonlocal spectral
        if not spectral:
            add("transform", f"FFT2 {size}x{size}")
            spectral = True

    def to_maps():
        nonlocal spectral
        if spectral:
            if size not in SIZES:
                raise DescriptionError(f"Size before an inverse transform must be one of {', '.join(map(str, SIZES))}, "
                                       f"not {size}: pad the spectrum, or stay on bins")
            add("inverse", f"IFFT2 {size}x{size}")
            spectral = False

    for place, layer in enumerate(network.layers):
        counts[layer.type] = counts.get(layer.type, 0) + 1
        if isinstance(layer, Dense) != (place == len(network.layers) - 1):
            break
        if isinstance(layer, SpectralConv):
            to_bins()
            if layer.kernel is not None and layer.kernel > size:
                raise DescriptionError(
                    f"SpectralConv kernel must be at most its input's size {size}, not {layer.kernel}")
            if layer.band is not None and 2 * layer.band >= size:
                raise DescriptionError(
                    f"SpectralConv band must be below half its input's size {size}, not {layer.band}")
            inputs, channels = channels, layer.channels
            add("multiply", f"SpectralConv {inputs} to {channels}", layer)
            if layer.band is not None:
                add("band", f"band limit |u|, |v| <= {layer.band}", layer, keeps=2 * layer.band + 1)
        elif isinstance(layer, (SpectralPool, Pad)):
            to_bins()
            pool = isinstance(layer, SpectralPool)
            if (layer.size > size) if pool else (layer.size < size):
                bound = "most" if pool else "least"
                raise DescriptionError(
                    f"{type(layer).__name__} size must be at {bound} its input's {size}, not {layer.size}")
            add("crop" if pool else "pad", f"{type(layer).__name__} {size} to {layer.size}", layer, keeps=layer.size)
            size = layer.size
        elif isinstance(layer, Activation) and layer.domain == "bins":
            to_bins()
            add("bin", f"{layer.function} of each bin", layer)
        elif isinstance(layer, Activation):
            to_maps()
            add("point", layer.function, layer)
        elif isinstance(layer, MaxPool):
            to_maps()
            if size == SIZES[0]:
                raise DescriptionError(f"MaxPool must have maps of more than {size} x {size}, not {size} x {size}")
            add("tile", f"MaxPool {size} to {size // 2}", layer)
            size //= 2
        elif isinstance(layer, Normalise):
            to_bins()
            if layer.statistics == "frozen" and (not steps or not isinstance(steps[-1].layer, SpectralConv)):
                raise DescriptionError(
                    "Normalise with frozen statistics must follow a SpectralConv, into whose weights it is folded")
            kind = "normalise" if layer.statistics == "frame" else "multiply"
            add(kind, "Normalise" if kind == "normalise" else "frozen Normalise", layer)
        else:
            add("linear", f"Dense to {layer.outputs}", layer)
            return steps
    order = ", ".join(layer.type for layer in network.layers)
    raise DescriptionError(f"Network layers must end with dense, and hold it once, not ({order})")
