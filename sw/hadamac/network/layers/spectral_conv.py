"""Spectral convolution: one product for each bin."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import choice, integer
from ...errors import DescriptionError
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["SpectralConv"]


@dataclass(frozen=True, kw_only=True)
class SpectralConv(Layer):
    """Product ``Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v]``, plus ``bias[o] * N*N`` on the DC bin.

    The bias is in units of the map: it adds ``bias[o]`` to every pixel.

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel : int or None
        Size of a real kernel, of which ``W`` is the DFT.  The kernel is padded with zeros to N x N with its centre tap
        at (0, 0), so that the product is a circular convolution that does not shift the map.  If None, ``W`` is a free
        half-spectrum, Hermitian in the columns that contain a bin and its conjugate; such spectra are learned by
        Rippel, Snoek, Adams (NIPS 2015, section 5).
    band : int or None
        Band limit: W is zero beyond ``|u|, |v| <= band``.
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
            integer("SpectralConv band", self.band, 0, 31)
        choice("SpectralConv real", self.real, (False, True))

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a product and, with a band limit, the step that makes the other bins zero."""
        at = graph.bins(sources[0])
        if self.kernel is not None and self.kernel > at.size:
            raise DescriptionError(
                f"SpectralConv kernel must be at most its input's size {at.size}, not {self.kernel}")
        if self.band is not None and 2 * self.band >= at.size:
            raise DescriptionError(
                f"SpectralConv band must be below half its input's size {at.size}, not {self.band}")
        out = graph.add("multiply", at, f"SpectralConv {at.channels} to {self.channels}", self, channels=self.channels,
                        operation="product", stem="hadamard", edge="product")
        if self.band is not None:
            out = graph.add("band", out, f"band limit |u|, |v| <= {self.band}", self, keeps=2 * self.band + 1)
        return out

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return a kernel (outputs, inputs, k, k) or spectrum (outputs, inputs, rows, radius + 1, 2), and a bias."""
        if stage.kind != "multiply":
            return {}
        k = index
        if self.kernel is None:
            weights = {f"conv{k}.spectrum": Tensor((stage.channels, stage.inputs, stage.rows, stage.columns, 2))}
        else:
            weights = {f"conv{k}.kernel": Tensor((stage.channels, stage.inputs, self.kernel, self.kernel))}
        return weights | {f"conv{k}.bias": Tensor((stage.channels,))}
