"""Tests of a user's own images on the command line: file formats, sizes, labels, names of classes, and records."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from hadamac.data import shipped_digits
from hadamac.errors import ArtifactError, DataError
from hadamac.network import Dense, Network, SpectralPool
from hadamac.quantised import PRESETS
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward
from hadamac_cli.data import split
from hadamac_cli.sets import ImageSet
from support import commands, tiny
from support.commands import write_idx
from support.seeds import refused

hadamac = commands.hadamac

NAMES = ("ant", "bee", "cow [red]", "dog & co", "$elk$")


def own(count: int = 24):
    """Return a network of 16 x 16 pixels and five classes, its parameters, images, and its own answers as labels."""
    # Always the same: how often fixed point agrees depends on the weights.
    network, r = tiny.two_groups(), np.random.default_rng(9)
    params, images = tiny.parameters(network, r), tiny.images(network, r, count)
    return network, params, images, forward(network, params, images).argmax(1)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a directory with an artifact ``own``, its images in every format, and a data set in ``set``."""
    network, params, images, labels = own()
    save(Artifact(quantise(network, params, images, PRESETS["default"]), params, classes=NAMES), tmp_path / "own")
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "y.npy", labels)
    write_idx(tmp_path / "x.idx", images)
    write_idx(tmp_path / "y.idx.gz", labels)
    (tmp_path / "set").mkdir()
    for stem in ("train", "t10k"):
        write_idx(tmp_path / "set" / f"{stem}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / "set" / f"{stem}-labels-idx1-ubyte", labels)
    (tmp_path / "network.json").write_text(json.dumps(network.to_json()))
    (tmp_path / "names.txt").write_text("\n".join(NAMES) + "\n\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digest(images, labels=None) -> str:
    after = b"" if labels is None else np.asarray(labels, dtype="<i8").tobytes()
    return hashlib.sha256(images.tobytes() + after).hexdigest()


def test_images_and_labels_in_every_form(hadamac, place):
    for images in ("x.npy", "x.idx"):
        for labels in ("y.npy", "y.idx.gz"):
            code, out, err = hadamac("predict", "own", "--images", images, "--labels", labels)
            assert (code, err) == (0, "")
            assert out.startswith(f"Predicting 24 images of {images}, {labels}\n") and "\naccuracy 100.00 % (24 of 24)\n" in out
    code, out, err = hadamac("predict", "own", "--data", "set")
    assert (code, err) == (0, "")
    assert out.startswith("Predicting 24 images of set/t10k-images-idx3-ubyte.gz, set/t10k-labels-idx1-ubyte\n")


def test_classes_are_shown_by_name(hadamac, place):
    code, out, err = hadamac("predict", "own", "--images", "x.npy")
    wanted = [NAMES[k] for k in load("own").predict(np.load("x.npy")).classes]
    assert (code, err) == (0, "") and out.splitlines()[-1] == "classes " + ", ".join(wanted)
    code, out, err = hadamac("show", "own")
    assert (code, err) == (0, "") and "classes 0 ant, 1 bee, 2 cow [red], 3 dog & co, 4 $elk$\n" in out


def test_errors_and_pictures_of_own_images(hadamac, place):
    code, out, err = hadamac("show", "own", "--images", "x.npy", "--labels", "y.npy", "--errors", "--pictures", "p",
                             "--index", 3)
    assert (code, err) == (0, "") and "Errors over 24 images of x.npy, y.npy\n" in out
    assert "Picturing image 3 of x.npy, y.npy\n" in out and (place / "p" / "overview.png").is_file()


NONE = "Images must have the shape (n, 16, 16) or (n, 12, 12), with or without an axis of 1 channel, not (1, 28, 28) (the " \
       "shipped digits, for the network two); name others with --images or --data"
BAD = [
    (("predict", "own"), NONE), (("sim", "own"), NONE), (("demo", "own", "--out", "d"), NONE),
    (("show", "own", "--errors"), NONE), (("quantise", "own", "--out", "q"), NONE),
    (("predict", "--images", "x.npy"),
     "Images must have the shape (n, 32, 32) or (n, 28, 28), with or without an axis of 1 channel, not (24, 16, 16) (x.npy, "
     "for the network mnist-32)"),
    (("predict", "own", "--images", "flat.npy"), "Images must have the shape (n, 16, 16) or (n, 12, 12), with or without an axis of 1 channel, not (16, 16): a single one "
     "needs a first axis of 1 (flat.npy, for the network two)"),
    (("predict", "own", "--images", "empty.npy"), "Images of empty.npy must be at least 1, not 0"),
    (("predict", "own", "--images", "y.npy"), "Images must have the shape (n, 16, 16) or (n, 12, 12), with or without an axis of 1 channel, not (24,) (y.npy, for the "
     "network two)"),
    (("predict", "own", "--images", "photo.png"),
     "Picture photo.png cannot be read: its header is not that of a PNG file"),
    (("predict", "own", "--images", "x.npy", "--labels", "photo.png"),
     "Label file photo.png must be a .npy array of numbers or an IDX file, plain or .gz, not a PNG picture"),
    (("predict", "own", "--images", "no.npy"), "Sample file no.npy does not exist"),
    (("predict", "own", "--images", "x.npy", "--labels", "far.npy"),
     "Labels of x.npy, far.npy must be from 0 to 4, the classes of the network two, not 7"),
    (("predict", "own", "--images", "x.npy", "--labels", "few.npy"),
     "Labels of x.npy, few.npy must be 24 integers, one for each image, not int64 of the shape (3,)"),
    (("predict", "own", "--labels", "y.npy"), "Labels (--labels) need their images (--images)"),
    (("predict", "own", "--images", "x.npy", "--data", "set"), "Images must come from --images or from --data, not from both"),
    (("predict", "own", "--data", "none"), "Data directory must be an existing directory, not none"),
    (("quantise", "own", "--out", "q", "--data", "set", "--test-images", "x.npy"),
     "Images to test on must come from --data or from --test-images, not from both"),
    (("quantise", "own", "--out", "q", "--images", "x.npy", "--test-labels", "y.npy"),
     "Labels to test on (--test-labels) need their images (--test-images)"),
    (("sim", "own", "--images", "x.npy", "--frames", "25"),
     "Frames to simulate must be from 2 to 24, the number of images, not 25"),
    (("sim", "own", "--images", "one.npy"), "Simulation needs at least 2 images, not the one of one.npy"),
    (("show", "own", "--images", "x.npy", "--pictures", "p", "--index", "24"), "Image index must be from 0 to 23, not 24"),
    (("train", "--out", "t", "--network", "network.json"), "Training needs --data, or --images with their labels"),
    (("train", "--out", "t", "--network", "network.json", "--images", "x.npy"),
     "Training needs labels of x.npy: name them with --labels or --test-labels"),
    (("train", "--out", "t", "--network", "network.json", "--data", "set", "--classes", "a,b"),
     "Classes must be 5 names, one for each output of the network, not 2"),
    (("train", "--out", "t", "--network", "network.json", "--data", "set", "--classes", "a,b,c,d,a"),
     "Class names must differ, not be 'a' twice"),
    (("train", "--out", "t", "--network", "network.json", "--data", "set", "--classes", "a,b,c,d,"),
     "Class name must be 1 to 64 printable characters, not ''"),
    (("train", "--out", "t", "--network", "network.json", "--data", "set", "--name", "a b"),
     "Network name must be letters, digits, '-' and '_', not 'a b'"),
    (("train", "--out", "t", "--data", "set"),
     "Images must have the shape (n, 32, 32) or (n, 28, 28), with or without an axis of 1 channel, not (24, 16, 16) "
     "(set/train-images-idx3-ubyte.gz, set/train-labels-idx1-ubyte, for the network t)"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[" ".join(a) for a, _ in BAD])
def test_what_does_not_fit_is_refused_in_one_line(hadamac, place, arguments, message):
    np.save("flat.npy", np.zeros((16, 16), np.uint8))
    np.save("empty.npy", np.zeros((0, 16, 16), np.uint8))
    np.save("one.npy", np.zeros((1, 16, 16), np.uint8))
    np.save("far.npy", np.full(24, 7))
    np.save("few.npy", np.zeros(3, int))
    (place / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    before = sorted(place.iterdir())
    code, _, err = hadamac(*arguments)
    assert (code, err) == (2, f"hadamac: error: {message}\n")
    assert sorted(place.iterdir()) == before, "something was left behind"


@dataclass(frozen=True)
class Epoch:
    index: int

    def __str__(self) -> str:
        return f"epoch {self.index} [all]"


class TestTraining:
    """Tests of the whole command except torch's part, which returns the known parameters of the network instead."""

    @pytest.fixture(autouse=True)
    def stub(self, monkeypatch):
        _, params, _, _ = own()
        self.seen = []

        def fit(network, images, labels, *, epochs, seed, shift, flip, rate, progress, **fine):
            self.seen.append((network, images, labels))
            self.flip, self.fine = flip, fine
            for k in range(1, epochs + 1):
                progress(Epoch(k))
            return params if network.size == (16, 16) else {n: np.zeros(s) for n, s in network.parameters.items()}

        monkeypatch.setitem(sys.modules, "hadamac.nn.train", SimpleNamespace(fit=fit))

    def test_a_directory_of_data(self, hadamac, place):
        code, out, err = hadamac("train", "--data", "set", "--network", "network.json", "--out", "t", "--epochs", 2,
                                 "--classes", "names.txt")
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[:4:2] == [
            "Training on 24 images of set/train-images-idx3-ubyte.gz, set/train-labels-idx1-ubyte",
            "Testing on 24 images of set/t10k-images-idx3-ubyte.gz, set/t10k-labels-idx1-ubyte"]
        assert [line.strip() for line in lines[5:7]] == ["epoch 1 [all]", "epoch 2 [all]"]
        trained, (_, _, images, labels) = load("t"), own()
        assert trained.classes == NAMES and trained.qnet.network.name == "two" and trained.accuracy["float"] == 1.0
        names = [f"set/{stem}-images-idx3-ubyte.gz, set/{stem}-labels-idx1-ubyte" for stem in ("train", "t10k")]
        facts = {"data": names[0], "test_data": names[1], "calibration": names[0]}
        facts |= {f"{name}_images": 24 for name in ("data", "test_data", "calibration")}
        facts |= {f"{name}_sha256": digest(images, labels) for name in ("data", "test_data", "calibration")}
        assert trained.provenance == facts | {"epochs": 2, "seed": 1, "shift": 1, "flip": 0, "rate": 0.01,
                                              "batch": 128, "decay": 0.01, "word_width": 16,
                                              "preset": "default", "weight_width": 8}
        assert self.flip is False
        assert str(place) not in (place / "t" / "artifact.json").read_text()

    def test_files_of_images_and_a_share_for_the_test(self, hadamac, place):
        code, out, err = hadamac("train", "--images", "x.idx", "--labels", "y.npy", "--network", "network.json", "--out",
                                 "t", "--epochs", 1, "--test-share", 0.25, "--name", "mine", "--classes", "a, b,c,d,e")
        assert (code, err) == (0, "")
        assert out.splitlines()[:2] == ["Training on 18 images of x.idx, y.npy (without 25 % drawn by the seed)",
                                          "Testing on 6 images of x.idx, y.npy (the 25 % drawn by the seed)"]
        trained = load("t")
        assert trained.qnet.network.name == "mine" and trained.classes == tuple("abcde") and len(self.seen[0][1]) == 18
        assert trained.accuracy["images"] == 6 and trained.provenance["data_images"] == 18

    def test_files_of_their_own_for_the_test(self, hadamac, place):
        code, out, err = hadamac("train", "--images", "x.idx", "--labels", "y.npy", "--test-images", "x.npy",
                                 "--test-labels", "y.npy", "--network", "network.json", "--out", "t", "--epochs", 1)
        assert (code, err) == (0, "") and "Testing on 24 images of x.npy, y.npy\n" in out
        assert load("t").classes == () and "classes" not in json.loads((place / "t" / "artifact.json").read_text())

    def test_the_default_network_is_called_as_its_directory(self, hadamac, place):
        np.save("large.npy", np.zeros((12, 28, 28), np.uint8))
        np.save("zeros.npy", np.arange(12) % 4)
        for out, name, extra in (("mine-1", "mine-1", ()), ("my net", "mnist-32", ()), ("c", "else", ("--name", "else"))):
            code, _, err = hadamac("train", "--images", "large.npy", "--labels", "zeros.npy", "--out", out, "--epochs", 1,
                                   *extra)
            assert (code, err) == (0, "") and load(out).qnet.network.name == name


def test_a_share_for_the_test_is_drawn_once_for_each_seed():
    pixels = np.arange(40, dtype=np.uint8).reshape(40, 1, 1)
    images = ImageSet(pixels, pixels[:, None], np.arange(40), "x.npy")
    kept, test = split(images, 0.2, 3)
    assert len(test) == 8 and sorted([*kept.labels, *test.labels]) == list(range(40))
    for part in (kept, test):
        np.testing.assert_array_equal(part.images[:, 0, 0], part.labels)
    np.testing.assert_array_equal(split(images, 0.2, 3)[1].labels, test.labels)
    assert (split(images, 0.2, 4)[1].labels != test.labels).any()
    with refused("Test share must leave images for training and for the test, not 0 of 2 for the test", DataError):
        split(images.first(2), 0.1, 1)


def test_quantise_says_what_it_calibrates_on(hadamac, place):
    code, out, err = hadamac("quantise", "own", "--out", "q", "--images", "x.npy")
    assert (code, err) == (0, "")
    assert out == ("Calibrating on 24 images of x.npy\nUnderstood as uint8 (24, 16, 16): 24 grey images of 16x16\n"
                   "Wrote q: not tested: the images have no labels\n")
    again, pixels = load("q"), np.load("x.npy")
    assert again.accuracy == {"images": 0, "float": None, "fixed": None} and again.classes == NAMES
    assert again.provenance == {"preset": "compact", "word_width": 10, "weight_width": 8, "calibration": "x.npy", "calibration_images": 24,
                                "calibration_sha256": digest(pixels)}
    code, out, err = hadamac("quantise", "own", "--out", "q", "--data", "set", "--preset", "default")
    assert (code, err) == (0, "") and out.splitlines()[2].startswith("Testing on 24 images of set/t10k-")
    assert load("q").accuracy["float"] == 1.0 and load("q").provenance["test_data_sha256"] == digest(*own()[2:])
    code, _, err = hadamac("quantise", "q", "--out", "p", "--images", "x.npy")
    assert (code, err) == (0, "") and "test_data" not in load("p").provenance, "nothing was tested"


def test_the_shipped_digits_where_they_fit(hadamac, place):
    code, out, err = hadamac("quantise", "--preset", "default", "--out", "q")
    assert (code, err) == (0, "")
    assert out.startswith("Calibrating on 500 images of the shipped digits\nTesting on 500 images of the shipped digits\n")
    network = Network(name="four", shape=(1, 32, 32), layers=(SpectralPool(size=4), Dense(outputs=4)))
    params = {name: np.zeros(shape) for name, shape in network.parameters.items()}
    save(Artifact(quantise(network, params, shipped_digits()[0][:2], PRESETS["default"]), params), place / "four")
    code, out, err = hadamac("quantise", "four", "--out", "q")
    assert (code, err) == (0, "") and "not tested" in out, "digits beyond its classes are no labels"


def test_warnings_are_one_line_each(hadamac, place):
    network, params, images, labels = own()
    np.save("y.npy", (labels + 1) % 5)
    accuracy = {"images": 24, "float": 1.0, "fixed": 1.0}
    save(Artifact(quantise(network, params, images, PRESETS["default"]), params, accuracy), place / "own")
    code, _, err = hadamac("predict", "own", "--images", "x.npy", "--labels", "y.npy")
    assert code == 0
    assert err == ("hadamac: warning: In float 0.0 % of these images are right, on record are 100.0 %: the network was "
                   "trained on others\n")


@pytest.mark.parametrize("classes, message", [
    (["a"] * 3, "Classes must be 5 names, one for each output of the network, not 3"),
    (["a", "b", "c", "d", "e\n"], "Class name must be 1 to 64 printable characters, not 'e\\n'"),
])
def test_classes_of_a_foreign_artifact(place, classes, message):
    from hadamac.quantised.artifact import _checksum

    path = place / "own" / "artifact.json"
    manifest = json.loads(path.read_text()) | {"classes": classes}
    manifest["checksum"] = _checksum(manifest)
    path.write_text(json.dumps(manifest))
    with refused(f"Artifact own is inconsistent: {message}", ArtifactError):
        load("own")


def test_names_of_files_that_no_terminal_should_see(hadamac, place):
    """Check that the record of such names can be loaded again and printed."""
    odd, long = "a\n\x1b[31m\udcff.npy", "\x01" * 240
    (place / "x.npy").rename(place / odd)
    (place / "y.npy").rename(place / long)
    code, _, err = hadamac("quantise", "own", "--out", "q", "--images", odd, "--labels", long)
    assert (code, err) == (0, "")
    used = load("q").provenance["calibration"]
    assert used.startswith("a\\n\\x1b[31m\\udcff.npy, \\x01\\x01") and used.endswith("...") and len(used) < 300
