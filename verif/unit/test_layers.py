"""Layer descriptions: what they hold, and every refusal."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from hadamac.errors import DescriptionError
from hadamac.network.layers import (
    LAYERS,
    Activation,
    Add,
    Canvas,
    Dense,
    MaxPool,
    Normalise,
    Pad,
    Pointwise,
    SpectralConv,
    SpectralPool,
)
from support.seeds import refused

FUNCTIONS = "relu, leaky, sigmoid, tanh, gelu, silu, hard-sigmoid, hard-tanh, hard-swish"


def test_types():
    assert {name: cls.__name__ for name, cls in LAYERS.items()} == {
        "spectral_conv": "SpectralConv", "spectral_pool": "SpectralPool", "pad": "Pad", "activation": "Activation",
        "normalise": "Normalise", "max_pool": "MaxPool", "dense": "Dense", "add": "Add",
        "pointwise": "Pointwise", "canvas": "Canvas"}
    for layer in (SpectralConv(channels=1), SpectralPool(size=1), Pad(size=64), Activation(), Normalise(), MaxPool(),
                  Dense(outputs=256), Add(inputs=("input", "a")), Pointwise(channels=1), Canvas(keep=3, size=4)):
        assert LAYERS[layer.type] is type(layer)
        with pytest.raises(FrozenInstanceError):
            layer.type = "other"
    with pytest.raises(TypeError):
        MaxPool(2)


@pytest.mark.parametrize("function", ["tanh", "hard-tanh", "modrelu", "modulus"])
def test_functions_of_bins(function):
    assert Activation(function=function, domain="bins").function == function


@pytest.mark.parametrize("nyquist", ["zero", "average", "naive"])
def test_an_odd_size_has_no_nyquist_bins(nyquist):
    assert SpectralPool(size=7, nyquist=nyquist).nyquist == nyquist


NOT_ODD = ("Activation function on bins must be odd (tanh, hard-tanh) or act on the magnitude (modrelu, modulus), not "
           "{!r}: X(-u,-v) = conj X(u,v) would no longer hold, and the map not be real")


@pytest.mark.parametrize(("build", "message"), [
    (lambda: SpectralConv(channels=0), "SpectralConv channels must be an integer from 1 to 256, not 0"),
    (lambda: SpectralConv(channels=257), "SpectralConv channels must be an integer from 1 to 256, not 257"),
    (lambda: SpectralConv(channels=2.0), "SpectralConv channels must be an integer from 1 to 256, not 2.0"),
    (lambda: SpectralConv(channels=True), "SpectralConv channels must be an integer from 1 to 256, not True"),
    (lambda: SpectralConv(channels=1, kernel=4), "SpectralConv kernel must be odd (it has a centre tap), not 4"),
    (lambda: SpectralConv(channels=1, kernel=65), "SpectralConv kernel must be an integer from 1 to 63, not 65"),
    (lambda: SpectralConv(channels=1, kernel="3"), "SpectralConv kernel must be an integer from 1 to 63, not '3'"),
    (lambda: SpectralConv(channels=1, band=-1), "SpectralConv band must be an integer from 0 to 127, not -1"),
    (lambda: SpectralConv(channels=1, band=128), "SpectralConv band must be an integer from 0 to 127, not 128"),
    (lambda: SpectralConv(channels=1, band=1.5), "SpectralConv band must be an integer from 0 to 127, not 1.5"),
    (lambda: SpectralConv(channels=1, modes=-1), "SpectralConv modes must be an integer from 0 to 127, not -1"),
    (lambda: SpectralConv(channels=1, modes=(3, 128)), "SpectralConv modes must be an integer from 0 to 127, not 128"),
    (lambda: SpectralConv(channels=1, modes="4"), "SpectralConv modes must be an integer from 0 to 127, not '4'"),
    (lambda: SpectralConv(channels=1, modes=(1, 2, 3)), "SpectralConv modes must be an integer or two, not (1, 2, 3)"),
    (lambda: SpectralConv(channels=1, pointwise=1, modes=2), "SpectralConv pointwise must be one of false, true, not 1"),
    (lambda: SpectralConv(channels=1, pointwise=True),
     "SpectralConv pointwise must be false without modes, not true: other weights contain a real matrix already"),
    *[(lambda given=given: SpectralConv(channels=1, modes=2, **given),
       "SpectralConv with modes must have no kernel, no band and no real: its weights are a free spectrum within the modes")
      for given in ({"kernel": 3}, {"band": 1}, {"real": True})],
    (lambda: Pointwise(channels=1, grid=1), "Pointwise grid must be one of false, true, not 1"),
    (lambda: SpectralConv(channels=1, real=1), "SpectralConv real must be one of false, true, not 1"),
    (lambda: SpectralConv(channels=1, real=None), "SpectralConv real must be one of false, true, not None"),
    (lambda: SpectralPool(size=0), "SpectralPool size must be an integer from 1 to 4096, not 0"),
    (lambda: SpectralPool(size=4097), "SpectralPool size must be an integer from 1 to 4096, not 4097"),
    (lambda: SpectralPool(size=8, nyquist="mean"), "SpectralPool nyquist must be one of zero, average, naive, not 'mean'"),
    (lambda: SpectralPool(size=8, nyquist=0), "SpectralPool nyquist must be one of zero, average, naive, not 0"),
    *[(lambda rule=rule: SpectralPool(size=8, nyquist=rule),
       f"SpectralPool nyquist must be zero in a network, not {rule!r}: a network drops the Nyquist bins, because only then "
       "pooling commutes with every shift") for rule in ("average", "naive")],
    (lambda: Pad(size=0), "Pad size must be an integer from 1 to 4096, not 0"),
    (lambda: Pad(size=8192), "Pad size must be an integer from 1 to 4096, not 8192"),
    *[(lambda kind=kind, size=size: kind(size=size), f"{kind.__name__} size must be an integer from 1 to 256, not {bad!r}")
      for kind in (SpectralPool, Pad) for size, bad in (((0, 4), 0), ((4, 257), 257), ([4, 2.0], 2.0), ((True, 4), True))],
    *[(lambda kind=kind, size=size: kind(size=size), f"{kind.__name__} size must be an integer or a pair of them, not {size!r}")
      for kind in (SpectralPool, Pad) for size in ((4,), (4, 4, 4), ())],
    (lambda: SpectralPool(size=(7, 8), nyquist="naive"),
     "SpectralPool nyquist must be zero in a network, not 'naive': a network drops the Nyquist bins, because only then "
     "pooling commutes with every shift"),
    *[(lambda bad=bad: SpectralPool(size=bad), f"SpectralPool size must be an integer from 1 to 4096, not {bad!r}")
      for bad in ("8", None, True, {8})],
    (lambda: Activation(domain="frequency"), "Activation domain must be one of space, bins, not 'frequency'"),
    (lambda: Activation(function="elu"), f"Activation function must be one of {FUNCTIONS}, quadratic, not 'elu'"),
    (lambda: Activation(function="modrelu"), f"Activation function must be one of {FUNCTIONS}, quadratic, not 'modrelu'"),
    (lambda: Activation(function=["relu"]), f"Activation function must be one of {FUNCTIONS}, quadratic, not ['relu']"),
    *[(lambda name=name: Activation(function=name, domain="bins"), NOT_ODD.format(name))
      for name in ("relu", "leaky", "sigmoid", "gelu", "silu", "hard-sigmoid", "hard-swish", "quadratic")],
    (lambda: Activation(function="elu", domain="bins"),
     "Activation function must be one of tanh, hard-tanh, modrelu, modulus, not 'elu'"),
    *[(lambda s=s: Activation(function="leaky", slope=s), f"Activation slope must be greater than 0 and less than 1, not {s!r}")
      for s in (0, 1, -0.5, True, "0.1", float("nan"))],
    (lambda: Activation(function="gelu", slope=0.1),
     "Activation slope must be left out for gelu, not 0.1: it is that of leaky"),
    (lambda: Activation(segments=1), "Activation segments must be an integer from 2 to 64, not 1"),
    (lambda: Activation(segments=65), "Activation segments must be an integer from 2 to 64, not 65"),
    (lambda: Normalise(over="channels"), "Normalise over must be one of bins, map, not 'channels'"),
    (lambda: Normalise(statistics="running"), "Normalise statistics must be one of frame, frozen, not 'running'"),
    (lambda: Normalise(statistics="frozen"),
     "Normalise over must be map where statistics are frozen, not 'bins': a mean of bins is a constant on every bin, and a "
     "SpectralConv has a bias on the DC bin only"),
    *[(lambda c=c: Normalise(correction=c), f"Normalise correction must be an integer from 0 to 1, not {c!r}")
      for c in (2, -1, True, 1.0, "1")],
    (lambda: Normalise(over="map", statistics="frozen", correction=1),
     "Normalise correction must be 0 where statistics are frozen, not 1: a learned deviation is used as it is"),
    (lambda: Dense(outputs=0), "Dense outputs must be an integer from 1 to 256, not 0"),
    (lambda: Dense(outputs=257), "Dense outputs must be an integer from 1 to 256, not 257"),
])
def test_refusals(build, message):
    with refused(message, DescriptionError):
        build()
