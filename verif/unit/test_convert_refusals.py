"""Every refusal of `hadamac.compile`: one line that names the module, what it is, and what would serve instead."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import hadamac
from hadamac.errors import DataError, DescriptionError
from support.seeds import refused

pytest.importorskip("torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from hadamac import nn as own  # noqa: E402
from hadamac.convert import registry  # noqa: E402
from hadamac.convert.builder import Builder, Value  # noqa: E402


class Of(nn.Module):
    """A module that computes a function of its input."""

    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, x):
        return self.of(x)


class Block(nn.Module):
    """A submodule, so that a path has several parts."""

    def __init__(self, *modules):
        super().__init__()
        self.body = nn.Sequential(*modules)

    def forward(self, x):
        return self.body(x)


class Wrong(nn.Conv2d):
    """A convolution that is none."""

    def forward(self, x):
        return 2 * super().forward(x)


class InPlace(nn.Module):
    """A tensor that changes although it is used again."""

    def forward(self, x):
        y = x - 0.5
        z = F.relu(y, inplace=True)
        return y * 2 + z


class Both(nn.Module):
    """A module of two inputs."""

    def forward(self, x, y):
        return x + y


SUM = r"tensors of the shapes (1, 16, 16) and (1, 8, 8): make them equal"
MODULES = [
    (nn.Conv2d(1, 2, 3, stride=2), "(Conv2d) has the stride 2x2: use a stride of 1, and MaxPool2d(2) behind it"),
    (nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), "(Conv2d) has the padding mode reflect: use zeros or circular"),
    (nn.Conv2d(1, 2, 5, padding=1, padding_mode="circular"),
     "(Conv2d) has circular padding that makes 14x14 of 16x16: pad by half of the kernel"),
    (nn.Conv2d(2, 2, 3), "(Conv2d) takes 2 channels, and gets 1"),
    (nn.Conv2d(1, 2, 17), "(Conv2d) has a kernel larger than its maps of 16x16"),
    (nn.Conv2d(1, 2, 65, padding=32), "(Conv2d) has no layer: SpectralConv kernel must be an integer from 1 to 63, not 65"),
    (nn.Conv2d(1, 257, 3), "(Conv2d) has no layer: SpectralConv channels must be an integer from 1 to 256, not 257"),
    (nn.Conv1d(1, 2, 3), "(Conv1d) takes tensors of 2 axes besides that of the frames, and gets (1, 16, 16)"),
    (nn.ConvTranspose2d(1, 2, 3), "(ConvTranspose2d) has no layer: use hadamac.nn.Pad and a convolution"),
    (nn.Upsample(scale_factor=2), "(Upsample) has no layer: use hadamac.nn.Pad"),
    (nn.LayerNorm(16), "(LayerNorm) has no layer: use BatchNorm1d or BatchNorm2d"),
    (nn.InstanceNorm2d(1), "(InstanceNorm2d) has no layer: use BatchNorm1d or BatchNorm2d"),
    (nn.PReLU(), "(PReLU) has no layer: use LeakyReLU"),
    (nn.ELU(), "(ELU) has no layer: use SiLU"),
    (nn.PixelShuffle(2), "(PixelShuffle) has no layer: use the modules that docs/torch.md lists"),
    (nn.ReLU6(), "(ReLU6) clips to 0 and 6: use Hardtanh(), which clips to -1 and 1, or ReLU"),
    (nn.Hardtanh(-2, 2), "(Hardtanh) clips to -2 and 2: use Hardtanh(), which clips to -1 and 1, or ReLU"),
    (nn.LeakyReLU(-0.1), "(LeakyReLU) has the negative slope -0.1: use one from 0 to less than 1"),
    (nn.GELU(approximate="tanh"), "(GELU) approximates GELU by tanh: use approximate='none'"),
    (nn.MaxPool2d(3), "(MaxPool2d) is not the maximum of tiles of 2x2 pixels: use MaxPool2d(2)"),
    (nn.MaxPool2d(2, stride=1), "(MaxPool2d) is not the maximum of tiles of 2x2 pixels: use MaxPool2d(2)"),
    (nn.AdaptiveAvgPool2d(4), "(AdaptiveAvgPool2d) averages to 4x4: use a size of 1, or hadamac.nn.SpectralPool"),
    (nn.AvgPool2d(2), "(AvgPool2d) averages parts of maps: use MaxPool2d(2), or AdaptiveAvgPool2d(1) for the mean of whole maps"),
    (nn.BatchNorm2d(1, track_running_stats=False),
     "(BatchNorm2d) has no running statistics: use track_running_stats=True, and train before compiling"),
    (nn.Linear(16, 3), "(Linear) takes 16 features, and gets a tensor of shape (1, 16, 16): use Flatten before it"),
    (nn.Flatten(2), "(Flatten) flattens other axes than all of a frame: use flatten(1)"),
    (own.SpectralPool(size=16, pool=8), "(SpectralPool) takes bins, and gets maps: use hadamac.nn.Transform before it"),
    (own.MapDense(1, 2, size=8), "(MapDense) is made for maps of 8x8, and gets maps of 16x16"),
]
FUNCTIONS = [
    (lambda x: torch.cat((x, x), 1), "cat in {} has no layer: use a sum of tensors of one shape"),
    (lambda x: F.softmax(x, 1), "softmax in {} has no layer: use no such module, because the largest logit decides"),
    (lambda x: F.elu(x), "elu in {} has no layer: use SiLU"),
    (lambda x: torch.sin(x), "sin in {} has no layer: use the modules that docs/torch.md lists"),
    (lambda x: x.cumsum(1), "cumsum in {} has no layer: use the modules that docs/torch.md lists"),
    (lambda x: x * x, "mul in {} multiplies two tensors: a network adds them only"),
    (lambda x: 1 / x, "truediv in {} divides by a tensor: a network divides by constants only"),
    (lambda x: x + F.max_pool2d(x, 2), f"add in {{}} adds {SUM}"),
    (lambda x: x + torch.ones(3, 1, 1),
     "add in {} has a constant of shape (3, 1, 1) beside a tensor of shape (1, 16, 16): use one number, or one for each channel"),
    (lambda x: x + float("inf"), "add in {} has factors or summands that are not finite"),
    (lambda x: x.mean(1), "mean in {} is no mean of whole maps: use mean over the last axes, or AdaptiveAvgPool2d(1)"),
    (lambda x: x.view(-1, 4, 64), "view in {} makes the shape (4, 64) of (1, 16, 16): only Flatten is possible"),
    (lambda x: x.reshape(256), "reshape in {} changes the axis of the frames: use flatten(1)"),
    (lambda x: x.clamp(max=3), "clamp in {} clips on one side only, and not at 0: use ReLU or Hardtanh()"),
    (lambda x: x[:, :1], "getitem in {} has no layer: use the modules that docs/torch.md lists"),
]


def compiled(model, shape=(1, 16, 16), **options):
    return hadamac.compile(model, np.arange(2 * np.prod(shape), dtype=np.uint8).reshape(2, *shape), **options)


@pytest.mark.parametrize(("it", "message"), MODULES, ids=[f"{k}-{type(it).__name__}" for k, (it, _) in enumerate(MODULES)])
def test_modules(it, message):
    """With the path of the module, as deep as it is."""
    with refused(f"model.1.body.0 {message}", DescriptionError):
        compiled(nn.Sequential(nn.Identity(), Block(it)))


@pytest.mark.parametrize(("of", "message"), FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_functions(of, message):
    """With the path of the module that calls them."""
    with refused(message.format("model.1"), DescriptionError):
        compiled(nn.Sequential(nn.Identity(), Of(of)))
    with refused(message.format("model"), DescriptionError):
        compiled(Of(of))


@pytest.mark.parametrize(("make", "shape", "message"), [
    (lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), (1, 12, 16),
     "model (Conv2d) has circular padding, and maps of 12x16: circular padding is exact where rows and columns are powers of two; use "
     "zeros"),
    (lambda: nn.Conv2d(1, 2, 3, padding=1), (1, 256, 16),
     "model (Conv2d) needs maps of 512x32, and a network has at most 256 rows and columns: use smaller maps, or circular padding"),
    (lambda: nn.Conv1d(1, 2, 3, padding=1), (1, 4096),
     "model (Conv1d) needs maps of 8192, and a network has at most 4096 samples: use smaller maps, or circular padding"),
    (lambda: nn.MaxPool2d(2, ceil_mode=True), (1, 9, 9), "model (MaxPool2d) has ceil_mode and maps of 9x9: use even sizes"),
    (lambda: nn.MaxPool1d(2), (1, 16), "model (MaxPool1d) has no layer: use hadamac.nn.SpectralPool"),
    (lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(1, 2, 3, padding=1)), (1, 8, 8),
     "model.1 (Conv2d) has a kernel of several pixels, and gets maps of one pixel: use a kernel of 1"),
    (lambda: nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64)), (1, 8, 8),
     "model.1 (BatchNorm1d) has 64 features, and gets 1 channels: normalise before Flatten"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.MaxPool2d(2)), (1, 8, 8),
     "model.2 (MaxPool2d) takes maps of several rows, and gets a tensor of shape (3,)"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 257)), (1, 8, 8),
     "model.1 (Linear) has no layer: Dense outputs must be an integer from 1 to 256, not 257"),
    (lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.AdaptiveAvgPool2d(1)), (1, 8, 8),
     "model answers the shape (3, 1, 1): use Flatten at its end, for a vector"),
    (lambda: own.Transform(radius=4), (1, 12, 8), "model (Transform) takes maps whose rows and columns are powers of two, and gets maps "
                                                  "of 12x8"),
    (lambda: nn.Sequential(own.Transform(radius=4), nn.ReLU(), own.Inverse(size=16)), (1, 8, 8),
     "model.1 (ReLU) takes maps, and gets bins: use hadamac.nn.Inverse before it"),
    (lambda: nn.Sequential(*[nn.Sequential(nn.Sigmoid(), nn.Tanh()) for _ in range(40)]), (1, 8, 8),
     "model has a network that is refused: Network layers must be at most 64, not 81"),
    (lambda: Wrong(1, 2, 3), (1, 8, 8), "model differs from its network by 5.0e-01 of its largest output, allowed is 1e-05: does it change "
                                        "a tensor in place that is used again, or override the forward of a supported class?"),
    (Both, (1, 8, 8), "model takes several inputs, y among them: a network takes one"),
    (lambda: Of(lambda x: x.T), (1, 8, 8), "getattr in model reads T: only the shape of a tensor is known"),
    (lambda: Of(lambda x: (x, x)), (1, 8, 8), "model returns tuple: a network answers one tensor"),
    (lambda: Of(lambda x: x if x.sum() > 0 else -x), (1, 8, 8),
     "model (Of) cannot be traced by torch.fx, for example because it branches on values: symbolically traced variables cannot be used as "
     "inputs to control flow"),
])
def test_models(make, shape, message):
    with refused(message, DescriptionError):
        compiled(make(), shape)


def test_a_tensor_that_changes_in_place_is_noticed():
    with pytest.raises(DescriptionError, match="does it change a tensor in place that is used again"):
        compiled(InPlace())


@pytest.mark.parametrize(("given", "options", "message", "kind"), [
    (np.zeros((0, 1, 8, 8), np.uint8), {}, "Calibration needs at least one frame, not 0", DataError),
    (np.zeros((2, 64), np.uint8), {}, "Calibration must have the shape (n, channels, rows, columns) or (n, channels, samples), not (2, 64)",
     DataError),
    (np.zeros((2, 28, 28), np.uint8), {},
     "Calibration must have at most 16 channels, not 28 as in (2, 28, 28): give shape=(1, 28, 28) with grey images", DataError),
    (np.zeros((2, 1, 8, 8), np.int64), {},
     "Calibration must be of type uint8, int8, int16 or floats where no format is given, not int64", DataError),
    (np.full((2, 1, 8, 8), np.nan), {}, "Calibration must be finite", DataError),
    (np.zeros((2, 1, 8, 8), np.uint8), {"format": "uint9"}, "Input format must be uint8, int8, int16 or SQ(i,f), not 'uint9'",
     DescriptionError),
    (np.zeros((2, 1, 8, 8), np.uint8), {"formats": "small"}, "Formats must be one of default, halving, compact, not 'small'",
     DescriptionError),
    (np.zeros((2, 1, 8, 8), np.uint8), {"mean": [1, 2]}, "Mean must be a finite number, or one for each of 1 channels, not [1, 2]",
     DescriptionError),
    (np.zeros((2, 1, 8, 8), np.uint8), {"deviation": 0}, "Deviation must be a positive number, or one for each of 1 channels, not 0",
     DescriptionError),
    (np.zeros((2, 1, 8, 8), np.uint8), {"output": "maps"}, "Output must be one of classes, values, not 'maps'", DescriptionError),
    (np.zeros((2, 1, 8, 8), np.uint8), {"classes": ("a", "b")},
     "Classes must be 3 names, one for each output of the network, not 2", DataError),
])
def test_inputs(given, options, message, kind):
    with refused(message, kind):
        hadamac.compile(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), given, **options)


def test_answers_of_maps():
    model = nn.Conv2d(1, 2, 3)
    with refused("Output must be maps where the model answers the shape (2, 14, 14), not 'classes'", DescriptionError):
        compiled(model, output="classes")
    with refused("Classes must be none where the model answers maps, not 1 names", DescriptionError):
        compiled(model, classes=("a",))
    with refused("Model must be a torch.nn.Module, not 3", DescriptionError):
        compiled(3)


def test_a_converter_of_a_whole_module(monkeypatch):
    """By the full name of the class, for packages that need not be installed; its inside is not traced."""
    class Odd(nn.Module):
        def forward(self, x):
            return x + x.flip(0).flip(0)

    monkeypatch.setattr(registry, "WHOLE", dict(registry.WHOLE))

    @registry.whole(f"{Odd.__module__}.{Odd.__qualname__}")
    def _odd(b: Builder, it: nn.Module, x: Value) -> Value:
        return b.scaled(x, np.full(x.channels, 2.0), np.zeros(x.channels))

    kinds = [layer.type for layer in compiled(nn.Sequential(Odd(), nn.Flatten(), nn.Linear(256, 2))).qnet.network.layers]
    assert kinds == ["dense"]


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delattr(hadamac, "nn")
    monkeypatch.delattr(hadamac, "convert", raising=False)
    for name in [name for name in sys.modules if name.startswith(("hadamac.nn", "hadamac.convert"))]:
        monkeypatch.delitem(sys.modules, name)
    with refused("torch is not installed: it is needed to train; run `pip install hadamac[train]`", hadamac.errors.ToolError):
        hadamac.compile(None, np.zeros((1, 1, 8, 8)))
