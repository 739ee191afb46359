"""Tests of the command line: what it writes, and that wrong input gives one line and exit code 2."""

import json
import subprocess
import sys

import numpy as np
import pytest

from hadamac.data import shipped_digits
from hadamac.network import Activation, Dense, Network, Normalise, Pad, SpectralConv
from hadamac.quantised import PRESETS
from hadamac.quantised.artifact import Artifact, save
from hadamac.quantised.quantise import quantise
from support import commands, tiny
from support.seeds import rng

hadamac = commands.hadamac

COMMANDS = ["train", "quantise", "predict", "verilog", "sim", "estimate", "bitstream", "show", "demo", "explain", "fit"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(hadamac, command):
    code, out, err = hadamac(command, "--help")
    assert code == 0 and err == ""
    assert f"Example: hadamac {command}" in out


def test_predict_writes_integer_logits(hadamac, tmp_path):
    images, _ = shipped_digits()
    for name, pixels in (("small", images[:3]), ("padded", np.pad(images[:3], ((0, 0), (2, 2), (2, 2))))):
        np.save(tmp_path / "x.npy", pixels)
        code, out, err = hadamac("predict", "--images", tmp_path / "x.npy", "--out", tmp_path / f"{name}.npy",
                                 "--trace", tmp_path / "trace")
        assert (code, err) == (0, "") and "3 images" in out
    logits = np.load(tmp_path / "small.npy")
    assert logits.shape == (3, 10) and logits.dtype == np.int64
    np.testing.assert_array_equal(logits, np.load(tmp_path / "padded.npy"))
    formats = json.loads((tmp_path / "trace" / "formats.json").read_text())
    assert list(formats) == ["image", "spectrum0", "product0", "map0", "spectrum1", "product1", "map1", "logits"]
    for edge, facts in formats.items():
        assert list(np.load(tmp_path / "trace" / f"{edge}.npy").shape) == facts["shape"], edge
    np.testing.assert_array_equal(np.load(tmp_path / "trace" / "logits.npy"), logits)


def test_predict_prints_the_accuracy(hadamac):
    code, out, _ = hadamac("predict")
    assert code == 0 and "accuracy 98.60 % (493 of 500)" in out


def test_explain_says_what_the_output_cannot_see(hadamac):
    code, out, err = hadamac("explain")
    assert (code, err) == (0, "") and "cannot depend on input frequencies beyond |u|, |v| <= 7." in out
    rows = {cells[1]: cells[2:4] for line in out.splitlines() if len(cells := [c.strip() for c in line.split("│")]) == 6}
    # Bins of 1 and 8 channels before and behind the first product, of 8 and 16 at the second.
    assert rows["bins"] == [f"{120 * 9 + 28 * 24:,}", f"{32 * 17 * 9 + 16 * 9 * 24:,}"]
    # Reals: (2r+1)**2 or N*N a kernel, a bias a channel; the dense layer is as it was.
    dense = 10 * 16 * 8 * 8 + 10
    assert rows["weights"] == [f"{225 * 8 + 8 + 49 * 128 + 16 + dense:,}", f"{1024 * 8 + 8 + 256 * 128 + 16 + dense:,}"]
    assert rows["multiplications"][0] == "52,992" and rows["cycles per image"] == ["1,024", f"{8 * 32 * 17:,}"]


def test_fit_takes_samples_of_a_function(hadamac, tmp_path):
    x = np.linspace(-8, 8, 400)
    np.save(tmp_path / "sine.npy", np.stack([x, np.sin(x)], 1))
    code, out, err = hadamac("fit", tmp_path / "sine.npy", "--segments", 32, "--format", "SQ(4,8)", "--out", tmp_path / "s.json")
    assert code == 0, err
    assert json.loads((tmp_path / "s.json").read_text())["function"] == "sine" and "max error" in out
    np.save(tmp_path / "fall.npy", np.stack([-x, x], 1))
    np.save(tmp_path / "flat.npy", x)
    for name, message in (("fall.npy", "Function samples must be finite and have rising x"),
                          ("flat.npy", "Function samples must be real numbers of the shape (n, 2), not float64 (400,)"),
                          ("none.npy", f"Function file {tmp_path / 'none.npy'} does not exist")):
        code, _, err = hadamac("fit", tmp_path / name)
        assert code == 2 and message in err


def test_fit_writes_words_and_a_picture(hadamac, tmp_path):
    code, out, err = hadamac("fit", "sigmoid", "--segments", 8, "--format", "SQ(4,8)", "--out", tmp_path / "s.json",
                             "--plot", tmp_path / "s.png")
    assert (code, err) == (0, "") and "max error" in out and "offset mirrored" in out
    *plot, axis = out[out.index("error over x, LSB"):].splitlines()[1:14]
    assert axis.split()[0] == "-8.0" and any("\u2801" <= c <= "\u28ff" for c in "".join(plot))
    words = json.loads((tmp_path / "s.json").read_text())
    assert len(words["slopes"]) == 8 and len(words["breakpoints"]) == 7 and words["mirror"]["kind"] == "odd"
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    for arguments, message in ((("fit", "cosine"), "Function must be one of relu, leaky, sigmoid, "),
                               (("fit", "tanh", "--format", "4.8"), "Format must be written SQ(i,f), for example SQ(4,12), not '4.8'"),
                               (("fit", "tanh", "--segments", "0"), "Pwl segments must be an integer from 1 to 64, not 0")):
        code, _, err = hadamac(*arguments)
        assert code == 2 and message in err and len(err.splitlines()) == 1


def test_quantise_to_another_preset(hadamac, tmp_path):
    code, out, err = hadamac("quantise", "--preset", "compact", "--out", tmp_path / "compact")
    assert (code, err) == (0, "") and "Wrote" in out
    code, out, _ = hadamac("predict", tmp_path / "compact")
    assert code == 0 and "accuracy 98." in out


BAD = [
    (("predict", "{tmp}/none"), "Artifact must be a directory with artifact.json, not {tmp}/none"),
    (("predict", "--images", "{tmp}/none.npy"), "Sample file {tmp}/none.npy does not exist"),
    (("predict", "--images", "{tmp}/text.npy"), "Sample file {tmp}/text.npy must be .npy, .npz, IDX, IDX with gzip, a PNG, JPEG or BMP picture, or a folder of pictures, "
     "not a file of another form"),
    (("predict", "--images", "{tmp}/float.npy"), "Images of floats must be from 0 to 1, or whole numbers from 0 to 255, not numbers with fractions from 1.5 to 1.5 (float.npy, "),
    (("predict", "--images", "{tmp}/wide.npy"), "Images must have the shape (n, 32, 32) or (n, 28, 28), with or without an axis of 1 channel, not (1, 28, 32) "
     "(wide.npy, for the network mnist-32)"),
    (("predict", "--images", "{tmp}/good.npy", "--out", "{tmp}/no/where.npy"),
     "Cannot write {tmp}/no/where.npy: the directory {tmp}/no does not exist"),
    (("predict", "--data", "{tmp}/none"), ""),
    (("quantise", "--preset", "tiny", "--out", "{tmp}/q"), "Preset must be one of default, halving, compact, not 'tiny'"),
    (("quantise", "--out", "{tmp}"), "Cannot write {tmp}: the directory is not empty and holds no artifact.json"),
    (("estimate", "--interval", "1000"), "Interval must be at least 1024 cycles (stage input), not 1000"),
    (("bitstream", "--board", "spartan"), "Board must be one of "),
    (("train", "--data", "{tmp}/none", "--out", "{tmp}/t"), ""),
    (("train", "--data", "{tmp}/none", "--out", "{tmp}/t", "--network", "{tmp}/large.json"),
     "Layer normalise0 over 64 x 64 cannot have words of 16 bits: Normalise count * sum(multiplicity) * "),
    (("predict", "--trace", "{tmp}/t", "--out", "{tmp}/no/where.npy"), "Cannot write {tmp}/no/where.npy: the directory "),
    (("predict", "--trace", "{tmp}/text.npy"), "Cannot write {tmp}/text.npy: it exists and is not a directory"),
    (("fit", "gelu", "--out", "{tmp}/a.json", "--plot", "{tmp}/no/a.png"), "Cannot write {tmp}/no/a.png: the directory "),
    (("fit", "gelu", "--out", "{tmp}/a", "--plot", "{tmp}/a"), "Table and plot must be two files, not both {tmp}/a"),
    (("fit", "gelu", "--format", "SQ(4,12"), "Format must be written SQ(i,f), for example SQ(4,12), not 'SQ(4,12'"),
    (("fit", "{tmp}/steep.npy"), "Function steep must be finite over SQ(4,12)"),
    (("show", "--pictures", "{tmp}/text.npy/pictures"), "Cannot make the directory {tmp}/text.npy: File exists"),
    (("show", "{tmp}/small", "--pictures", "{tmp}/pictures"),
     "Images must have the shape (n, 16, 16) or (n, 12, 12), with or without an axis of 1 channel, not (1, 28, 28) (the "
     "shipped digits, for the network small); name others with --images or --data"),
    (("verilog", "--out", "{tmp}/text.npy/x/y"), "Cannot make the directory {tmp}/text.npy/x: Not a directory"),
    (("demo", "--out", "{tmp}/text.npy/x"), "Cannot make the directory {tmp}/text.npy/x: Not a directory"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(hadamac, tmp_path, arguments, message):
    small = tiny.on_digits()
    params = tiny.parameters(small, rng("small"))
    save(Artifact(quantise(small, params, tiny.digits(), PRESETS["default"]), params), tmp_path / "small")
    large = (SpectralConv(channels=2, kernel=3), Pad(size=64), Activation(), Normalise(), Dense(outputs=10))
    large = Network(name="large", shape=(1, 32, 32), layers=large)
    (tmp_path / "large.json").write_text(json.dumps(large.to_json()))
    np.save(tmp_path / "steep.npy", np.array([[0, 1.7e308], [1, -1.7e308]]))
    np.save(tmp_path / "good.npy", np.zeros((1, 28, 28), np.uint8))
    np.save(tmp_path / "float.npy", np.full((1, 28, 28), 1.5))
    np.save(tmp_path / "wide.npy", np.zeros((1, 28, 32), np.uint8))
    (tmp_path / "text.npy").write_text("no array")
    before = sorted(tmp_path.iterdir())
    code, out, err = hadamac(*(a.format(tmp=tmp_path) for a in arguments))
    assert code == 2
    assert err.startswith("hadamac: error: " + message.format(tmp=tmp_path)), err
    assert err.count("\n") == 1 and "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"


def test_unknown_command_and_option(hadamac):
    for arguments in (("fly",), ("predict", "--fast")):
        code, _, err = hadamac(*arguments)
        assert code == 2 and "Traceback" not in err


def test_importing_the_package_is_light():
    """Check that prediction imports neither torch nor Amaranth, matplotlib or the simulator."""
    script = "import sys, hadamac, hadamac_cli.main; print([m for m in ('torch', 'amaranth', 'matplotlib', 'cocotb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("arguments", "message"), [
    (["predict", "--imges", "x"], "No such option: --imges"),
    (["sim", "--frames", "nine"], "Invalid value for '--frames': "),
    (["sim", "--frames", "1"], "Invalid value for '--frames': "),
    (["verilog", "fft", "--size", "8"], "Missing option '--out' / '-o'"),
    (["nothing"], "No such command 'nothing'"),
])
def test_a_wrong_option_is_one_line(hadamac, arguments, message):
    """Check the message, whose words come from the library that reads the options."""
    code, out, err = hadamac(*arguments)
    assert (code, out) == (2, "") and len(err.splitlines()) == 1
    assert err.startswith(f"hadamac: error: {message}") and "; see hadamac" in err
