"""Tests of the documentation: links, code, commands, targets and files exist, and pages fit their figures."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import typer
from bench.fft import page

from hadamac_cli.main import app
from support.pages import blocks

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMANDS = set(typer.main.get_command(app).commands)


def ids(path: Path) -> str:
    """Return the name of a page for a test's name."""
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_links_lead_somewhere(path):
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = path if not file else path.parent / file
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert not wrong


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_code_uses_what_exists(path):
    for block in blocks(path, "python"):
        ast.parse(block)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    text = path.read_text()
    shell = "\n".join(blocks(path, "sh"))
    spans = re.findall(r"`([^`\n]+)`", text)
    lines = [*spans, *shell.splitlines()]
    for line in lines:
        if match := re.match(r"make ([a-z-]+)", line):
            assert match[1] in targets, line
        if match := re.match(r"hadamac ([a-z]+)", line):
            assert match[1] in COMMANDS, line


def test_files_named_in_the_documentation_exist():
    wrong = []
    for path in PAGES:
        if path.name == "CHANGELOG.md":
            continue
        for name in re.findall(r"`((?:sw|hw|verif|bench|study|docs|scripts|examples)/[\w./-]+)`", path.read_text()):
            if "NAME" not in name and not (ROOT / name).exists():
                wrong.append(f"{ids(path)}: {name}")
    assert not wrong


def test_the_benchmark_s_page_is_of_its_figures():
    result = json.loads((ROOT / "docs" / "benchmarks" / "fft.json").read_text())
    peers = json.loads((ROOT / "bench" / "fft" / "peers.json").read_text())
    assert (ROOT / "docs" / "benchmarks" / "fft.md").read_text() == page.markdown(result, peers)
