"""Words that no port can carry: every bit-exact model refuses them and names itself and the range."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DataError
from hadamac.model.add import AddPlan
from hadamac.model.dense import DensePlan
from hadamac.model.fft.iterative import IterativePlan
from hadamac.model.fft.plan import FftPlan
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.model.fft.real import RealFftPlan
from hadamac.model.hadamard import HadamardPlan
from hadamac.model.modrelu import ModRelu
from hadamac.model.modulus import ModulusPlan
from hadamac.model.normalise import NormalisePlan
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.model.pwl.table import PwlTable
from hadamac.model.quadratic import QuadraticPlan
from hadamac.model.rsqrt import Rsqrt
from hadamac.model.words import check_words
from hadamac.network.graph import Step
from hadamac.network.stage import Stage
from hadamac.ops.add import Add
from hadamac.ops.base import Operation
from hadamac.ops.dense import Dense
from hadamac.ops.filters import Filters
from hadamac.ops.formats import Formats
from hadamac.ops.modrelu import ModRelu as ModReluOperation
from hadamac.ops.modulus import Modulus
from hadamac.ops.normalise import Normalise
from hadamac.ops.pair_modulus import PairModulus
from hadamac.ops.product import Product
from hadamac.ops.quadratic import Quadratic
from hadamac.ops.table import Table
from hadamac.ops.transform import Inverse, Transform
from support.seeds import refused, rng

PWL = PwlTable(width=16, breakpoints=(0,), slopes=(0, 1), offsets=(0, 0), shift=0)
NORMALISE = NormalisePlan(multiplicity=(1, 2, 2), width=16, fraction=8, over="bins")
CHANNEL = {"bias": np.zeros(1), "shift": np.zeros(1)}
HADAMARD = HadamardPlan(weights=np.ones((1, 1, 3, 2), complex), width=16, **CHANNEL)
FILTERS = HadamardPlan(weights=np.ones((2, 1, 4, 3), complex), bias=np.zeros(2), shift=np.zeros(2), width=16)
DENSE = DensePlan(weights=np.ones((1, 1, 4, 4)), width=16, **CHANNEL)
QUADRATIC = QuadraticPlan(width=16, c0=0, c1=1, c2=0, shifts=(0, 0))
ADD = AddPlan(fractions=(8, 8), fraction=7, width=16)


def operation(cls: type[Operation], kind: str, radius: int | None = None, **fields) -> Operation:
    """Return an operation of one channel, with words of 16 bits."""
    stage = Stage(kind, "stage", "edge", 8, radius, 1, 1, Step(kind, 8, "step"))
    return cls(stage=stage, formats=Formats(), fraction=8, **fields)


def twice(run):
    """Return a function that gives one array as both inputs."""
    return lambda x: run(x, x)


MODELS = {  # name in messages, run, shape, real, of 16 bits
    "fft": ("FFT", FftPlan(size=8, width=16).run, (2, 8), False),
    "fft_full": ("FFT", FftPlan(size=8, width=16, scaling="full").run, (2, 8), False),
    "iterative": ("FFT", IterativePlan(size=8, width=16).run, (2, 8), False),
    "real_two": ("RealFft", RealFftPlan(size=8, width=16).run, (2, 8), False),
    "real_one": ("RealFft", RealFftPlan(size=8, width=16, frames=1).run, (2, 4), False),
    "fft2d": ("Fft2d", Fft2dPlan(size=8, radius=2, width=16).run, (1, 1, 8, 8), True),
    "ifft2d": ("Fft2d", Fft2dPlan(size=8, radius=2, width=16, inverse=True).run, (1, 1, 5, 3), False),
    "transform_op": ("Fft2d", operation(Transform, "transform", plan=Fft2dPlan(size=8, radius=2, width=16)).run,
                     (1, 1, 8, 8), True),
    "inverse_op": ("Fft2d", operation(Inverse, "inverse", plan=Fft2dPlan(size=8, radius=2, width=16, inverse=True)).run,
                   (1, 1, 5, 3), False),
    "hadamard": ("Hadamard", HADAMARD.run, (1, 1, 3, 2), False),
    "product": ("Hadamard", operation(Product, "multiply", plan=HADAMARD, exponent=np.zeros(1)).run, (1, 1, 3, 2), False),
    "dense": ("Dense", DENSE.run, (1, 1, 4, 4), True),
    "dense_op": ("Dense", operation(Dense, "linear", plan=DENSE, exponent=np.zeros(1)).run, (1, 1, 4, 4), True),
    "add": ("Add", twice(ADD.run), (1, 1, 4, 4), True),
    "add_bins": ("Add", twice(ADD.run), (1, 1, 5, 3), False),
    "add_op": ("Add", twice(operation(Add, "join", plan=ADD).run), (1, 1, 4, 4), True),
    "pwl": ("Pwl", PWL.run, (1, 8), True),
    "pwl_bins": ("Pwl", operation(Table, "bin", plan=PWL).run, (1, 8), False),
    "quadratic": ("Quadratic", QUADRATIC.run, (1, 8), True),
    "quadratic_op": ("Quadratic", operation(Quadratic, "point", plan=QUADRATIC).run, (1, 8), True),
    "modrelu": ("ModRelu", ModRelu(bias=(-3,), width=16).run, (1, 1, 8), False),
    "modrelu_op": ("ModRelu", operation(ModReluOperation, "bin", plan=ModRelu(bias=(-3,), width=16)).run, (1, 1, 8), False),
    "modulus": ("Modulus", ModulusPlan(16).run, (1, 8), False),
    "modulus_op": ("Modulus", operation(Modulus, "bin", plan=ModulusPlan(16)).run, (1, 8), False),
    "pair_modulus": ("PairModulus", ModulusPlan(16).run_pairs, (1, 1, 2, 4), False),
    "normalise": ("Normalise", NORMALISE.run, (1, 1, 3), False),
    "normalised": ("Normalise", operation(Normalise, "normalise", plan=NORMALISE).run, (1, 1, 3, 1), False),
    "pool": ("SpectralPool", PoolPlan(size=8, keep=4, width=16).run, (1, 1, 8, 5), False),
    "pad": ("SpectralPad", PadPlan(size=4, to=8, width=16).run, (1, 1, 4, 3), False),
    "filters": ("Filters", operation(Filters, "multiply", plan=FILTERS, exponent=0).run, (1, 1, 4, 3), False),
    "moduli": ("Moduli", operation(PairModulus, "point", plan=ModulusPlan(16)).run, (1, 2, 4, 4), True),
}
RANGE = "words must be integers from -32768 to 32767, not "
EARLIER = {0.5, float("nan"), float("inf")}  # pool and pad refuse fractions earlier, in their own check of shapes


@pytest.mark.parametrize("bad", [40000, -32769, 0.5, float("nan"), float("inf")], ids=str)
@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_refuses(model, bad):
    """One bad word of many is refused in either part; good words at both ends of the range are accepted."""
    name, run, shape, real = MODELS[model]
    r = rng("words", model)
    good = r.integers(-100, 100, shape).astype(np.float64)
    good.flat[0], good.flat[-1] = -32768, 32767
    run(good if real else good + 0j)
    for part in ("real",) if real else ("real", "imag"):
        x = good.copy() if real else good + 0j
        getattr(x, part).flat[int(r.integers(x.size))] = bad
        own = model in ("pool", "pad") and not float(bad).is_integer()
        with pytest.raises(DataError) if own else refused(f"{name} {RANGE}{bad:.17g}", DataError):
            run(x)


@pytest.mark.parametrize(("x", "message"), [
    ([[1, 2], [3]], "X words must be an array of numbers, not lists of different lengths"),
    (["a"], "X words must be real numbers, not <U1"), ([None], "X words must be real numbers, not object"),
    ([1j], "X words must be real numbers, not complex128"), ([True], "X words must be real numbers, not bool"),
    ([np.uint64(2**64 - 1)], "X words must be integers from -8 to 7, not 1.8446744073709552e+19"),
    ([7, 8], "X words must be integers from -8 to 7, not 8"),
])
def test_what_is_no_word(x, message):
    with refused(message, DataError):
        check_words("X", x, 4, real=True)


def test_unsigned():
    with refused("Rsqrt words must be integers from 0 to 15, not -1", DataError):
        Rsqrt(width=4).run([1, -1])
    with refused("Rsqrt words must be integers from 0 to 15, not 16", DataError):
        Rsqrt(width=4).run([16])
    assert len(check_words("X", np.zeros((0, 3)), 4)) == 0
