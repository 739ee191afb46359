"""Tests of input formats, and of frames made of arrays: layouts, borders, types, ranges and the sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hadamac.errors import DataError, DescriptionError
from hadamac.numeric import SQ
from hadamac.samples import InputFormat, as_frames
from hadamac.samples.words import as_words
from support.seeds import refused, rng

UINT8, INT8, INT16 = (InputFormat.of(name) for name in ("uint8", "int8", "int16"))


@pytest.mark.parametrize(("text", "bits", "fraction", "least", "greatest", "dtype"), [
    ("uint8", 8, 8, 0, 255, "uint8"), ("int8", 8, 7, -128, 127, "int8"), ("int16", 16, 15, -32768, 32767, "int16"),
    ("SQ(1,7)", 8, 7, -128, 127, "int8"), ("SQ(1,1)", 2, 1, -2, 1, "int8"), ("SQ(4,5)", 9, 5, -256, 255, "int16"),
    ("SQ(17,0)", 17, 0, -65536, 65535, "int32"), ("SQ(-3,8)", 5, 8, -16, 15, "int8"), ("SQ(9,-3)", 6, -3, -32, 31, "int8"),
])
def test_formats(text, bits, fraction, least, greatest, dtype):
    fmt = InputFormat.of(text)
    assert str(fmt) == text and InputFormat.of(str(fmt)) == fmt
    assert (fmt.bits, fmt.signed, fmt.fraction, fmt.least, fmt.greatest) == (bits, text != "uint8", fraction, least, greatest)
    assert fmt.dtype == dtype and isinstance(fmt.dtype, np.dtype)
    words = np.array([least, 0, greatest], fmt.dtype)
    values = fmt.values(words)
    np.testing.assert_array_equal(values, np.array([least, 0, greatest]) * 2.0**-fraction)
    assert values.dtype == np.float64
    if fmt.signed:
        sq = SQ(bits - fraction, fraction)
        assert (sq.low, sq.high) == (least, greatest)
        np.testing.assert_array_equal(sq.value(words), values)


def test_names_of_equal_formats():
    made = InputFormat(bits=8, signed=True, fraction=7)
    assert str(made) == "int8" and made == InputFormat.of("SQ(1,7)") == INT8 and hash(made) == hash(InputFormat.of("SQ(1,7)"))
    assert str(InputFormat(bits=12, signed=True, fraction=8)) == "SQ(4,8)"
    assert InputFormat(bits=8, signed=False, fraction=8) == UINT8 != INT8


@pytest.mark.parametrize(("text", "shown"), [
    ("float32", "'float32'"), ("SQ(01,7)", "'SQ(01,7)'"), ("SQ(1,-0)", "'SQ(1,-0)'"),
    ("UINT8", "'UINT8'"), ("SQ(1,7)\n", "'SQ(1,7)\\n'"), (8, "8"), (None, "None"), (["uint8"], "['uint8']"),
])
def test_no_formats(text, shown):
    with refused(f"Input format must be uint8, int8, int16 or SQ(i,f), not {shown}", DescriptionError):
        InputFormat.of(text)


@pytest.mark.parametrize(("text", "width"), [("SQ(1,0)", 1), ("SQ(2,16)", 18), ("SQ(-5,5)", 0), ("SQ(999,0)", 999)])
def test_widths(text, width):
    with refused(f"Input format SQ(i,f) must have i + f from 2 to 17, not {width} as in {text}", DescriptionError):
        InputFormat.of(text)


@pytest.mark.parametrize(("fields", "message"), [
    ((1, True, 0), "Input format bits must be an integer from 2 to 17, not 1"),
    ((8, 1, 7), "Input format signed must be one of true, false, not 1"),
    ((8, True, 201), "Input format fraction bits must be an integer from -200 to 200, not 201"),
    ((8, False, 7), "Input format without a sign must have 8 bits, 8 of them fraction bits, not 8, 7 of them"),
])
def test_fields(fields, message):
    with refused(message, DescriptionError):
        InputFormat(**dict(zip(("bits", "signed", "fraction"), fields)))
    if fields[2] == 201:
        with refused(message, DescriptionError):
            InputFormat.of("SQ(-190,201)")


@pytest.mark.parametrize(("have", "shape", "sentence"), [
    ((500, 28, 28), (1, 32, 32), "500 grey images of 28x28, a border of zeros makes them 32x32"),
    ((1, 28, 12), (1, 32, 16), "1 grey image of 28x12, a border of zeros makes it 32x16"),
    ((2, 1, 32, 16), (1, 32, 16), "2 grey images of 32x16"), ((0, 32, 16, 1), (1, 32, 16), "0 grey images of 32x16"),
    ((2, 1, 1, 1), (1, 5, 5), "2 grey images of 1x1, a border of zeros makes them 5x5"),
    ((2, 3, 8, 4), (3, 8, 4), "2 images of 8x4 with 3 channels, channels first"),
    ((2, 4, 12, 3), (3, 8, 16), "2 images of 4x12 with 3 channels, channels last, a border of zeros makes them 8x16"),
    ((2, 4, 4, 4), (4, 4, 4), "2 images of 4x4 with 4 channels, channels first, although channels last fit too"),
    ((2, 3, 3, 3), (3, 7, 7), "2 images of 3x3 with 3 channels, channels first, although channels last fit too, "
                              "a border of zeros makes them 7x7"),
    ((7, 128), (1, 128), "7 signals of 128 samples"), ((1, 1, 128), (1, 128), "1 signal of 128 samples"),
    ((7, 2, 16), (2, 16), "7 signals of 16 samples with 2 channels, channels first"),
    ((7, 16, 2), (2, 16), "7 signals of 16 samples with 2 channels, channels last"),
    ((7, 16, 16), (16, 16), "7 signals of 16 samples with 16 channels, channels first, although channels last fit too"),
])
def test_sentences(have, shape, sentence):
    x = rng(have).integers(0, 256, have, np.uint8)
    frames, understood = as_frames(x, shape, UINT8)
    assert understood == f"uint8 {have}: {sentence}"
    assert frames.shape == (have[0], *shape) and frames.dtype == np.uint8 and frames.flags.c_contiguous
    assert frames.sum(dtype=int) == x.sum(dtype=int)
    assert np.shares_memory(frames, x) == (x.size > 0 and "last" not in sentence.replace("last fit", "") and "zeros" not in sentence)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_layouts_round_trip(data):
    """Check that an array of every layout gives the frames that it was made of."""
    channels, images, order = data.draw(st.integers(1, 16)), data.draw(st.booleans()), data.draw(st.sampled_from("first last".split()))
    size = tuple(data.draw(st.integers(4, 20)) for _ in "HW") if images else (data.draw(st.integers(16, 40)),)
    small = images and min(size) > 4 and data.draw(st.booleans())
    have = tuple(n - 4 for n in size) if small else size
    wanted = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-128, 128, (2, channels, *have), np.int8)
    x = np.moveaxis(wanted, 1, -1) if order == "last" else wanted
    both = channels > 1 and x.shape[1:] in ((channels, *have), (*size, channels)) and (*have, channels) == (channels, *have)
    if both and order == "last":
        wanted = x  # channels first is taken
    if channels == 1 and data.draw(st.booleans()):
        x = x.reshape(2, *have)
    frames, understood = as_frames(x, (channels, *size), INT8)
    inner = frames[(..., *(slice(2, -2) for _ in size))] if small else frames
    np.testing.assert_array_equal(inner, wanted)
    assert frames.shape == (2, channels, *size) and frames.astype(int).sum() == wanted.astype(int).sum()
    assert ("although channels last fit too" in understood) == both and "taken as words of int8" in understood


ONE = "Images must have the shape (n, 32, 16) or (n, 28, 12), with or without an axis of 1 channel, not "
RGB = "Images must have the shape (n, 3, 32, 16) or (n, 3, 28, 12) or (n, 32, 16, 3) or (n, 28, 12, 3), not "
SIGNALS = "Signals must have the shape (n, 2, 64) or (n, 64, 2), not "


@pytest.mark.parametrize(("have", "shape", "message"), [
    ((), (1, 32, 16), ONE + "()"), ((2, 16, 32), (1, 32, 16), ONE + "(2, 16, 32)"), ((2, 28, 16), (1, 32, 16), ONE + "(2, 28, 16)"),
    ((32, 16), (1, 32, 16), ONE + "(32, 16): a single one needs a first axis of 1"),
    ((28, 12, 1), (1, 32, 16), ONE + "(28, 12, 1): a single one needs a first axis of 1"),
    ((2, 28, 12, 3), (1, 32, 16), ONE + "(2, 28, 12, 3): RGB images of 3 channels do not fit a network of 1 channel"),
    ((2, 4, 32, 16), (1, 32, 16), ONE + "(2, 4, 32, 16): images of 4 channels do not fit a network of 1 channel"),
    ((2, 28, 12), (3, 32, 16), RGB + "(2, 28, 12): grey images of 1 channel do not fit a network of 3 channels"),
    ((2, 32, 16, 1), (3, 32, 16), RGB + "(2, 32, 16, 1): grey images of 1 channel do not fit a network of 3 channels"),
    ((3, 32, 16), (3, 32, 16), RGB + "(3, 32, 16): a single one needs a first axis of 1"),
    ((2, 3, 30, 14), (3, 32, 16), RGB + "(2, 3, 30, 14)"), ((2, 32, 3, 16), (3, 32, 16), RGB + "(2, 32, 3, 16)"),
    ((5, 64), (2, 64), SIGNALS + "(5, 64): signals of 1 channel do not fit a network of 2 channels"),
    ((5, 60, 2), (2, 64), SIGNALS + "(5, 60, 2)"),
    ((5, 64, 3), (2, 64), SIGNALS + "(5, 64, 3): signals of 3 channels do not fit a network of 2 channels"),
    ((2, 0, 0), (1, 4, 4), "Images must have the shape (n, 4, 4), with or without an axis of 1 channel, not (2, 0, 0)"),
])
def test_other_shapes(have, shape, message):
    with refused(message, DataError):
        as_frames(np.zeros(have, np.uint8), shape, UINT8)


def test_no_margin():
    with refused("Images must have the shape (n, 32, 32), with or without an axis of 1 channel, not (2, 28, 28)", DataError):
        as_frames(np.zeros((2, 28, 28), np.uint8), (1, 32, 32), UINT8, margin=0)
    with refused("Margin of images must be one of 4, 0, not 3", DescriptionError):
        as_frames(np.zeros((2, 28, 28), np.uint8), (1, 32, 32), UINT8, margin=3)


@pytest.mark.parametrize(("shape", "message"), [
    ((32,), "Frame shape must be (C, H, W) or (C, N), not (32,)"), ([1, 8, 8], "Frame shape must be (C, H, W) or (C, N), not [1, 8, 8]"),
    ((17, 8, 8), "Channels of a frame must be an integer from 1 to 16, not 17"),
    ((1, 3, 8), "Rows of a frame must be an integer from 4 to 256, not 3"),
    ((1, 8, 257), "Columns of a frame must be an integer from 4 to 256, not 257"),
    ((1, 15), "Samples of a frame must be an integer from 16 to 4096, not 15"),
])
def test_frame_shapes(shape, message):
    with refused(message, DescriptionError):
        as_frames(np.zeros((1, 8, 8), np.uint8), shape, UINT8)


@pytest.mark.parametrize("x", [[[1], [2, 3]], [[[1]], [[2, 3]]]])
def test_ragged_lists(x):
    with refused(f"Signals must be an array of numbers, not {x}", DataError):
        as_frames(x, (1, 16), UINT8)


@pytest.mark.parametrize(("x", "text", "words", "how"), [
    (np.uint8([0, 255]), "uint8", [0, 255], ""), (np.array([0, 255], ">u4"), "uint8", [0, 255], "taken as words of uint8"),
    (np.int16([0, 255]), "uint8", [0, 255], "taken as words of uint8"),
    (np.int8([-128, 127]), "int8", [-128, 127], "taken as words of int8"),
    (np.uint64([0, 127]), "int8", [0, 127], "taken as words of int8"),
    (np.array([-512, 511], ">i2"), "SQ(2,8)", [-512, 511], "taken as words of SQ(2,8)"),
    (np.int64([-65536, 65535]), "SQ(17,0)", [-65536, 65535], "taken as words of SQ(17,0)"),
    (np.float32([0, 0.5, 1]), "uint8", [0, 128, 255], "floats from 0 to 1, times 255"),
    (np.float16([0.25, 1]), "uint8", [64, 255], "floats from 0 to 1, times 255"),
    (np.zeros(2), "uint8", [0, 0], "floats from 0 to 1, times 255"), (np.zeros(0), "uint8", [], "floats from 0 to 1, times 255"),
    (np.array([0, 1, 2.0]), "uint8", [0, 1, 2], "whole floats from 0 to 255, taken as words of uint8"),
    (np.array([-1, 0.5, 127.4 / 128]), "int8", [-128, 64, 127], "floats as values of int8, times 2**7 and rounded"),
    (np.array([0.5, 1.5]) / 128, "int8", [0, 2], "floats as values of int8, times 2**7 and rounded"),
    (np.array([-256, 248.0]), "SQ(9,-3)", [-32, 31], "floats as values of SQ(9,-3), times 2**-3 and rounded"),
    (np.array([0, 1.0]), "SQ(2,8)", [0, 256], "floats as values of SQ(2,8), times 2**8 and rounded"),
])
def test_words(x, text, words, how):
    before, fmt = x.copy(), InputFormat.of(text)
    got, said = as_words("Images", x, fmt)
    assert got.tolist() == words and got.dtype == fmt.dtype and got.dtype.isnative and said == how
    np.testing.assert_array_equal(x, before)


def test_the_rule_is_in_the_sentence():
    _, understood = as_frames(np.full((2, 28, 28), 0.5, np.float32), (1, 32, 32), UINT8)
    assert understood == ("float32 (2, 28, 28): 2 grey images of 28x28, a border of zeros makes them 32x32, "
                          "floats from 0 to 1, times 255")


UNSIGNED = "Images must be of type uint8 (0 to 255), a wider integer type or floats from 0 to 1, not "
FLOATS = "Images of floats must be from 0 to 1, or whole numbers from 0 to 255, not "
VALUES = "Images must be floats from -1.0 to 0.9921875, the values of int8, not "


@pytest.mark.parametrize(("x", "text", "message"), [
    (np.array([[True]]), "uint8", UNSIGNED + "bool"), (np.int8([[1]]), "uint8", UNSIGNED + "int8"),
    (np.array([[1j]]), "uint8", UNSIGNED + "complex128"), (np.array([["1"]]), "uint8", UNSIGNED + "<U1"),
    (np.array([[None]]), "uint8", UNSIGNED + "object"), (np.array([["2026"]], "M8[Y]"), "uint8", UNSIGNED + "datetime64[Y]"),
    (np.uint8([[1]]), "int16", "Images must be of type int16 (-32768 to 32767), a wider integer type or floats from -1.0 to "
                               "0.999969482421875, not uint8"),
    (np.uint16([[1]]), "SQ(2,8)", "Images must be of type int16 (-512 to 511), a wider integer type or floats from -2.0 to "
                                  "1.99609375, not uint16"),
    (np.int64([[1, 2], [256, -1]]), "uint8", "Images must be integers from 0 to 255, the words of uint8, not 256 at [1, 0]"),
    (np.uint64([[2**63]]), "int8", "Images must be integers from -128 to 127, the words of int8, not 9223372036854775808 at [0, 0]"),
    (np.int16([[0, -513]]), "SQ(2,8)", "Images must be integers from -512 to 511, the words of SQ(2,8), not -513 at [0, 1]"),
    (np.array([[0, np.nan]]), "uint8", "Images must be finite, not nan at [0, 1]"),
    (np.float16([[0, -np.inf]]), "int8", "Images must be finite, not -inf at [0, 1]"),
    (np.array([[np.longdouble("1e4000")]]), "int8", "Images must be finite, not inf at [0, 0]"),
    (np.array([[0, 1.0]]), "uint8", "Images of floats must not be only 0 and 1, which may be words or values from 0 to 1: "
                                    "give them as uint8, 0 to 255"),
    (np.array([[-1, 1.0]]), "uint8", FLOATS + "numbers from -1.0 to 1.0"), (np.array([[0, 256.0]]), "uint8", FLOATS + "numbers from 0.0 to 256.0"),
    (np.array([[0.5, 200]]), "uint8", FLOATS + "numbers with fractions from 0.5 to 200.0"),
    (np.array([[0.5, 1]]), "int8", VALUES + "1.0 at [0, 1]"), (np.array([[-1.1, 1]]), "int8", VALUES + "-1.1 at [0, 0]"),
    (np.array([[1e308]]), "int8", VALUES + "1e+308 at [0, 0]"),
])
def test_refused_numbers(x, text, message):
    with refused(message, DataError):
        as_words("Images", x, InputFormat.of(text))


def test_masked_arrays_and_words_of_0_and_1():
    masked = np.ma.masked_array(np.zeros((2, 8, 8), np.uint8), mask=np.ones((2, 8, 8), bool))
    with refused("Images must be a plain array, not a masked one: what the mask hides has no rule", DataError):
        as_frames(masked, (1, 8, 8), InputFormat.of("uint8"))
    few = np.arange(128).reshape(2, 8, 8) % 2
    frames, understood = as_frames(few.astype(np.uint8), (1, 8, 8), InputFormat.of("uint8"))
    np.testing.assert_array_equal(frames[:, 0], few)
    assert understood.endswith("words 0 and 1 alone, of which uint8 has 0 to 255")
