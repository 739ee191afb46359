"""Tables of what a network and its circuit consist of: stages, weights, multiplications."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from hadamac.cost.estimate import Plan, estimate
from hadamac.data import shipped_digits
from hadamac.network import default_network
from hadamac.network.spectra import kernel_spectrum
from hadamac.quantised import PRESETS
from hadamac.quantised.quantise import quantise
from hadamac.show.describe import layer_rows, layer_table
from support import seeds, tiny

SUMS = ("weights", "multiplications", "multiplications_in_space", "multipliers", "memory_bits")


@pytest.fixture(scope="module")
def images():
    return tiny.digits()


@pytest.fixture(scope="module")
def small(images):
    network = tiny.on_digits()
    params = tiny.parameters(network, seeds.rng("small"))
    return quantise(network, params, images, PRESETS["default"]), params


def test_rows_are_the_stages(small):
    qnet, _ = small
    *rows, total = layer_rows(qnet)
    e = estimate(qnet)
    for row, stage in zip(rows, e.stages, strict=True):
        figures = stage.interval, stage.multipliers, stage.memory_bits, stage.first_output
        assert (row["interval"], row["multipliers"], row["memory_bits"], row["first_output"]) == figures
        assert row["stage"] == stage.name
    assert (total["interval"], total["first_output"]) == (e.interval, e.latency)
    assert (total["multipliers"], total["memory_bits"]) == (e.multipliers, e.memory_bits)
    for column in SUMS:
        assert total[column] == sum(row[column] for row in rows)


def test_folding(small):
    qnet, _ = small
    folding = Plan(hadamard=(1, 2), dense=4)
    assert layer_rows(qnet, folding)[-1]["multipliers"] == estimate(qnet, folding).multipliers
    assert estimate(qnet, folding) != estimate(qnet)


def test_shapes_are_the_traces(small, images):
    qnet, _ = small
    trace = qnet.predict(images[:1], trace=True).trace
    rows = {row["stage"]: row for row in layer_rows(qnet)}
    edges = {"input": "image"} | {s.stage.name: s.stage.edge for s in qnet.stages if s.stage.edge}
    assert list(edges.values()) == list(trace) and set(rows) - set(edges) == {"ifft0", "ifft1", "total"}
    for stage, edge in edges.items():
        assert rows[stage]["output"] == list(trace[edge].shape[1:]), edge
        assert rows[stage]["format"] == str(qnet.edges[edge])
    for k in range(2):  # an IFFT's own edge has no name: a ReLU keeps its shape and format
        assert [rows[f"ifft{k}"][c] for c in ("output", "format")] == [rows[f"relu{k}"][c] for c in ("output", "format")]


@pytest.mark.parametrize("name", list(tiny.every()))
def test_every_kind(name, rng):
    """Rows are the stages, their sums the total; the table of any network fits a terminal."""
    network = tiny.every()[name]
    qnet = tiny.quantised(network, rng, count=4)
    *rows, total = layer_rows(qnet)
    assert [row["stage"] for row in rows] == ["input", *(s.stage.name for s in qnet.stages)]
    for column in SUMS:
        assert total[column] == sum(row[column] for row in rows)
    trace = qnet.predict(tiny.images(network, rng, 1), trace=True).trace
    for row, s in zip(rows[1:], qnet.stages):
        if s.stage.edge:
            words = trace[s.stage.edge]
            assert (row["output"], row["format"]) == (list(words.shape[1:]), str(qnet.edges[s.stage.edge]))
            assert (row["live_bins"] is not None) == np.iscomplexobj(words)
    free = sum(np.prod(shape) for shape in network.parameters.values())
    assert json.loads(json.dumps(rows)) == rows and 0 < rows[-1]["weights"] <= free
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    console.print(layer_table(qnet))
    assert "…" not in console.export_text()


def test_figures_of_kinds(rng):
    """Weights and multiplications of a stage as formulas."""
    rows = {}
    for name in ("max_pool", "modrelu", "quadratic", "normalise_pool", "modulus"):
        qnet = tiny.quantised(tiny.kinds()[name], rng, count=4)
        rows |= {(name, row["stage"]): row for row in layer_rows(qnet)}

    def of(*key):
        return rows[key]["weights"], rows[key]["multiplications"]

    # A whole spectrum of 16 x 16 reals, half of them of an even kernel; two products a bin.
    assert of("max_pool", "hadamard0") == (2 * (128 + 1), 2 * 2 * 144)
    assert of("max_pool", "hadamard1") == (2 * (2 * 32 + 1), 2 * 2 * 2 * 40)
    assert of("max_pool", "sigmoid0") == (0, 2 * 256) and of("max_pool", "max_pool0") == (0, 0)
    assert of("max_pool", "normalise0") == (0, 4 * 2 * 40)  # a count of a power of two needs no product
    assert of("normalise_pool", "normalise0") == (0, 4 * 2 * 144)
    assert of("modulus", "normalise0") == (0, 4 * 2 * 144) and of("modulus", "modulus0") == (0, 2 * 2 * 15)
    assert of("modulus", "hadamard1") == (2 * (2 * 25 + 1), 4 * 2 * 2 * 15)
    assert of("modrelu", "modrelu0") == (2, 6 * 2 * 28)
    assert of("quadratic", "quadratic0") == (3, 2 * 2 * 256) and of("quadratic", "quadratic1") == (3, 2 * 2 * 16)
    assert rows["modulus", "hadamard1"]["multiplications_in_space"] == 5 * 5 * 2 * 2 * 5 * 5  # free: k = N
    assert rows["quadratic", "hadamard1"]["what"] == ["SpectralConv 2→2, 3×3"]
    assert rows["normalise_pool", "crop0"]["what"] == ["crop to |u|, |v| ≤ 2"]
    assert rows["normalise_pool", "normalise0"]["what"] == ["Normalise over bins"]
    assert rows["modulus", "normalise0"]["what"] == ["Normalise over map, n - 1"]


def test_bins(small):
    rows = {row["stage"]: row for row in layer_rows(small[0])}
    assert (rows["fft0"]["live_bins"], rows["fft0"]["bins"]) == ([7, 4], [16, 9])
    assert (rows["hadamard1"]["live_bins"], rows["hadamard1"]["bins"]) == ([3, 2], [8, 5])
    assert rows["ifft1"]["live_bins"] is None


def test_reals_are_the_free_ones(small, rng):
    """Random kernels as large as their maps reach exactly (2r+1)**2 dimensions of live bins."""
    live = kernel_spectrum(rng.standard_normal((100, 15, 15)), (16, 16))[:, np.r_[0:4, 13:16], :4]
    rank = np.linalg.matrix_rank(np.concatenate([live.real, live.imag], -1).reshape(100, -1))
    rows = {row["stage"]: row for row in layer_rows(small[0])}
    assert rank == 7 * 7
    assert rows["hadamard0"]["weights"] == 2 * (rank + 1)
    assert rows["hadamard1"]["weights"] == 3 * (2 * 3 * 3 + 1)
    assert rows["dense"]["weights"] == 4 * 3 * 4 * 4 + 4


def test_multiplications(small):
    rows = {row["stage"]: row for row in layer_rows(small[0])}
    assert rows["hadamard0"]["multiplications"] == 4 * 2 * 28
    assert rows["hadamard1"]["multiplications"] == 4 * 2 * 3 * 6
    assert rows["fft0"]["multiplications"] == 4 * (8 * 16 + 4 * 16)  # one product to a 16-point transform
    assert rows["ifft1"]["multiplications"] == 0  # a 4-point transform needs none
    assert rows["hadamard1"]["multiplications_in_space"] == 3 * 3 * 2 * 3 * 8 * 8
    assert rows["dense"]["multiplications"] == rows["dense"]["multiplications_in_space"] == 4 * 48


def test_json(small):
    rows = layer_rows(small[0])
    assert json.loads(json.dumps(rows)) == rows


def test_table(small):
    qnet, _ = small
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    console.print(layer_table(qnet))
    text = console.export_text()
    e = estimate(qnet)
    assert "…" not in text
    for stage in e.stages:
        assert f"\n{stage.name} " in text
    footer = next(line for line in text.splitlines() if line.startswith("total"))
    assert footer.split()[-4:] == [f"{n:,}" for n in (e.multipliers, e.memory_bits, e.interval, e.latency)]
    assert "SpectralConv 2→3, 3×3" in text and "SpectralPool 8x8→4x4" in text and "of 16×9" in text


def test_default_network(rng):
    """The figures that the documentation gives."""
    network = default_network()
    qnet = quantise(network, tiny.parameters(network, rng), shipped_digits()[0][:20], PRESETS["default"])
    rows = {row["stage"]: row for row in layer_rows(qnet)}
    assert rows["hadamard0"]["weights"] + rows["hadamard1"]["weights"] == 8096
    assert rows["total"]["multiplications"] == 52992
    assert rows["hadamard0"]["multiplications_in_space"] + rows["hadamard1"]["multiplications_in_space"] == 1_024_000
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    console.print(layer_table(qnet))
    assert "…" not in console.export_text()
