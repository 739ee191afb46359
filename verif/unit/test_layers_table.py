"""Tests of docs/layers.md: the tables are complete, the links exist, and the formulas hold for the blocks."""

import json
import math
from functools import cache
from pathlib import Path

import pytest
from bench.layers import cases, page, table

from hadamac import timing
from hadamac.model.tile import TilePlan
from hadamac.network.layers import LAYERS, SPATIAL, SPECTRAL
from hadamac.scattering.model import beat_times, pixel_times
from hadamac_hw.fft.planar import Fft2d

ROOT = Path(__file__).parents[2]


@cache
def block_of(name: str):
    """Return the block of a case, made once."""
    return cases.CASES[name].block()


def test_every_layer_and_activation_has_a_row():
    wanted = set(LAYERS) - {"activation"}
    wanted |= {f"activation.space.{f}" for f in SPATIAL} | {f"activation.bins.{f}" for f in SPECTRAL}
    covered = [name for layer in table.LAYERS for name in layer.covers]
    assert sorted(covered) == sorted(wanted)
    names = [layer.name for layer in table.LAYERS]
    assert len(names) == len(set(names))


def test_every_case_is_a_layers_and_has_a_cost():
    assert {layer.case for layer in table.LAYERS} - {""} == set(cases.CASES) == set(table.COSTS)
    assert all(layer.note for layer in table.LAYERS if not layer.case)


def test_sources_are_listed():
    named = {name for layer in table.LAYERS for name in table.SOURCES if name in layer.source}
    assert named == set(table.SOURCES)
    assert all(any(name in layer.source for name in table.SOURCES) for layer in table.LAYERS if layer.source)


def test_classes_and_files_exist():
    for layer in table.LAYERS:
        assert (ROOT / layer.links["model"][0][0]).is_file(), layer.model
        for file, name in layer.links["circuit"] + layer.links["torch"]:
            assert f"\nclass {name}(" in (ROOT / file).read_text(), (file, name)
        if layer.case:
            made = type(block_of(layer.case))
            assert layer.circuit == f"{'/'.join(made.__module__.split('.')[1:])}.{made.__name__}", layer.name


def one(value):
    """Return the number that stands for both axes: the table is of squares."""
    assert not isinstance(value, tuple) or value[0] == value[1]
    return value[0] if isinstance(value, tuple) else value


def letters(name, block) -> dict:
    """Return the values of the letters in the formulas of a case, taken from its block."""
    plan = getattr(block, "plan", None)
    out = {"ceil": math.ceil, "log2": math.log2, "C": cases.CHANNELS, "B": cases.BINS}
    for letter, attribute in {"N": "size", "C": "channels", "O": "outputs", "L": "lanes", "D": "beats", "B": "bins"}.items():
        for source in (plan, block):
            if hasattr(source, attribute):
                out[letter] = getattr(source, attribute)
    if "N" in out:
        out["N"] = one(out["N"])
    out["p"] = getattr(block, "pipeline", 0)
    out["f"] = timing.fifo(out["p"])
    if name.startswith("hadamard"):
        out |= {"C": block.inputs, "F": block.folds}
    if name.startswith("dense"):
        out["f"] = timing.fifo(block.pipeline + block.lanes)
    if name.startswith("normalise"):
        out["s"] = plan.statistics
    if name.startswith("pad"):
        out["N"] = plan.to
    if name == "scattering":
        order0 = plan.paths[0].stages
        out |= {"A": plan.angles, "e": int(beat_times(order0, pixel_times(plan.size))[0]),
                "T": lambda n: eval(table.COSTS["fft2d"].multipliers, {}, out | {"N": n}),
                "f": timing.fifo(plan.size**2 // 32)}
    if name == "argmax":
        out["O"] = block.classes
    if name == "pair-modulus":
        out |= {"N": math.isqrt(2 * block.beats), "C": 2 * block.pairs}
    for kind, pipeline in (("row-pairs", timing.RAM), ("max-pool", TilePlan.pipeline), ("decimate", TilePlan.pipeline)):
        if name == kind:
            out |= {"p": pipeline, "f": timing.fifo(pipeline)}
    if name in ("pool-average", "pad-average"):
        out |= {"p": plan.pipeline, "f": timing.fifo(plan.pipeline)}
    if isinstance(block, Fft2d):
        orders = ("natural", "bit-reversed") if plan.inverse else ("bit-reversed", "natural")
        pipeline = plan.transpose_pipeline
        out |= {"r": one(plan.radii), "p": pipeline, "f": timing.fifo(pipeline),
                "a": plan.row_plan.latency(orders[0]), "b": plan.column_plan.latency(orders[1])}
    if name == "canvas":
        out["M"] = max(*plan.size, *plan.to)
    if name == "expand":
        out["r"] = one(block.radii)
    return out


@pytest.mark.parametrize("name", cases.CASES)
def test_formulas_hold(name):
    block, cost = block_of(name), table.COSTS[name]
    values, counts = letters(name, block), cases.counts(block)
    for what in ("multipliers", "latency", "interval"):
        formula = getattr(cost, what)
        value = eval(formula, {}, values | {"max": max}) if formula else None
        assert value == counts[what], (what, formula, values)


def test_page_is_of_these_blocks():
    """Check that docs/layers.md is what the command would write for the recorded figures."""
    result = json.loads((ROOT / "docs" / "benchmarks" / "layers.json").read_text())
    assert [row["name"] for row in result["rows"]] == list(cases.CASES)
    for row in result["rows"]:
        block = block_of(row["name"])
        assert cases.counts(block) == {name: row[name] for name in ("multipliers", "latency", "interval")}, row["name"]
        assert row["dsp"] == row["multipliers"], row["name"]
    assert (ROOT / "docs" / "layers.md").read_text() == page.markdown(result)
