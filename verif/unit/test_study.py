"""Tests of the study's networks: they load, `explain` works, and they give the results that the pages state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hadamac.cost.estimate import estimate
from hadamac.quantised.artifact import load
from hadamac.quantised.unpruned import unpruned
from hadamac_cli.main import main
from support.seeds import rng

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "study"
sys.path.append(str(ROOT / "study"))
import dependence  # noqa: E402  (the study is no package)
import network_pages  # noqa: E402
import pages  # noqa: E402
import trained  # noqa: E402
from networks import FASHION, MNIST, SETS  # noqa: E402


def figures(name: str):
    """Return the recorded figures of a page."""
    return json.loads((DOCS / f"{name}.json").read_text())


ROWS = {"mnist": figures("mnist"), "fashion": figures("fashion")["rows"]}
RECORD = {(name, row["name"]): row for name, rows in ROWS.items() for row in rows}
NETWORKS = pytest.mark.parametrize("data, name", [(data, name) for data in SETS.values() for name in data.studies],
                                   ids=lambda value: getattr(value, "name", value))


@pytest.mark.parametrize("data", SETS.values(), ids=lambda data: data.name)
def test_every_network_has_its_row_and_its_artifact(data):
    rows = [row for (of, _), row in RECORD.items() if of == data.name]
    assert [row["name"] for row in rows] == list(data.studies)
    page = (DOCS / f"{data.name}.md").read_text()
    assert all(row["title"] == data.studies[row["name"]].title and row["title"] in page for row in rows)
    folders = {path.name for path in data.artifacts.iterdir() if path.is_dir()}
    assert folders == set(data.studies) - {data.packaged}


def test_the_sets_have_the_same_networks():
    """Check that layers, titles and training differ in nothing, so that the pages can be compared row by row."""
    for one, other in zip(MNIST.studies.values(), FASHION.studies.values(), strict=True):
        assert (one.network.layers, one.network.shape) == (other.network.layers, other.network.shape)
        assert (one.title, one.epochs, one.shift, one.seed) == (other.title, other.epochs, other.shift, other.seed)


@NETWORKS
def test_the_artifact_is_that_of_the_description(data, name):
    artifact, study = load(data.path_of(name)), data.studies[name]
    assert artifact.qnet.network == study.network and artifact.classes == data.classes
    assert {k: artifact.provenance[k] for k in ("epochs", "seed")} == {"epochs": study.epochs, "seed": study.seed}


def test_the_artifacts_have_the_same_samples():
    first, *others = (load(FASHION.path_of(name)).samples for name in FASHION.studies)
    assert first[0].shape == (FASHION.samples, 1, 32, 32)
    for other in others:
        for one, its in zip(first, other, strict=True):
            np.testing.assert_array_equal(one, its)


@NETWORKS
def test_answers_cycles_and_pruning(data, name):
    artifact, row = load(data.path_of(name)), RECORD[data.name, name]
    images, labels = data.images(artifact)
    prediction, cost = artifact.predict(images), estimate(artifact.qnet)
    assert (int((prediction.classes == labels).sum()), len(labels)) == (row["right"], row["of"])
    assert not prediction.overflow.any()
    assert (cost.latency, cost.interval, cost.multipliers, cost.memory_bits) == (
        row["latency"], row["interval"], row["multipliers"], row["memory_bits"])
    assert artifact.accuracy == {k: row[k] for k in ("images", "float", "fixed")}
    whole = unpruned(artifact.qnet, artifact.params)
    np.testing.assert_array_equal(whole.predict(images[:25]).logits, prediction.logits[:25])


@NETWORKS
def test_explain(data, name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["hadamac", "explain", str(data.path_of(name))])
    with pytest.raises(SystemExit) as stop:
        main()
    out = " ".join(capsys.readouterr().out.split())
    assert stop.value.code == 0 and RECORD[data.name, name]["says"] in out
    assert all(word in out for word in ("bins", "weights", "multiplications", "cycles"))


def test_a_trained_network_is_saved_with_its_classes_and_samples(tmp_path):
    """Quantise a network again of its float parameters, with its samples as the only images."""
    artifact = load(FASHION.path_of("linear"))
    data = replace(FASHION, artifacts=tmp_path / "new")
    trained.finish(data, "linear", artifact.params, artifact.samples, artifact.samples)
    again = load(data.path_of("linear"))
    assert (again.classes, again.provenance) == (FASHION.classes, artifact.provenance)
    assert again.accuracy["images"] == FASHION.samples
    for one, its in zip(again.samples, artifact.samples, strict=True):
        np.testing.assert_array_equal(one, its)


def test_the_command_starts_and_names_the_sets():
    """Run the study's own command, which imports what no other test does, and stop it before it computes anything."""
    env = os.environ | {"COLUMNS": "200", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "study", "--set", "fashion", "--train"], cwd=ROOT, env=env, text=True,
                         check=False, capture_output=True)
    assert run.returncode == 1
    assert run.stderr == ("study: error: Training needs Fashion-MNIST's files; name their directory with --data "
                          "(make study TRAIN=1 SET=fashion DATA=...)\n")


def test_energy_of_the_images_in_the_repository():
    assert figures("fashion")["beyond"] == {data.title: pytest.approx(trained.beyond(data)) for data in SETS.values()}


def test_discarded_bins_matter_as_liveness_says():
    """Check the measured rank against liveness: zero, the number of scalars, or the number of outputs."""
    rows = dependence.measure(int(rng("dependence").integers(1 << 30)))
    assert {r["network"] for r in rows if not r["dead"]} == {"normalise before the crop", "ReLU in space, then crop"}
    for r in rows:
        assert r["rank"] == (0 if r["dead"] else r["scalars"] or dependence.OUTPUTS), r
        assert (r["change"] > 0, r["words"] > 0) == (not r["dead"],) * 2, r


def test_what_the_page_on_fashion_mnist_says():
    """Check the comparisons that its text states without figures: half a point is chance."""
    points = {row["name"]: 100 * row["fixed"] for row in ROWS["fashion"]}
    single = [points[name] for name in ("normalise-tanh", "tanh", "modrelu", "linear")]
    assert single == sorted(single, reverse=True) and single[0] < min(v for v in points.values() if v not in single)
    assert 0 < points["tanh"] - points["modrelu"] < 0.5
    assert 0 < points["max-pool"] - points["relu-crop"] < 0.5 and max(points.values()) == points["max-pool"]
    assert abs(points["crop-relu"] - points["low-pass-15"]) < 0.5 < points["relu-crop"] - points["crop-relu"]
    assert points["low-pass-7"] - points["tanh"] > (points["relu-crop"] - points["tanh"]) / 2


PAGES = {"dependence": pages.dependence_page, "mnist": network_pages.mnist_page, "pooling": pages.pooling_page,
         "toy": pages.toy_page, "fashion": lambda result: network_pages.fashion_page(result, figures("mnist"))}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_of_their_figures(name):
    """Check that each page is what the study would write for the recorded figures."""
    assert (DOCS / f"{name}.md").read_text() == PAGES[name](figures(name))
