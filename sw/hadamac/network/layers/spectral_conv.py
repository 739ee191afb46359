"""Spectral convolution: one product for each bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...checks import choice, integer, shown
from ...errors import DescriptionError
from ...model.crop import live_shape
from ...shapes import Pair, as_pair, least, text
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
    modes : int, (int, int) or None
        Modes of a Fourier layer (Li et al., "Fourier neural operator for parametric partial differential equations",
        ICLR 2021, section 4): a free spectrum on the bins ``|u| <= modes[0], |v| <= modes[1]``, whose parameters
        therefore do not depend on the size of the maps.  An integer r stands for (r, r).
    pointwise : bool
        Whether a real matrix is added to the weights of every bin, which is the 1x1 convolution beside a Fourier
        layer: Y = (R + W) X within the modes, and W X beyond them.  Without it, bins beyond the modes become zero.
    """

    type = "spectral_conv"
    channels: int
    kernel: int | None = None
    band: int | None = None
    real: bool = False
    modes: int | Pair | None = None
    pointwise: bool = False

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
        choice("SpectralConv pointwise", self.pointwise, (False, True))
        self._check_modes()

    def _check_modes(self) -> None:
        """Raise DescriptionError unless modes are numbers, and are the only rule of the weights."""
        modes = self.modes
        if modes is None:
            if self.pointwise:
                raise DescriptionError("SpectralConv pointwise must be false without modes, not true: other weights "
                                       "contain a real matrix already")
            return
        if isinstance(modes, (list, tuple)):
            if len(modes) != 2:
                raise DescriptionError(f"SpectralConv modes must be an integer or two, not {shown(modes)}")
            object.__setattr__(self, "modes", tuple(modes))
        for each in modes if isinstance(modes, Sequence) else (modes,):
            integer("SpectralConv modes", each, 0, 127)
        if self.kernel is not None or self.band is not None or self.real:
            raise DescriptionError("SpectralConv with modes must have no kernel, no band and no real: its weights are "
                                   "a free spectrum within the modes")

    def band_of(self, size: Pair) -> Pair | None:
        """Return the radius beyond which free weights or the result are zero, for maps of a size; None for none."""
        limit = self.band if self.modes is None else self.modes
        return None if limit is None else least(as_pair(limit), ((size[0] - 1) // 2, (size[1] - 1) // 2))

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
        for n, limit in zip(at.size, as_pair(self.modes or 0)):
            if n > 1 and 2 * limit >= n:
                raise DescriptionError(f"SpectralConv modes must be below half its input's size {n}, not {limit}")
        out = graph.add("multiply", at, f"SpectralConv {at.channels} to {self.channels}", self, channels=self.channels,
                        operation="product", stem="hadamard", edge="product")
        band = self.band_of(at.size)
        if band is not None and not self.pointwise:
            limit = str(band[1]) if band[0] in (0, band[1]) else text(band, ", ")
            what = f"band limit {'|v|' if at.size[0] == 1 else '|u|, |v|'} <= {limit}"
            out = graph.add("band", out, what, self, keeps=(2 * band[0] + 1, 2 * band[1] + 1))
        return out

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return a kernel (outputs, inputs, k, k) or spectrum (outputs, inputs, rows, columns, 2), and a bias.

        Where maps have one row, the kernel is (outputs, inputs, 1, k).  With ``pointwise`` there are also the weights
        (outputs, inputs) of every bin.
        """
        if stage.kind != "multiply":
            return {}
        k = index
        if self.kernel is None:
            bins = live_shape(stage.size, self.free(stage))
            weights = {f"conv{k}.spectrum": Tensor((stage.channels, stage.inputs, *bins, 2))}
            if self.pointwise:
                weights[f"conv{k}.pointwise"] = Tensor((stage.channels, stage.inputs))
        else:
            weights = {f"conv{k}.kernel": Tensor((stage.channels, stage.inputs, *taps(self.kernel, stage.size)))}
        return weights | {f"conv{k}.bias": Tensor((stage.channels,))}

    def free(self, stage: Shaped) -> Pair:
        """Return the radius of the bins of a stage that have free weights of their own."""
        radius, band = stage.radius or (0, 0), self.band_of(stage.size)
        return radius if band is None else least(radius, band)
