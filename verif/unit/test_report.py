"""Pictures, error figures and tables of a small network, against direct computation."""

import io
import json
import subprocess
import sys
from math import inf

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from hadamac import pictures
from hadamac.data import shipped_digits
from hadamac.describe import layer_rows, layer_table
from hadamac.errors import DataError, ToolError
from hadamac.estimate import Plan, estimate
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool, default_network
from hadamac.quantise import quantise
from hadamac.quantised import PRESETS
from hadamac.reference import forward
from hadamac.report import error_table, save_pictures
from hadamac.spectra import kernel_spectrum
from support import tiny

SEED = 7
SUMS = ("weights", "multiplications", "multiplications_in_space", "multipliers", "memory_bits")


def refused(message: str, error=DataError):
    return pytest.raises(error, match=rf"\A{message}\Z")


def random_params(network, rng) -> dict:
    """Weights that keep the maps' size about constant from layer to layer."""
    return {k: rng.standard_normal(s) / np.sqrt(max(np.prod(s[1:]), 1)) for k, s in network.parameters.items()}


@pytest.fixture(scope="module")
def images():
    """The middle of the shipped digits, 16 x 16."""
    return shipped_digits()[0][:12, 6:22, 6:22]


@pytest.fixture(scope="module")
def small(images):
    """A network 16 -> 8 -> 4 with random weights and its parameters."""
    print(f"seed {SEED}")
    network = Network(name="small", size=16, channels=1, layers=(
        SpectralConv(channels=2, kernel=5), SpectralPool(size=8), Activation(),
        SpectralConv(channels=3, kernel=3), SpectralPool(size=4), Activation(), Dense(outputs=4),
    ))  # fmt: skip
    params = random_params(network, np.random.default_rng(SEED))
    return quantise(network, params, images, PRESETS["default"]), params


@pytest.fixture(scope="module")
def drawn(small, images, tmp_path_factory):
    """All pictures of one digit."""
    qnet, params = small
    return save_pictures(qnet, params, images[0], 3, tmp_path_factory.mktemp("pictures") / "new" / "deep")


class TestErrorTable:
    def test_edges_in_order(self, small, images):
        qnet, params = small
        rows = error_table(qnet, params, images)
        names = "image spectrum0 product0 map0 spectrum1 product1 map1 logits".split()
        assert [row.edge for row in rows] == names
        assert [row.format for row in rows] == [qnet.edges[name] for name in names]

    def test_image_is_exact(self, small, images):
        row = error_table(*small, images)[0]
        assert (row.max_lsb, row.sqnr) == (0, inf)
        assert row.fill == images.max() / 256

    @pytest.mark.parametrize("edge", ["spectrum0", "product1", "map1", "logits"])
    def test_numbers(self, small, images, edge, monkeypatch):
        monkeypatch.setattr("hadamac.report.CHUNK", 5)  # the last batch is not full
        qnet, params = small
        row = next(row for row in error_table(qnet, params, images) if row.edge == edge)
        value = forward(qnet.network, params, images, trace=True)[1][edge]
        words = qnet.predict(images, trace=True).trace[edge]
        parts = np.stack([words.real, words.imag]), np.stack([value.real, value.imag])
        error = parts[0] / 2.0**row.format.f - parts[1]
        assert row.max_lsb == pytest.approx(np.abs(error).max() * 2.0**row.format.f, rel=1e-12)
        assert row.sqnr == pytest.approx(10 * np.log10((parts[1] ** 2).sum() / (error**2).sum()), rel=1e-12)
        assert row.fill == np.abs(parts[0]).max() / 2 ** (row.format.i + row.format.f - 1)

    def test_first_transform_is_within_few_lsb(self, small, images):
        """Before the first rounded weight there is the transform's own rounding only."""
        row = error_table(*small, images)[1]
        assert row.edge == "spectrum0" and 0 < row.max_lsb < 4 and row.sqnr > 50

    def test_silence(self, small):
        """An image of zeros: no signal, and what the biases bring is still measured."""
        rows = {row.edge: row for row in error_table(*small, np.zeros((1, 16, 16), np.uint8))}
        assert rows["image"].sqnr == rows["spectrum0"].sqnr == inf and rows["image"].fill == 0

    def test_no_image(self, small):
        with refused("Error table needs at least one image, not 0"):
            error_table(*small, np.zeros((0, 16, 16), np.uint8))


class TestArrays:
    def test_hermitian_is_the_centred_spectrum(self):
        maps = np.random.default_rng(SEED).standard_normal((2, 16, 16))
        live = np.fft.fft2(maps)[:, np.r_[0:4, 13:16], :4]
        whole = np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))[:, 8 - 3 : 8 + 4, 8 - 3 : 8 + 4]
        np.testing.assert_allclose(pictures.hermitian(live), whole, atol=1e-12)
        whole = np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))  # from -8 to 7, with the Nyquist bins
        np.testing.assert_allclose(pictures.hermitian(np.fft.rfft2(maps)), whole, atol=1e-12)

    @pytest.mark.parametrize(
        "count, grid", [(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (5, (2, 3)), (8, (4, 2)), (16, (4, 4)), (64, (8, 8))]
    )
    def test_grid(self, count, grid):
        assert pictures.grid(count) == grid

    def test_mosaic_holds_every_tile(self):
        tiles = np.arange(3 * 7 * 7.0).reshape(3, 7, 7)
        whole, zoom = pictures.mosaic(tiles)
        step = 7 * zoom + pictures.GAP
        assert whole.shape == (2 * step - pictures.GAP,) * 2
        for k, (y, x) in enumerate([(0, 0), (0, step), (step, 0)]):
            np.testing.assert_array_equal(whole[y : y + 7 * zoom : zoom, x : x + 7 * zoom : zoom], tiles[k])
        assert np.isnan(whole[step:, step:]).all() and np.isnan(whole[7 * zoom : step]).all()


class TestPictures:
    def test_names(self, drawn):
        names = "0_image spectrum0 product0 map0 spectrum1 product1 map1 logits overview".split()
        assert [path.name for path in drawn] == [f"{name}.png" for name in names]
        assert sorted(drawn[0].parent.iterdir()) == sorted(drawn)

    def test_files_are_pictures(self, drawn):
        for path in drawn:
            with Image.open(path) as image:
                assert image.format == "PNG"
                pixels = np.asarray(image.convert("L"))
            assert 400 <= pixels.shape[0] <= 1000 and 400 <= pixels.shape[1] <= 4000, path.name
            assert (pixels[:, :12] == 255).all() and (pixels[-6:] == 255).all(), f"{path.name}: drawn over the margin"
            assert pixels.std() > 20, f"{path.name} is blank"
            assert path.stat().st_size < 300_000, path.name

    def test_overview_is_a_banner(self, drawn):
        with Image.open(drawn[-1]) as image:
            assert image.width > 2 * image.height

    def test_same_input_same_bytes(self, small, images, drawn, tmp_path):
        again = save_pictures(*small, images[0], 3, tmp_path)
        assert [path.read_bytes() for path in again] == [path.read_bytes() for path in drawn]

    @pytest.mark.parametrize("name, operations", [
        ("normalise_pool", ["", "FFT2", "× weights", "normalise", "crop", "hard-tanh"]),
        ("max_pool", ["", "FFT2", "× weights", "IFFT2, sigmoid", "max pooling", "FFT2", "× weights", "normalise",
                      "IFFT2, SiLU"]),
        ("modrelu", ["", "FFT2", "× weights", "modReLU", "IFFT2, ReLU"]),
        ("modulus", ["", "FFT2", "× weights", "normalise", "crop", "modulus", "× weights"]),
    ])
    def test_every_kind(self, name, operations, tmp_path, monkeypatch):
        """Whole half-spectra, bins behind functions and odd sizes can be drawn; what was done is said right."""
        network, rng = tiny.kinds()[name], np.random.default_rng(SEED)
        params, images = tiny.parameters(network, rng), tiny.images(network, rng, 8)
        qnet, drawn, overview = quantise(network, params, images, PRESETS["default"]), [], pictures.overview

        def told(path, last, label):
            drawn.extend(edge.operation for edge in path)
            return overview(path, last, label)

        monkeypatch.setattr(pictures, "overview", told)
        paths = save_pictures(qnet, params, images[0], None, tmp_path)
        assert drawn == operations
        assert [p.stem for p in paths] == ["0_image", *list(qnet.edges)[1:], "overview"]
        rows = error_table(qnet, params, images)
        assert [row.edge for row in rows] == list(qnet.edges) and min(row.sqnr for row in rows) > 15

    def test_blank_image_without_label(self, small, tmp_path):
        """No signal anywhere in the first group: no division by zero."""
        with np.errstate(all="raise"):
            paths = save_pictures(*small, np.zeros((16, 16), np.uint8), None, tmp_path)
        assert all(path.stat().st_size for path in paths)

    def test_padded_image(self, small, tmp_path):
        assert len(save_pictures(*small, np.full((12, 12), 9, np.uint8), 0, tmp_path)) == 9

    @pytest.mark.parametrize("label", [-1, 4, 1.0, True, "3"])
    def test_label(self, small, images, label, tmp_path):
        with refused(rf"Label must be an integer from 0 to 3 or None, not {label!r}"):
            save_pictures(*small, images[0], label, tmp_path)

    def test_batch(self, small, images, tmp_path):
        with refused(r"Image must be one image of two dimensions, not of the shape \(12, 16, 16\)"):
            save_pictures(*small, images, 0, tmp_path)

    def test_directory_is_a_file(self, small, images, tmp_path):
        (tmp_path / "file").write_text("")
        with refused(r"Cannot make the directory .*file: File exists"):
            save_pictures(*small, images[0], 0, tmp_path / "file")

    def test_without_matplotlib(self, small, images, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with refused(r"Pictures need the Python package matplotlib, which can't be imported \(.*\)", ToolError):
            save_pictures(*small, images[0], 0, tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_import_is_light(self):
        code = "import sys, hadamac.report, hadamac.describe; print({'matplotlib', 'rich'} & set(sys.modules))"
        environment = {"PYTHONPATH": ":".join(sys.path)}
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
        assert out.stdout == "set()\n", out.stderr


class TestLayers:
    def test_rows_are_the_stages(self, small):
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

    def test_folding(self, small):
        qnet, _ = small
        folding = Plan(hadamard=(1, 2), dense=4)
        assert layer_rows(qnet, folding)[-1]["multipliers"] == estimate(qnet, folding).multipliers
        assert estimate(qnet, folding) != estimate(qnet)

    def test_shapes_are_the_traces(self, small, images):
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

    @pytest.mark.parametrize("name", list(tiny.kinds()))
    def test_every_kind(self, name):
        """Rows are the stages, their sums the total; the table of any network fits a terminal."""
        network, rng = tiny.kinds()[name], np.random.default_rng(SEED)
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

    def test_figures_of_kinds(self):
        """Weights and multiplications of a stage as formulas."""
        rows = {}
        for name in ("max_pool", "modrelu", "quadratic", "normalise_pool", "modulus"):
            qnet = tiny.quantised(tiny.kinds()[name], np.random.default_rng(SEED), count=4)
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

    def test_bins(self, small):
        rows = {row["stage"]: row for row in layer_rows(small[0])}
        assert (rows["fft0"]["live_bins"], rows["fft0"]["bins"]) == ([7, 4], [16, 9])
        assert (rows["hadamard1"]["live_bins"], rows["hadamard1"]["bins"]) == ([3, 2], [8, 5])
        assert rows["ifft1"]["live_bins"] is None

    def test_reals_are_the_free_ones(self, small):
        """Random kernels as large as their maps reach exactly (2r+1)**2 dimensions of live bins."""
        rng = np.random.default_rng(SEED)
        live = kernel_spectrum(rng.standard_normal((100, 15, 15)), 16)[:, np.r_[0:4, 13:16], :4]
        rank = np.linalg.matrix_rank(np.concatenate([live.real, live.imag], -1).reshape(100, -1))
        rows = {row["stage"]: row for row in layer_rows(small[0])}
        assert rank == 7 * 7
        assert rows["hadamard0"]["weights"] == 2 * (rank + 1)
        assert rows["hadamard1"]["weights"] == 3 * (2 * 3 * 3 + 1)
        assert rows["dense"]["weights"] == 4 * 3 * 4 * 4 + 4

    def test_multiplications(self, small):
        rows = {row["stage"]: row for row in layer_rows(small[0])}
        assert rows["hadamard0"]["multiplications"] == 4 * 2 * 28
        assert rows["hadamard1"]["multiplications"] == 4 * 2 * 3 * 6
        assert rows["fft0"]["multiplications"] == 4 * (8 * 16 + 4 * 16)  # one product to a 16-point transform
        assert rows["ifft1"]["multiplications"] == 0  # a 4-point transform needs none
        assert rows["hadamard1"]["multiplications_in_space"] == 3 * 3 * 2 * 3 * 8 * 8
        assert rows["dense"]["multiplications"] == rows["dense"]["multiplications_in_space"] == 4 * 48

    def test_json(self, small):
        rows = layer_rows(small[0])
        assert json.loads(json.dumps(rows)) == rows

    def test_table(self, small):
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
        assert "SpectralConv 2→3, 3×3" in text and "SpectralPool 8→4" in text and "of 16×9" in text


def test_default_network():
    """The figures that the documentation gives."""
    network = default_network()
    params = random_params(network, np.random.default_rng(SEED))
    qnet = quantise(network, params, shipped_digits()[0][:20], PRESETS["default"])
    rows = {row["stage"]: row for row in layer_rows(qnet)}
    assert rows["hadamard0"]["weights"] + rows["hadamard1"]["weights"] == 8096
    assert rows["total"]["multiplications"] == 52992
    assert rows["hadamard0"]["multiplications_in_space"] + rows["hadamard1"]["multiplications_in_space"] == 1_024_000
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    console.print(layer_table(qnet))
    assert "…" not in console.export_text()
