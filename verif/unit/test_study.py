"""Tests of the study's networks: they load, `explain` works, and they give the results that the page states."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hadamac.cost.estimate import estimate
from hadamac.data import shipped_digits
from hadamac.quantised.artifact import load, shipped
from hadamac.quantised.unpruned import unpruned
from hadamac_cli.main import main
from support.seeds import rng

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "study"))
import dependence  # noqa: E402  (the study is no package)
import pages  # noqa: E402

RECORD = {row["name"]: row for row in json.loads((ROOT / "docs" / "study" / "mnist.json").read_text())}
NETWORKS = [shipped(), *sorted((ROOT / "study" / "artifacts").iterdir())]


def test_every_network_has_its_row():
    assert {p.name for p in NETWORKS} == set(RECORD)
    page = (ROOT / "docs" / "study" / "mnist.md").read_text()
    assert all(row["title"] in page for row in RECORD.values())


@pytest.mark.parametrize("path", NETWORKS, ids=lambda p: p.name)
def test_digits_cycles_and_pruning(path):
    artifact, row = load(path), RECORD[path.name]
    images, labels = shipped_digits()
    prediction, cost = artifact.predict(images), estimate(artifact.qnet)
    assert int((prediction.classes == labels).sum()) == row["digits"] and not prediction.overflow.any()
    assert (cost.latency, cost.interval, cost.multipliers, cost.memory_bits) == (
        row["latency"], row["interval"], row["multipliers"], row["memory_bits"])
    assert {k: artifact.accuracy[k] for k in ("images", "float", "fixed")} == {k: row[k] for k in ("images", "float", "fixed")}
    whole = unpruned(artifact.qnet, artifact.params)
    np.testing.assert_array_equal(whole.predict(images[:25]).logits, prediction.logits[:25])


@pytest.mark.parametrize("path", NETWORKS, ids=lambda p: p.name)
def test_explain(path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["hadamac", "explain", str(path)])
    with pytest.raises(SystemExit) as stop:
        main()
    out = " ".join(capsys.readouterr().out.split())
    assert stop.value.code == 0 and RECORD[path.name]["says"] in out
    assert all(name in out for name in ("bins", "weights", "multiplications", "cycles"))


def test_discarded_bins_matter_as_liveness_says():
    """Check the measured rank against liveness: zero, the number of scalars, or the number of outputs."""
    rows = dependence.measure(int(rng("dependence").integers(1 << 30)))
    assert {r["network"] for r in rows if not r["dead"]} == {"normalise before the crop", "ReLU in space, then crop"}
    for r in rows:
        assert r["rank"] == (0 if r["dead"] else r["scalars"] or dependence.OUTPUTS), r
        assert (r["change"] > 0, r["words"] > 0) == (not r["dead"],) * 2, r


@pytest.mark.parametrize("name", ["dependence", "mnist", "pooling", "toy"])
def test_pages_are_of_their_figures(name):
    """Check that each page is what the study would write for the recorded figures."""
    docs = ROOT / "docs" / "study"
    result = json.loads((docs / f"{name}.json").read_text())
    assert (docs / f"{name}.md").read_text() == getattr(pages, f"{name}_page")(result)
