"""Table of all layers: what each computes, its source, and its cost as a formula."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COSTS", "Cost", "LAYERS", "Layer", "SOURCES", "SYMBOLS"]

SOURCES = {
    "Amin 1997": 'Amin, Curtis, Hayes-Gill, "Piecewise linear approximation applied to nonlinear function of a neural '
                 'network", IEE Proc. Circuits Devices Syst. 144(6), 1997',
    "Arjovsky 2016": 'Arjovsky, Shah, Bengio, "Unitary evolution recurrent neural networks", ICML 2016',
    "Benvenuto 1992": 'Benvenuto, Piazza, "On the complex backpropagation algorithm", IEEE Trans. Signal Processing '
                      '40(4), 1992',
    "Bruna 2013": 'Bruna, Mallat, "Invariant scattering convolution networks", IEEE Trans. PAMI 35, 2013',
    "Elfwing 2018": 'Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for neural network function approximation '
                    'in reinforcement learning", Neural Networks 107, 2018',
    "He 1996": 'He, Torkelson, "A new approach to pipeline FFT processor", IPPS 1996',
    "He 2016": 'He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016',
    "Hendrycks 2016": 'Hendrycks, Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415, 2016',
    "Howard 2019": 'Howard et al., "Searching for MobileNetV3", ICCV 2019',
    "Ioffe 2015": 'Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal '
                  'covariate shift", ICML 2015',
    "Li 2021": 'Li, Kovachki, Azizzadenesheli, Liu, Bhattacharya, Stuart, Anandkumar, "Fourier neural operator for '
               'parametric partial differential equations", ICLR 2021',
    "Lin 2014": 'Lin, Chen, Yan, "Network in network", ICLR 2014',
    "Maas 2013": 'Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013',
    "Mathieu 2014": 'Mathieu, Henaff, LeCun, "Fast training of convolutional networks through FFTs", ICLR 2014',
    "Nair 2010": 'Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010',
    "Rippel 2015": 'Rippel, Snoek, Adams, "Spectral representations for convolutional neural networks", NIPS 2015',
    "Scherer 2010": 'Scherer, Müller, Behnke, "Evaluation of pooling operations in convolutional architectures for '
                    'object recognition", ICANN 2010',
    "Ulyanov 2016": 'Ulyanov, Vedaldi, Lempitsky, "Instance normalization: the missing ingredient for fast '
                    'stylization", arXiv:1607.08022, 2016',
}
"""Papers, by the names that the rows use."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row of the table of definitions.

    Parameters
    ----------
    name : str
        Name of the layer.
    formula : str
        What the layer computes.
    source : str
        Papers, by the names of `SOURCES`, with sections; empty if there is none.
    covers : tuple of str
        The layers of `hadamac.network.layers` that the row describes: ``type``, or ``activation.domain.function``.
    model : str
        File of the bit-exact model in sw/hadamac.
    circuit, torch : str
        ``file.class`` in hw/hadamac_hw and in sw/hadamac; several circuits are separated by spaces.
    case : str
        Name of the measurement (`bench.layers.cases`).  It is empty if the layer has no circuit of its own.
    note : str
        Remark on the circuit, for example why there is none.
    """

    name: str
    formula: str
    source: str = ""
    covers: tuple[str, ...] = ()
    model: str
    circuit: str = ""
    torch: str = ""
    case: str = ""
    note: str = ""

    @property
    def links(self) -> dict[str, list[tuple[str, str]]]:
        """Lists of ``(file, name)`` by kind: the model, the circuits and the torch modules."""
        classes = {
            kind: [(f"{directory}/{file}.py", name) for file, name in (c.split(".") for c in text.split())]
            for kind, directory, text in (("circuit", "hw/hadamac_hw", self.circuit),
                                          ("torch", "sw/hadamac", self.torch))
        }
        return {"model": [(f"sw/hadamac/{self.model}.py", f"{self.model}.py".removeprefix("model/"))]} | classes


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Costs of a block as formulas in the letters of `SYMBOLS`.

    ``memory`` is in bits.  ``interval`` is empty for a block that takes one beat per cycle.
    """

    multipliers: str = "0"
    memory: str = "0"
    latency: str = "p + f"
    interval: str = ""


SYMBOLS = {
    "w": "bits of a word", "W": "bits of a weight or of a slope", "C": "number of input channels",
    "O": "number of output channels, or of logits",
    "N": "size of the input maps, or of the maps whose bins are the input (for Pad, of the output maps)",
    "M": "the larger of the sizes of the maps that enter and that leave", "r": "radius of the live bins",
    "B": "number of bins of a channel", "L": "number of lanes", "F": "C / L",
    "D": "beats of a frame, with two real numbers each", "S": "number of segments",
    "P(n)": "the smallest power of two that is at least n", "p": "cycles of the block's pipeline",
    "f": "cycles of its output FIFO", "a, b": "latency of the row FFT and of the column FFT",
    "s": "cycles of the statistics", "t": "words of the delay line", "R": "bits of the table of roots",
    "A": "number of angles", "e": "cycles until the first word of order 0",
    "T(n)": "multipliers of a transform of n x n values, as in the row of FFT2",
}
"""Letters of the formulas, with their meaning."""

_fft = {"multipliers": "8 * (ceil(log2(N) / 2) - 1)"}
_product = {"latency": "C*B + F - 1 + p + f", "interval": "O*B*C / L"}
_crop = {"latency": "0", "interval": "C*N*(N/2 + 1)"}
_tile = Cost(memory="w*N / 2", latency="N + 1 + p + f", interval="C*N*N / 2")
_pwl = Cost(multipliers="2", memory="2*P(S)*(w + 2*W)")
_normalise = {"latency": "B + s + p + f", "interval": "C * max(B, s + 2)", "memory": "2*w*(B + min(B, s) + 3) + R"}
_dense = Cost(multipliers="L", memory="4*P(D)*w + 2*O*D*W", latency="3*D - 1 + p + f", interval="2*D * ceil(O / L)")
COSTS = {
    "row-pairs": Cost(memory="8*N", latency="N + p + f", interval="N*N"),
    "fft2d": Cost(**_fft, memory="4*N*P(r + 1)*w + lines and tables of the FFTs", latency="N*N/2 + a + b + p + f",
                  interval="C * max(N*N/2, (r + 1)*N)"),
    "ifft2d": Cost(**_fft, memory="4*N*P(r + 1)*w + lines and tables of the FFTs", latency="(r + 1)*N + a + b + p + f",
                   interval="C * max(N*N/2, (r + 1)*N)"),
    "hadamard": Cost(multipliers="4*L", memory="L * (4*P(B)*P(F)*w + 2*P(O*B*F)*W)", **_product),
    "hadamard-real": Cost(multipliers="2*L", memory="L * (4*P(B)*P(F)*w + P(O*B*F)*W)", **_product),
    "crop": Cost(**_crop), "pool-zero": Cost(**_crop), "pool-naive": Cost(**_crop),
    "pool-average": Cost(memory="8*P(N/4 + 1)*w", latency="N + p + f", interval="C*N*(N/2 + 1)"),
    "expand": Cost(latency="0", interval="C*(r + 1)*N"),
    "pad-zero": Cost(**_crop), "pad-naive": Cost(**_crop), "pad-average": Cost(interval="C*N*(N/2 + 1)"),
    "canvas": Cost(latency="0", interval="C*M*M / 2"),
    "max-pool": _tile, "decimate": _tile, "add": Cost(interval="C*B"),
    "relu": Cost(latency="0"),
    **{f"pwl-{name}": _pwl for name in ("leaky", "sigmoid", "tanh", "gelu", "silu", "hard-sigmoid", "hard-tanh",
                                        "hard-swish", "loadable")},
    "quadratic": Cost(multipliers="4"),
    "modrelu": Cost(multipliers="6", memory="R + w*(C + 2*t)", interval="C*B"),
    "modulus": Cost(multipliers="2"),
    "pair-modulus": Cost(multipliers="4", memory="w*N*N", latency="N*N/2 + p + f", interval="C*N*N / 2"),
    "scattering": Cost(multipliers="6*T(N) + 2*T(N/2) + 22", latency="e + f", interval="2*A*N*(N/2 + 1)",
                       memory="sum of its blocks, plus FIFOs of N*N/32 and A*N*N/32 words"),
    "normalise-bins": Cost(multipliers="8", **_normalise), "normalise-map": Cost(multipliers="6", **_normalise),
    "dense": _dense, "dense-bins": _dense,
    "argmax": Cost(latency="0", interval="O + 2"),
}  # fmt: skip
"""Costs, by the name of the measurement."""


def _conv(name: str, formula: str, source: str, case: str = "hadamard", covers: tuple[str, ...] = (),
          note: str = "") -> Layer:
    return Layer(name=name, formula=formula, source=source, covers=covers, model="model/hadamard", case=case, note=note,
                 circuit="layers/hadamard.Hadamard", torch="nn/products.SpectralConv")


def _rules(name: str, verb: str, texts: dict[str, str], covers: str) -> list[Layer]:
    """Return the rows of SpectralPool or Pad, one for each Nyquist rule."""
    rows = []
    for rule, text in texts.items():
        rows.append(Layer(
            name=f"{name}, {rule}", formula=text, source="Rippel 2015, section 4", model="model/nyquist",
            covers=(covers,) if rule == "zero" else (), case=f"{verb}-{rule}",
            circuit=f"layers/spectral_pool.Spectral{verb.capitalize()}",
            torch=f"nn/spectral.{name}"))
    return rows


def _table(name: str, formula: str, source: str = "", bins: bool = False) -> list[Layer]:
    """Return the rows of a piecewise-linear table: on maps and, for an odd function, also on the parts of bins."""
    shared = {"model": "model/pwl/table", "circuit": "layers/pwl.Pwl", "case": f"pwl-{name}"}
    rows = [Layer(name=name, formula=formula, source="; ".join(filter(None, (source, "for the segments: Amin 1997"))),
                  covers=(f"activation.space.{name}",), torch="nn/activations.Function", **shared)]
    if bins:
        rows.append(Layer(name=f"{name} on bins", formula="P(N) (f(Re z / P(N)) + j f(Im z / P(N))), with f as above",
                          source="Benvenuto 1992", **shared, covers=(f"activation.bins.{name}",),
                          torch="nn/activations.SpectralFunction"))
    return rows


LAYERS = (
    Layer(name="input", formula="rows 2k and 2k+1 of an image become one complex row", model="model/fft/pairs",
          circuit="layers/frame.RowPairs", case="row-pairs"),
    Layer(name="input of several channels, or with a border",
          formula="the same, of one channel after the other; of signals channels 2k and 2k+1 become one complex row",
          model="model/frame", circuit="layers/frame.FramePairs layers/frame.ChannelPair",
          note="a double buffer of frames; none for signals of one or two channels"),
    Layer(name="output of maps", formula="maps become a raster of pixels, all channels of a pixel together",
          model="model/frame", circuit="layers/raster.Raster", note="a double buffer of frames"),
    Layer(name="FFT2", formula="X[u,v] = sum_yx m[y,x] exp(-2 pi j (u y + v x) / N), |u|, v <= r",
          source="He 1996; for convolution: Mathieu 2014", model="model/fft/planar", circuit="fft/planar.Fft2d",
          torch="nn/spectral.Transform", case="fft2d"),
    Layer(name="IFFT2", formula="m[y,x] = Re sum_uv X[u,v] exp(+2 pi j (u y + v x) / N) / N^2", source="He 1996",
          model="model/fft/planar", circuit="fft/planar.Fft2d", torch="nn/spectral.Inverse", case="ifft2d"),
    Layer(name="FFT of signals", formula="X[v] = sum_x m[x] exp(-2 pi j v x / N), v <= r", source="He 1996",
          model="model/fft/rows", circuit="fft/rows.Rows", torch="nn/spectral.Transform",
          note="one complex FFT and a buffer that separates two channels"),
    Layer(name="IFFT of signals", formula="m[x] = Re sum_v X[v] exp(+2 pi j v x / N) / N", source="He 1996",
          model="model/fft/rows", circuit="fft/rows.Rows", torch="nn/spectral.Inverse",
          note="a buffer that joins two channels and one complex FFT"),
    Layer(name="any of these transforms, iterative", formula="the same words from one memory and two multipliers",
          source="He 1996", model="model/fft/folded", circuit="fft/folded.FoldedFft",
          note="the folding `--transforms iterative`"),
    _conv("SpectralConv, kernel",
          "Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v] + bias[o] N^2 at DC, W the DFT of a k x k kernel",
          "Mathieu 2014", covers=("spectral_conv",)),
    _conv("SpectralConv, free spectrum", "the same; W itself is learned", "Rippel 2015, section 5"),
    _conv("SpectralConv, real", "the same; W is real, so the kernel is even", "", "hadamard-real"),
    _conv("SpectralConv, modes", "the same, W zero beyond the modes |u| <= r, v <= s", "Li 2021, section 4"),
    _conv("SpectralConv, modes and pointwise", "the same, W + V within the modes and V beyond them, V real",
          "Li 2021, section 4", note="the bins beyond the modes share one set of weights"),
    Layer(name="Pointwise",
          formula="y[o] = bias[o] + sum_c W[o,c] x[c] in every pixel, or in every bin with the bias at DC",
          source="Lin 2014", covers=("pointwise",), model="model/hadamard", circuit="layers/hadamard.Hadamard",
          torch="nn/products.Pointwise", note="real weights; those of pixels are stored once"),
    Layer(name="Pointwise, grid", formula="the same in every pixel, plus g[o] y/H + h[o] x/W",
          source="Li 2021, section 4", model="model/hadamard",
          circuit="layers/hadamard.Hadamard", torch="nn/products.Pointwise", note="the bias of a pixel is counted up"),
    *_rules("SpectralPool", "pool", {
        "zero": "Y = X (M/N)^2 where |u|, |v| < M/2, 0 at M/2",
        "average": "the same, but at M/2 the mean of X at -M/2 and M/2",
        "naive": "the same, but at M/2 the value of X there"}, "spectral_pool"),
    Layer(name="crop", formula="the bins |u|, v <= r; the pruned form of SpectralPool zero, in any order of layers",
          source="Rippel 2015, section 4", model="model/crop", circuit="layers/crop.Crop", torch="nn/spectral.Crop",
          case="crop"),
    *_rules("Pad", "pad", {
        "zero": "Y = X (N/M)^2 where |u|, |v| < M/2, else 0",
        "average": "the same, but X[M/2] is halved between -M/2 and M/2",
        "naive": "the same, but X[M/2] stays as it is"}, "pad"),
    Layer(name="expand", formula="the bins |u|, v <= r with rows of zeros added; the pruned form of Pad zero",
          source="Rippel 2015, section 4", model="model/crop", circuit="layers/crop.Expand", torch="nn/spectral.Pad",
          case="expand"),
    Layer(name="MaxPool", formula="Y[i,j] = max of X[2i..2i+1, 2j..2j+1]", source="Scherer 2010", covers=("max_pool",),
          model="model/tile", circuit="layers/tile.MaxPool", torch="nn/activations.MaxPool", case="max-pool"),
    Layer(name="decimate", formula="Y[i,j] = X[2i,2j]", source="Bruna 2013, section 2", model="model/tile",
          circuit="layers/tile.Decimate", case="decimate"),
    Layer(name="Canvas", formula="Y[y,x] = X[y,x] where y < keep[0] and x < keep[1], else 0, in maps of another size",
          covers=("canvas",), model="model/canvas", circuit="layers/canvas.Canvas", torch="nn/activations.Canvas",
          case="canvas"),
    Layer(name="Add", formula="Y = sum of X_k, aligned to one format, rounded once and saturated",
          source="He 2016, section 3", covers=("add",), model="model/add", circuit="layers/add.Add",
          torch="nn/activations.Add", case="add"),
    Layer(name="relu", formula="max(x, 0)", source="Nair 2010", covers=("activation.space.relu",),
          model="model/pwl/table", circuit="layers/pwl.Relu", torch="nn/activations.Function", case="relu"),
    *_table("leaky", "x where x >= 0, else s x; the slope s is 1/64 by default", "Maas 2013"),
    *_table("sigmoid", "1 / (1 + exp(-x))"),
    *_table("tanh", "tanh x", bins=True),
    *_table("gelu", "x (1 + erf(x / sqrt 2)) / 2", "Hendrycks 2016"),
    *_table("silu", "x / (1 + exp(-x))", "Elfwing 2018"),
    *_table("hard-sigmoid", "min(max(x / 6 + 1/2, 0), 1)", "Howard 2019, section 5.2"),
    *_table("hard-tanh", "min(max(x, -1), 1)", bins=True),
    *_table("hard-swish", "x min(max(x / 6 + 1/2, 0), 1)", "Howard 2019, section 5.2"),
    Layer(name="any function, loaded",
          formula="slope[s] x + offset[s], where s is the segment of x; tables are written at run time",
          source="Amin 1997", model="model/pwl/table", circuit="layers/pwl.Pwl", case="pwl-loadable"),
    Layer(name="quadratic", formula="c0 + c1 x + c2 x^2, c learned; x^2 convolves the spectrum with itself",
          covers=("activation.space.quadratic",), model="model/quadratic", circuit="layers/quadratic.Quadratic",
          torch="nn/activations.Quadratic", case="quadratic"),
    Layer(name="modReLU", formula="z max(0, |z| + P(N) b) / |z| for every bin; b <= 0 is learned for each channel",
          source="Arjovsky 2016, section 4.2", covers=("activation.bins.modrelu",), model="model/modrelu",
          circuit="layers/modrelu.ModRelu", torch="nn/activations.ModRelu", case="modrelu"),
    Layer(name="modulus", formula="|z| for every bin", source="Bruna 2013, section 2 (for maps)",
          covers=("activation.bins.modulus",), model="model/modulus", circuit="layers/modulus.Modulus",
          torch="nn/activations.Modulus", case="modulus"),
    Layer(name="modulus of maps",
          formula="sqrt(a^2 + b^2) for every pixel, a and b from the real and the imaginary part of a map",
          source="Bruna 2013, section 2", model="model/modulus", circuit="layers/modulus.PairModulus",
          case="pair-modulus"),
    Layer(name="scattering", formula="S0 = x * phi, S1[j,l] = |x * psi[j,l]| * phi, decimated by 2^J; * is convolution",
          source="Bruna 2013, section 2", model="scattering/model", circuit="scattering.Scattering",
          torch="nn/scattering.Scattering", case="scattering",
          note="three paths of FFT2, SpectralConv, IFFT2, decimate and modulus of maps"),
    Layer(name="Normalise over bins",
          formula="P(N) (z - m) / sqrt(v); m and v are mean and variance over the bins of a channel that no layer has "
                  "made zero; with a correction of 1, the variance of n bins has the divisor n - 1",
          covers=("normalise",), model="model/normalise", circuit="layers/normalise.Normalise",
          torch="nn/normalise.Normalise", case="normalise-bins"),
    Layer(name="Normalise over map",
          formula="0 at DC; elsewhere z divided by the map's deviation, which follows from its bins (Parseval); "
                  "correction as above",
          source="Ulyanov 2016, section 2", model="model/normalise", circuit="layers/normalise.Normalise",
          torch="nn/normalise.Normalise", case="normalise-map"),
    Layer(name="Normalise, frozen", formula="the same, with a learned mean and deviation of each channel",
          source="Ioffe 2015, section 3.1", model="quantised/reference", torch="nn/normalise.FrozenNormalise",
          note="none, because it is folded into the weights of the SpectralConv before it"),
    Layer(name="Dense on maps", formula="logits[k] = bias[k] + sum weight[k,c,y,x] map[c,y,x]", covers=("dense",),
          model="model/dense", circuit="layers/dense.Dense", torch="nn/dense.MapDense", case="dense"),
    Layer(name="Dense on bins", formula="the same, over the real and imaginary parts of bins", model="model/dense",
          circuit="layers/dense.Dense", torch="nn/dense.BinsDense", case="dense-bins"),
    Layer(name="argmax", formula="the index of the largest logit; of equal ones, the lowest index",
          model="model/dense", circuit="layers/argmax.Argmax", case="argmax"),
)  # fmt: skip
