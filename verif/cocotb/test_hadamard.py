# amaranth: UnusedElaboratable=no
"""The Hadamard product as emitted: folds, lanes, shifts both ways, loading, banks."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.hadamard import hadamard
from hadamac_hw.layers.hadamard import Hadamard
from hadamac_hw.sim.beats import Beats
from support.cores import Core
from support.phases import Event, Phase, play_phases
from support.seeds import rng
from support.stimuli import corners, limits, uniform

# inputs, outputs, bins, lanes, width, weight bits
CORES = {
    "hadamard_1": (1, 2, 6, 1, 10, 8),
    "hadamard_folds": (6, 2, 3, 2, 12, 8),  # three folds, no power of two
    "hadamard_lanes": (4, 3, 6, 4, 16, 6),
    "hadamard_one_bin": (3, 5, 1, 3, 17, 8),  # every bin is DC; an adder tree of three
    "hadamard_many": (2, 7, 5, 1, 12, 8),
}


def parameters(r, inputs, outputs, bins, width, weight_width):
    """Weights at full scale and random, biases beside and beyond the products, shifts of both signs."""
    weights = np.concatenate([uniform(r, weight_width, outputs - 1, inputs, bins),
                              corners(r, weight_width, 1, inputs, bins)])
    fit = weight_width + inputs.bit_length()
    shift = fit + r.integers(-3, 2, outputs)
    shift[0], shift[-1] = -3, fit - 3  # one up; and one at which bins at full scale saturate
    weights[0] = r.integers(-1, 2, (inputs, bins))
    bias = r.integers(-(2 ** (width + weight_width - 2)), 2 ** (width + weight_width - 2), outputs)
    bias[0], bias[-1] = 1, -77
    return weights, bias, shift


def frames_of(r, inputs, bins, width):
    x = [uniform(r, width, 4, inputs, bins), corners(r, width, 4, inputs, bins), np.full((1, inputs, bins), 0j)]
    x += [np.full((1, inputs, bins), limits(width)[0] * (1 + 1j)), uniform(r, width, 4, inputs, bins, scale=0.003)]
    return np.concatenate(x)


def run(x, weights, bias, shift, width):
    y, over = hadamard(x[..., None], weights[..., None], bias, shift, width)
    return y[..., 0].reshape(len(x), -1), over


@pytest.mark.parametrize("name", list(CORES))
def test_core(name):
    inputs, outputs, bins, lanes, width, weight_width = CORES[name]
    r = rng(name)
    weights, bias, shift = parameters(r, inputs, outputs, bins, width, weight_width)
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=lanes, width=width, weight_width=weight_width,
                     loadable=False)
    core = Core(block, name)
    x = frames_of(r, inputs, bins, width)
    y, over = run(x, weights, bias, shift, width)
    np.testing.assert_array_equal(block.model(x).reshape(len(x), -1), y)
    assert over.any()
    if (~over).sum() < 2:
        x[-2:] = 0
        y, over = run(x, weights, bias, shift, width)
    x = x.reshape(len(x), -1)
    core.play_all(x, y, over, interval=max(inputs * bins, block.interval))


@pytest.mark.parametrize(("inputs", "lanes", "index"), [(4, 2, [0, 1, 2, 3, 3, 1, 3]), (3, 3, [2, 0, 1]), (6, 2, [0] * 5)])
def test_bins_that_share_weights(inputs, lanes, index):
    """Each bin takes the stored weights of its number; one bin more than a lookup has cycles is enough."""
    outputs, bins, width, sets = 3, len(index), 12, max(index) + 1
    r = rng("hadamard index", inputs)
    weights, bias, shift = parameters(r, inputs, outputs, sets, width, 8)
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=lanes, width=width, loadable=False, index=index)
    x = frames_of(r, inputs, bins, width)
    y, over = run(x, weights[..., index], bias, shift, width)
    np.testing.assert_array_equal(block.model(x).reshape(len(x), -1), y)
    Core(block, f"hadamard_index_{inputs}").play_all(x.reshape(len(x), -1), y, over, interval=max(inputs * bins, block.interval))


@pytest.mark.parametrize(("rows", "columns", "inputs", "lanes"), [(8, 4, 4, 2), (4, 4, 1, 1), (2, 8, 3, 1)])
def test_ramps_of_the_bias(rows, columns, inputs, lanes):
    """The bias of each pixel is that of the first one plus its row's and its column's steps, in plain integers."""
    outputs, width, bins = 3, 12, rows // 2 * columns
    r = rng("hadamard ramps", rows)
    weights, bias, shift = parameters(r, inputs, outputs, 1, width, 8)
    weights, ramps = weights.real + 0j, r.integers(-1000, 1000, (outputs, 2))
    bias, shift = bias // 16, np.array([4, 7, 6])
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=lanes, width=width, loadable=False, real=True,
                     index=[0] * bins, everywhere=True, ramps=ramps, columns=columns)
    x = np.concatenate([frames_of(r, inputs, bins, width), uniform(r, width, 3, inputs, bins, scale=0.003)])
    y = np.zeros((len(x), outputs, bins), dtype=complex)
    for o, b in np.ndindex(outputs, bins):
        k, column = divmod(b, columns)
        total = (x[:, :, b] * weights[o, :, 0]).sum(1)
        for part, row in ((0, 2 * k), (1, 2 * k + 1)):
            words = np.array([int(z.imag if part else z.real) for z in total], dtype=object)
            words = words + int(bias[o]) + row * int(ramps[o, 0]) + column * int(ramps[o, 1])
            scaled = words / 2.0 ** int(shift[o])
            y[:, o, b] += np.rint(scaled.astype(float)) * (1j if part else 1)
    low, high = limits(width)
    parts = np.stack([y.real, y.imag])
    over = ((parts < low) | (parts > high)).any((0, 2, 3))
    y = np.clip(y.real, low, high) + 1j * np.clip(y.imag, low, high)
    np.testing.assert_array_equal(block.model(x), y)
    assert over.any() and (~over).sum() > 1
    Core(block, f"hadamard_ramps_{rows}").play_all(x.reshape(len(x), -1), y.reshape(len(x), -1), over,
                                                   interval=max(inputs * bins, block.interval))


@pytest.mark.parametrize("loadable", [False, True])
def test_real_weights(loadable):
    """Half the multipliers, the same bits."""
    inputs, outputs, bins, width = 4, 3, 6, 12
    r = rng("hadamard real")
    weights, bias, shift = parameters(r, inputs, outputs, bins, width, 8)
    weights = weights.real + 0j
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=2, width=width, loadable=loadable, real=True)
    assert block.multipliers == 4
    x = frames_of(r, inputs, bins, width)
    y, over = run(x, weights, bias, shift, width)
    core = Core(block, f"hadamard_real_{loadable}")
    assert core.verilog.count(" * $signed(") == 4
    core.play_all(x.reshape(len(x), -1), y, over, interval=max(inputs * bins, block.interval))


def load_words(block: Hadamard, bank: int, weights, bias, shift) -> list[int]:
    """The beats that the docstring of `load` asks for, from its text alone."""
    fields = {name: (field.offset, field.shape) for name, field in block.load.payload.shape()}
    mask = (1 << block.weight_width) - 1
    out = []

    def word(lane, address, data):
        total = 0
        for name, value in (("bank", bank), ("lane", lane), ("address", address), ("data", data)):
            total |= value << fields[name][0]
        out.append(total)

    for o in range(block.outputs):
        for b in range(block.bins):
            for f in range(block.folds):
                for lane in range(block.lanes):
                    w = weights[o, f * block.lanes + lane, b]
                    word(lane, (o * block.bins + b) * block.folds + f,
                         (int(w.real) & mask) | ((int(w.imag) & mask) << block.weight_width))
        word(block.lanes, o, (int(bias[o]) & ((1 << block.bias_width) - 1)) | ((block.drop - int(shift[o])) << block.bias_width))
    return out


@pytest.fixture(scope="module")
def loadable():
    r = rng("load")
    sets = [parameters(r, 4, 3, 5, 12, 8) for _ in range(3)]
    for _, _, shift in sets:
        shift[...] = np.clip(shift, 6, 9)
    weights, bias, shift = sets[0]
    shift[1] = 9  # drop and the bits of `left` are the built ones
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=2, width=12, banks=2)
    x = frames_of(r, 4, 5, 12)
    return Core(block, "hadamard_load"), sets, x


@pytest.mark.parametrize("bank", (0, 1))
def test_loading(loadable, bank):
    """Both banks hold what was built in; loading one does not touch the other."""
    core, sets, x = loadable
    y, over = run(x, *sets[0], 12)
    frames = x.reshape(len(x), -1)
    other = Beats.of(load_words(core.block, 1 - bank, *sets[1]))
    core.play(frames, y, overflow=over.any(), signals={"bank": bank}, stalls=["none", "both"], preload={"s_load": other},
              expected_latency=core.block.latency + 1, expected_interval=max(20, core.block.interval))
    y, over = run(x, *sets[2], 12)
    mine = Beats.of(other.words + load_words(core.block, bank, *sets[2]))
    core.play(frames, y, overflow=over.any(), signals={"bank": bank}, stalls=["none", "bursts"], preload={"s_load": mine})


def test_bank_is_sampled_when_a_frame_s_computation_begins(loadable):
    """The bank of a frame is that of the cycle after its last beat (and the guard's); before and after, the port says the
    other one."""
    core, sets, x = loadable
    both = load_words(core.block, 0, *sets[1]) + load_words(core.block, 1, *sets[2])
    banks = [0, 1, 1, 0, 1, 0, 0, 1]
    quiet = x[-4:]
    frames = np.concatenate([quiet, quiet])
    y = np.concatenate([run(f[None], *sets[1 + b], 12)[0] for f, b in zip(frames, banks)])
    length = frames[0].size
    events = []
    for k, bank in enumerate(banks):
        last = (k + 1) * length
        # Driven after the edge that takes a beat, a value holds in the next cycle: there the computation begins.
        events += [Event(last, core.guard, "bank", bank), Event(last, core.guard + 1, "bank", 1 - bank)]
    sent, expected = core.beats(frames.reshape(8, -1), core.block.i), core.beats(y, core.block.o)
    preload = {"s_load": Beats.of(both)}
    for gap in (core.block.interval, core.block.interval - length):  # the second: the next frame is complete just in time
        play_phases(core.verilog, core.name, [Phase(sent, expected, events, gap=gap)], preload=preload)


def test_the_smallest_product_has_two_banks_too():
    """One channel, one bin: a single weight, whose address still has a bit beside the bank's."""
    r = rng("smallest")
    weights, bias, shift = np.array([[[100 - 90j]]]), np.array([3000]), np.array([9])
    block = Hadamard(weights=weights, bias=bias, shift=shift, lanes=1, width=10, banks=2)
    core = Core(block, "hadamard_smallest")
    x = uniform(r, 10, 12, 1, 1)
    for parameters in ((weights, bias, shift), (np.array([[[-3 + 5j]]]), np.array([-7]), np.array([6]))):
        for bank in (0, 1):
            y, over = run(x, *parameters, 10)
            mine = Beats.of(load_words(block, bank, *parameters))
            core.play(x.reshape(12, 1), y, overflow=over.any(), signals={"bank": bank}, stalls=["none"],
                      preload={"s_load": mine} if parameters[0] is not weights else None)


def test_flag_is_cleared_by_reset(loadable):
    core, sets, x = loadable
    y, over = run(x, *sets[0], 12)
    loud, quiet = np.flatnonzero(over)[:1], np.flatnonzero(~over)[:2]
    assert len(loud) and len(quiet)
    phases = []
    for pick, flag in ((loud, 1), (quiet, 0), (loud, 1), (quiet, 0)):
        sent = core.beats(x[pick].reshape(len(pick), -1), core.block.i)
        phases.append(Phase(sent, core.beats(y[pick], core.block.o), final={"overflow": flag, "frame_error": 0}))
    play_phases(core.verilog, core.name, phases, zero=("overflow", "frame_error", "m_axis_tvalid"))
