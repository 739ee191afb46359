"""Warnings where fixed point does worse than float, where images overflow, and where a network meets strange images."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hadamac.errors import HadamacWarning
from hadamac.network import default_network
from hadamac.quantised import PRESETS, Formats, Prediction
from hadamac.quantised.accuracy import measure, warn_of_other_images, warn_of_overflows
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward
from support import tiny


def case(formats: Formats):
    """A network, images, and as labels what it answers in float: so float is right everywhere."""
    # Always the same: how often fixed point agrees depends on the weights.
    network, r = tiny.two_groups(), np.random.default_rng(9)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 64)
    logits = forward(network, params, images)
    return quantise(network, params, images, formats), params, images, logits.argmax(1)


def silent(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*arguments)


def test_both_accuracies_and_no_warning_where_they_agree():
    qnet, params, images, labels = case(Formats(width=17, weight_width=16, twiddle_width=18, calibrated=True))
    labels[:4] = (labels[:4] + 1) % 5
    fixed = (qnet.predict(images).classes == labels).mean()
    assert silent(measure, qnet, params, images, labels) == {"images": 64, "float": 60 / 64, "fixed": fixed}
    assert fixed >= 58 / 64, "two images are never too many"


def test_a_loss_is_told_with_the_worst_edge():
    qnet, params, images, labels = case(Formats(width=10, twiddle_width=6, weight_width=2))
    prediction = qnet.predict(images)
    right = int((prediction.classes == labels).sum())
    assert right < 61
    with pytest.warns(HadamacWarning, match=rf"\AFixed point loses {100 * (64 - right) / 64:.1f} points: "
                      rf"{100 * right / 64:.1f} % of 64 images are right, in float 100\.0 %; the lowest SQNR is "
                      r"-?\d+\.\d dB, at the edge (spectrum|product|map|logits)\d?\Z"):
        got = measure(qnet, params, images, labels)
    assert got == {"images": 64, "float": 1.0, "fixed": right / 64}


def test_many_overflows_are_told():
    flags = np.zeros(200, dtype=bool)
    prediction = Prediction(np.zeros((200, 3), int), np.zeros((200, 3)), np.zeros(200, int), flags, {})
    flags[:2] = True
    silent(warn_of_overflows, prediction)
    flags[:3] = True
    with pytest.warns(HadamacWarning, match=r"\A3 of 200 images overflow \(1\.5 %\): the images of the calibration had less "
                      r"contrast; calibrate on images such as these, or with more headroom\Z"):
        warn_of_overflows(prediction)


def test_images_that_a_network_was_not_trained_on():
    record = {"images": 500, "float": 0.9, "fixed": 0.9}
    silent(warn_of_other_images, {"images": 9, "float": 0.81, "fixed": 0.1}, record, default_network())
    silent(warn_of_other_images, {"images": 9, "float": 0.0, "fixed": 0.0}, record | {"float": None}, default_network())
    with pytest.warns(HadamacWarning, match=r"\AIn float 79\.0 % of these images are right, on record are 90\.0 %: the "
                      r"network was trained on others\Z"):
        warn_of_other_images({"images": 9, "float": 0.79, "fixed": 0.79}, record, default_network())


def test_presets_lose_nothing_on_their_own_network():
    qnet, params, images, labels = case(PRESETS["default"])
    silent(measure, qnet, params, images, labels)
