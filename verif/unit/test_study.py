"""The study's shipped networks: that they load, explain themselves, and answer what its page says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hadamac.artifact import load, shipped
from hadamac.cli import main
from hadamac.data import shipped_digits
from hadamac.estimate import estimate
from hadamac.unpruned import unpruned

ROOT = Path(__file__).parents[2]
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
