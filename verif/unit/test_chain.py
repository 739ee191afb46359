"""A network as a chain of steps: their order, the transforms between them, sizes and channels, refusals."""

from __future__ import annotations

import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Dense, MaxPool, Network, Normalise, Pad, SpectralConv, SpectralPool
from hadamac.network.graph import KINDS, graph
from support import tiny
from support.seeds import refused

CONV, RELU, DENSE = SpectralConv(channels=3, kernel=3), Activation(), Dense(outputs=2)
TANH = Activation(function="tanh", domain="bins")
FROZEN = Normalise(over="map", statistics="frozen")


def network(*layers, size=16) -> Network:
    return Network(name="chain", size=size, channels=1, layers=layers)


def kinds(*layers) -> list[str]:
    return [step.kind for step in network(*layers, DENSE).steps]


def test_every_fact_of_a_chain():
    """Size before a step, channels behind it, what a crop, pad or band keeps, the layer's number among its type."""
    layers = (SpectralConv(channels=3, band=5), SpectralPool(size=8), RELU, SpectralConv(channels=4, kernel=5), Pad(size=16),
              Activation(function="gelu"), MaxPool(), DENSE)
    steps = [(s.kind, s.what, s.size, s.keeps, s.channels, s.index) for s in network(*layers).steps]
    assert steps == [
        ("transform", "FFT2 16x16", 16, 0, 1, 0),
        ("multiply", "SpectralConv 1 to 3", 16, 0, 3, 0),
        ("band", "band limit |u|, |v| <= 5", 16, 11, 3, 0),
        ("crop", "SpectralPool 16 to 8", 16, 8, 3, 0),
        ("inverse", "IFFT2 8x8", 8, 0, 3, 0),
        ("point", "relu", 8, 0, 3, 0),
        ("transform", "FFT2 8x8", 8, 0, 3, 0),
        ("multiply", "SpectralConv 3 to 4", 8, 0, 4, 1),
        ("pad", "Pad 8 to 16", 8, 16, 4, 0),
        ("inverse", "IFFT2 16x16", 16, 0, 4, 0),
        ("point", "gelu", 16, 0, 4, 1),
        ("tile", "MaxPool 16 to 8", 16, 0, 4, 0),
        ("linear", "Dense to 2", 8, 0, 4, 0),
    ]
    net = network(*layers)
    assert [s.layer for s in net.steps] == [None, layers[0], layers[0], layers[1], None, layers[2], None, *layers[3:5], None,
                                            *layers[5:]]
    assert graph(net) == net.steps


@pytest.mark.parametrize(("layers", "expected"), [
    ((), ""),
    ((CONV,), "transform multiply"),
    ((RELU,), "point"),
    ((MaxPool(), RELU), "tile point"),
    ((RELU, RELU), "point point"),
    ((CONV, RELU), "transform multiply inverse point"),
    ((CONV, CONV, RELU), "transform multiply multiply inverse point"),
    ((SpectralPool(size=8), RELU), "transform crop inverse point"),
    ((CONV, RELU, SpectralPool(size=8)), "transform multiply inverse point transform crop"),
    ((CONV, TANH, SpectralPool(size=8), MaxPool()), "transform multiply bin crop inverse tile"),
    ((TANH, TANH), "transform bin bin"),
    ((Normalise(), TANH, RELU, Normalise(over="map")), "transform normalise bin inverse point transform normalise"),
    ((CONV, FROZEN, RELU), "transform multiply multiply inverse point"),
    ((SpectralConv(channels=2, band=3), FROZEN), "transform multiply band multiply"),
    ((CONV, SpectralPool(size=7), TANH, CONV, Pad(size=16), RELU),
     "transform multiply crop bin multiply pad inverse point"),
])
def test_transforms_stand_where_maps_and_bins_meet(layers, expected):
    """Nowhere else: bins follow bins, and maps follow maps; the dense layer takes either."""
    assert kinds(*layers) == [*expected.split(), "linear"]


def test_kinds_of_the_small_networks():
    """Together they hold every kind of step."""
    assert {s.kind for net in tiny.kinds().values() for s in net.steps} == set(KINDS)
    for net in tiny.kinds().values():
        spectral = False
        for s in net.steps:
            assert spectral == (s.kind not in ("transform", "point", "tile")) or s.kind == "linear", (net.name, s)
            spectral = s.kind == "transform" or spectral and s.kind != "inverse"


def test_a_number_of_each_type():
    """What parameters are named by: a frozen Normalise counts with the others."""
    steps = network(CONV, FROZEN, RELU, Normalise(), TANH, CONV, FROZEN, RELU, DENSE).steps
    named = [(s.layer.type, s.index) for s in steps if s.layer is not None]
    assert named == [("spectral_conv", 0), ("normalise", 0), ("activation", 0), ("normalise", 1), ("activation", 1),
                     ("spectral_conv", 1), ("normalise", 2), ("activation", 2), ("dense", 0)]


NO_DENSE = "Network layers must end with dense, and hold it once, not ({})"
NOT_INVERTED = ("Size before an inverse transform must be one of 4, 8, 16, 32, 64, not {}: pad the spectrum, or stay on "
                "bins")
NOT_FOLDED = "Normalise with frozen statistics must follow a SpectralConv, into whose weights it is folded"


@pytest.mark.parametrize(("layers", "message"), [
    ((), NO_DENSE.format("")),
    ((CONV, RELU), NO_DENSE.format("spectral_conv, activation")),
    ((DENSE, DENSE), NO_DENSE.format("dense, dense")),
    ((CONV, DENSE, RELU, DENSE), NO_DENSE.format("spectral_conv, dense, activation, dense")),
    ((DENSE, Normalise()), NO_DENSE.format("dense, normalise")),
    ((SpectralConv(channels=1, kernel=17), DENSE), "SpectralConv kernel must be at most its input's size 16, not 17"),
    ((SpectralPool(size=4), SpectralConv(channels=1, kernel=5), DENSE),
     "SpectralConv kernel must be at most its input's size 4, not 5"),
    ((SpectralConv(channels=1, band=8), DENSE), "SpectralConv band must be below half its input's size 16, not 8"),
    ((SpectralPool(size=7), SpectralConv(channels=1, band=4), DENSE),
     "SpectralConv band must be below half its input's size 7, not 4"),
    ((SpectralPool(size=17), DENSE), "SpectralPool size must be at most its input's 16, not 17"),
    ((MaxPool(), SpectralPool(size=9), DENSE), "SpectralPool size must be at most its input's 8, not 9"),
    ((Pad(size=15), DENSE), "Pad size must be at least its input's 16, not 15"),
    ((SpectralPool(size=8), Pad(size=7), DENSE), "Pad size must be at least its input's 8, not 7"),
    ((SpectralPool(size=7), RELU, DENSE), NOT_INVERTED.format(7)),
    ((SpectralPool(size=2), TANH, MaxPool(), DENSE), NOT_INVERTED.format(2)),
    ((Pad(size=20), RELU, DENSE), NOT_INVERTED.format(20)),
    ((MaxPool(), MaxPool(), MaxPool(), DENSE), "MaxPool must have maps of more than 4 x 4, not 4 x 4"),
    ((FROZEN, DENSE), NOT_FOLDED),
    ((CONV, RELU, FROZEN, DENSE), NOT_FOLDED),
    ((CONV, TANH, FROZEN, DENSE), NOT_FOLDED),
    ((CONV, SpectralPool(size=8), FROZEN, DENSE), NOT_FOLDED),
    ((CONV, FROZEN, FROZEN, DENSE), NOT_FOLDED),
    ((CONV, Normalise(), FROZEN, DENSE), NOT_FOLDED),
])
def test_refusals(layers, message):
    with refused(message, DescriptionError):
        network(*layers)


def test_what_is_just_allowed():
    for layers in ((SpectralConv(channels=1, kernel=15),), (SpectralConv(channels=1, band=7),), (SpectralPool(size=16),),
                   (Pad(size=16),), (SpectralPool(size=7), SpectralConv(channels=1, kernel=7, band=3)), (Pad(size=64),),
                   (SpectralPool(size=1),), (CONV, SpectralPool(size=7), TANH), (MaxPool(), MaxPool())):
        network(*layers, DENSE)
