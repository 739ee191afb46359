"""Pictures and error figures of a small network, against direct computation."""

import subprocess
import sys
from math import inf

import numpy as np
import pytest
from PIL import Image

from hadamac.errors import DataError, ToolError
from hadamac.quantised import PRESETS
from hadamac.quantised.comparison import error_table
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import traced
from hadamac.show import pictures, sheet
from hadamac.show.report import save_pictures
from support import seeds, tiny


def refused(message: str, error=DataError):
    return pytest.raises(error, match=rf"\A{message}\Z")


@pytest.fixture(scope="module")
def images():
    return tiny.digits()


@pytest.fixture(scope="module")
def small(images):
    network = tiny.on_digits()
    params = tiny.parameters(network, seeds.rng("small"))
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
        monkeypatch.setattr("hadamac.quantised.comparison.CHUNK", 5)  # the last batch is not full
        qnet, params = small
        row = next(row for row in error_table(qnet, params, images) if row.edge == edge)
        value = traced(qnet.network, params, images)[edge]
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
    def test_hermitian_is_the_centred_spectrum(self, rng):
        maps = rng.standard_normal((2, 16, 16))
        live = np.fft.fft2(maps)[:, np.r_[0:4, 13:16], :4]
        whole = np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))[:, 8 - 3 : 8 + 4, 8 - 3 : 8 + 4]
        np.testing.assert_allclose(pictures.hermitian(live, 16), whole, atol=1e-12)
        whole = np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))  # from -8 to 7, with the Nyquist bins
        np.testing.assert_allclose(pictures.hermitian(np.fft.rfft2(maps), 16), whole, atol=1e-12)

    @pytest.mark.parametrize(
        "count, grid", [(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (5, (2, 3)), (8, (4, 2)), (16, (4, 4)), (64, (8, 8))]
    )
    def test_grid(self, count, grid):
        assert sheet.grid(count) == grid

    def test_mosaic_holds_every_tile(self):
        tiles = np.arange(3 * 7 * 7.0).reshape(3, 7, 7)
        whole, zoom = sheet.mosaic(tiles)
        step = 7 * zoom + sheet.GAP
        assert whole.shape == (2 * step - sheet.GAP,) * 2
        for k, (y, x) in enumerate([(0, 0), (0, step), (step, 0)]):
            np.testing.assert_array_equal(whole[y : y + 7 * zoom : zoom, x : x + 7 * zoom : zoom], tiles[k])
        assert np.isnan(whole[step:, step:]).all() and np.isnan(whole[7 * zoom : step]).all()


class TestPictures:
    def test_names(self, drawn):
        names = "0_image spectrum0 product0 map0 spectrum1 product1 map1 logits overview".split()
        assert [path.name for path in drawn] == [f"{name}.png" for name in names]
        assert sorted(drawn[0].parent.iterdir()) == sorted([*drawn, drawn[0].parent / "pictures.json"])

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
        ("low_pass", ["", "FFT2", "× weights", "crop", "tanh", "add", "IFFT2, ReLU"]),
    ])
    def test_every_kind(self, name, operations, rng, tmp_path, monkeypatch):
        """Whole half-spectra, bins behind functions and odd sizes can be drawn; what was done is said right."""
        network = tiny.every()[name]
        params, images = tiny.parameters(network, rng), tiny.images(network, rng, 8)
        qnet, drawn, overview = quantise(network, params, images, PRESETS["default"]), [], pictures.overview

        def told(path, last, label):
            drawn.extend(edge.operation for edge in path)
            return overview(path, last, label)

        monkeypatch.setattr(pictures, "overview", told)
        paths = save_pictures(qnet, params, images[0], None, tmp_path)
        assert drawn == operations
        assert [p.stem for p in paths] == ["0_image", *list(qnet.edges)[1:], "overview"]
        rows = error_table(qnet, params, np.delete(images, (2, 3), 0))  # constant: normalised, rounding is all there is
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
        with refused(r"Images must have the shape \(n, 16, 16\) or \(n, 12, 12\), with or without an axis of 1 channel, not \(1, 12, 16, 16\): images of 12 channels do not fit a network of 1 channel"):
            save_pictures(*small, images, 0, tmp_path)

    def test_directory_is_a_file(self, small, images, tmp_path):
        (tmp_path / "file").write_text("")
        with refused(r"Cannot write .*file: it exists and is not a directory"):
            save_pictures(*small, images[0], 0, tmp_path / "file")

    def test_without_matplotlib(self, small, images, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with refused(r"Pictures need the Python package matplotlib, which can't be imported \(.*\)", ToolError):
            save_pictures(*small, images[0], 0, tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_import_is_light(self):
        code = "import sys, hadamac.show.report, hadamac.show.describe; print({'matplotlib', 'rich'} & set(sys.modules))"
        environment = {"PYTHONPATH": ":".join(sys.path)}
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=environment)
        assert out.stdout == "set()\n", out.stderr
