"""Spectral convolution: one product for each bin."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import choice, integer
from ...errors import DescriptionError
from ...shapes import Pair
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["SpectralConv", "taps"]


def taps(kernel: int, size: Pair) -> Pair:
    """Return the rows and columns of a kernel for maps of a size: those of one row have a kernel of one row."""
    return (1 if size[0] == 1 else kernel), kernel


@dataclass(frozen=True, kw_only=True)
class SpectralConv(Layer):
    """Product ``Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v]``, plus ``bias[o] * H*W`` on the DC bin.

    The bias is in units of the map: it adds ``bias[o]`` to every pixel.

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel : int or None
        Size of a real kernel, of which ``W`` is the DFT: k x k taps, or k where maps have one row.  The kernel is
        padded with zeros to the size of the maps with its centre tap at the first pixel, so that the product is a
        circular convolution that does not shift the map.  If None, ``W`` is a free half-spectrum, Hermitian in the
        columns that contain a bin and its conjugate; such spectra are learned by Rippel, Snoek, Adams (NIPS 2015,
        section 5).
    band : int or None
        Band limit: W is zero beyond ``|u|, |v| <= band``, where maps have one row beyond ``|v| <= band``.
    real : bool
        Whether only the real part of W is used.  The kernel is then even about its centre, and a product takes two
        multipliers.
    """

    type = "spectral_conv"
    channels: int
    kernel: int | None = None
    band: int | None = None
    real: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("SpectralConv channels", self.channels, 1, 256)
        if self.kernel is not None:
            integer("SpectralConv kernel", self.kernel, 1, 63)
            if self.kernel % 2 == 0:
                raise DescriptionError(f"SpectralConv kernel must be odd (it has a centre tap), not {self.kernel}")
        if self.band is not None:
            integer("SpectralConv band", self.band, 0, 127)
        choice("SpectralConv real", self.real, (False, True))

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a product and, with a band limit, the step that makes the other bins zero."""
        at = graph.bins(sources[0])
        smallest = min(n for n in at.size if n > 1 or at.size == (1, 1))
        if self.kernel is not None and self.kernel > smallest:
            raise DescriptionError(
                f"SpectralConv kernel must be at most its input's size {smallest}, not {self.kernel}")
        if self.band is not None and 2 * self.band >= smallest:
            raise DescriptionError(
                f"SpectralConv band must be below half its input's size {smallest}, not {self.band}")
        out = graph.add("multiply", at, f"SpectralConv {at.channels} to {self.channels}", self, channels=self.channels,
                        operation="product", stem="hadamard", edge="product")
        if self.band is not None:
            rows, columns = (1 if n == 1 else 2 * self.band + 1 for n in at.size)
            what = f"band limit {'|v|' if rows == 1 else '|u|, |v|'} <= {self.band}"
            out = graph.add("band", out, what, self, keeps=(rows, columns))
        return out

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return a kernel (outputs, inputs, k, k) or spectrum (outputs, inputs, rows, columns, 2), and a bias.

        Where maps have one row, the kernel is (outputs, inputs, 1, k).
        """
        if stage.kind != "multiply":
            return {}
        k = index
        if self.kernel is None:
            weights = {f"conv{k}.spectrum": Tensor((stage.channels, stage.inputs, stage.rows, stage.columns, 2))}
        else:
            weights = {f"conv{k}.kernel": Tensor((stage.channels, stage.inputs, *taps(self.kernel, stage.size)))}
        return weights | {f"conv{k}.bias": Tensor((stage.channels,))}
