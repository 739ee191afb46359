"""Tests of the structure of the source: direction of imports, no circles, order of rooms, names and docstrings.

A *package* is one of `PACKAGES`.  A *room* is a folder or a single file directly inside a package.  CONTRIBUTING.md
explains the rules that these tests hold; every failure lists its findings as ``file:line: what is wrong``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = {"hadamac": ROOT / "sw", "hadamac_hw": ROOT / "hw", "hadamac_cli": ROOT / "sw"}
"""Folder of each package, in the order of imports: a package imports only itself and packages named before it."""

ORDER = {
    "hadamac": ("errors", "checks", "console", "progress", "shapes", "numeric", "files", "data", "samples", "images", "tools",
                "timing", "arrivals", "model", "network", "ops", "quantised", "cost", "scattering", "nn", "convert", "show"),
    "hadamac_hw": ("base", "layers", "fft", "scattering", "network", "cores", "cost", "sim", "boards"),
    "hadamac_cli": ("notices", "signals", "options", "widths", "sets", "data", "fit", "explain", "plan", "verilog", "train",
                    "quantise", "show", "demo", "main"),
}
"""Rooms of each package: a room imports only itself and rooms named before it.  ``__init__`` and ``__main__`` of a
package stand above all of its rooms."""

UPWARD: dict[str, str] = {}
"""Imports against `ORDER`, each with its reason.  One that no longer exists has to be removed from here."""

LAYERS = frozenset(
    "Activation Add Canvas Crop Dense Function Inverse MaxPool ModRelu Modulus Normalise Pad Pointwise Quadratic SpectralConv "
    "SpectralPool Transform".split()
)
"""Names that several classes of hadamac share on purpose: a layer's description (network), its bit-exact parameters
(model), its operation (ops) and its torch module (nn) are the same layer, and have the same name."""

SAME_NAME = {("hadamac", name): "parts of one layer (LAYERS)" for name in LAYERS} | {
    ("hadamac", "_Builder"): "both are private: of the stages (network), and of a plan (scattering)",
}
"""Names that two classes of a package may have, each with its reason.  One that is no longer needed has to be removed."""

OVERRIDES = {
    "elaborate": "Amaranth calls it to build a component; what it builds is in the docstring of the class",
    "forward": "torch calls it to apply a module; what it computes is in the docstring of the class",
    "what": "a property of every operation, documented in `hadamac.ops.base.Operation`",
    "caption": "a property of every operation, documented in `hadamac.ops.base.Operation`",
    "outputs": "a property of every operation, documented in `hadamac.ops.base.Operation`",
}
"""Methods that need no docstring of their own, each with its reason: overrides of documented methods."""

NO_IMPERATIVE = frozenset(
    "A All An And Any As At Before Between Both But By Each Either Every For From Given How If In Into Is It Its "
    "No Nothing Of On One Only Or That The These They This Those To What When Where Whether Which Who Why With".split()
)
"""First words with which no function's docstring begins."""

QUESTIONS = frozenset("How If What When Where Whether Which Who Why".split())
"""First words with which no property's docstring begins: it names what the property is, or says when it is true."""


@dataclass(frozen=True)
class Import:
    """One imported module of the project.

    Attributes
    ----------
    source, target
        Dotted names of the importing and of the imported module.
    place
        ``file:line`` of the statement.
    typing_only
        The statement is inside ``if TYPE_CHECKING``.
    """

    source: str
    target: str
    place: str
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


@cache
def modules(package: str) -> dict[str, Path]:
    """Return the file of every module of a package by its dotted name."""
    base = PACKAGES[package]
    names = {}
    for path in sorted((base / package).rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def place(path: Path, node: ast.AST) -> str:
    """Return ``file:line`` of a node."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def typing_only(file: ast.Module) -> set[ast.AST]:
    """Return all nodes inside ``if TYPE_CHECKING`` of a file."""
    guarded = set()
    for node in ast.walk(file):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            guarded |= {inner for statement in node.body for inner in ast.walk(statement)}
    return guarded


def named_by(node: ast.AST, package: str) -> Iterator[tuple[str, str | None]]:
    """Yield ``(module, name)`` for each name of an import statement; name is None for a plain ``import module``."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, None
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        above = parts[: len(parts) - node.level + 1] if node.level else []
        module = ".".join([*above, *filter(None, [node.module])])
        for alias in node.names:
            yield module, alias.name


@cache
def imports(package: str) -> tuple[Import, ...]:
    """Return the imports of the project's own modules in every file of a package, those inside functions too.

    The version is no import in this sense: it is a string that the package sets before it imports anything.
    """
    known = {name for each in PACKAGES for name in modules(each)}
    found = []
    for source, path in modules(package).items():
        file, parent = tree(path), source if path.name == "__init__.py" else source.rpartition(".")[0]
        guarded = typing_only(file)
        for node in ast.walk(file):
            for module, name in named_by(node, parent):
                if name == "__version__":
                    continue
                target = f"{module}.{name}" if f"{module}.{name}" in known else module
                if target in known and target != source:
                    found.append(Import(source, target, place(path, node), node in guarded))
    return tuple(found)


def room(module: str) -> str:
    """Return the room of a module; the empty string for a package's own ``__init__`` and ``__main__``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__main__" else ""


def listed(findings: list[str]) -> str:
    """Return findings as the text of a failure, one a line."""
    return "\n" + "\n".join(findings)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_in_one_direction(package):
    allowed = list(PACKAGES)[: list(PACKAGES).index(package) + 1]
    wrong = [f"{i.place}: {i}" for i in imports(package) if i.target.split(".")[0] not in allowed]
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_through_others(package):
    graph: dict[str, set[str]] = {name: set() for name in modules(package)}
    for i in imports(package):
        if i.target in graph:
            graph[i.source].add(i.target)
    while True:  # until every module left imports another one and is imported by another one
        imported = {target for targets in graph.values() for target in targets}
        inner = {name for name, targets in graph.items() if targets and name in imported}
        if inner == set(graph):
            break
        graph = {name: graph[name] & inner for name in inner}
    assert not graph, listed([f"{name} -> {', '.join(sorted(targets))}" for name, targets in sorted(graph.items())])


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_import_in_one_order(package):
    rank = {name: k for k, name in enumerate(ORDER[package])}
    missing = {room(name) for name in modules(package)} - {"", *rank}
    assert not missing, f"rooms of {package} that ORDER does not name: {', '.join(sorted(missing))}"
    inside = [i for i in imports(package) if not i.typing_only and i.target.split(".")[0] == package]
    upward = [i for i in inside if room(i.source) and not rank[room(i.source)] >= rank.get(room(i.target), len(rank))]
    wrong = [f"{i.place}: {i}" for i in upward if str(i) not in UPWARD]
    assert not wrong, listed(wrong)
    excused = {name for name in UPWARD if name.startswith(f"{package}.")} - set(map(str, upward))
    assert not excused, f"UPWARD names imports that no longer exist: {', '.join(sorted(excused))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_one_class_has_one_name(package):
    places: dict[str, list[str]] = {}
    for path in modules(package).values():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(place(path, node))
    double = {name: where for name, where in places.items() if len(where) > 1}
    wrong = [f"{' and '.join(where)}: {name}" for name, where in double.items() if (package, name) not in SAME_NAME]
    assert not wrong, listed(wrong)
    excused = {name for owner, name in SAME_NAME if owner == package} - set(double)
    assert not excused, f"SAME_NAME names classes of {package} that are no longer double: {', '.join(sorted(excused))}"


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def definitions(file: ast.Module) -> Iterator[tuple[Definition, bool]]:
    """Yield the classes and functions of a file with their methods, and whether each is public."""
    waiting: list[tuple[ast.AST, bool]] = [(file, True)]
    while waiting:
        owner, public = waiting.pop()
        for node in ast.iter_child_nodes(owner):
            if isinstance(node, Definition):
                seen = public and not node.name.startswith("_")
                yield node, seen
                if isinstance(node, ast.ClassDef):
                    waiting.append((node, seen))


def overrides(file: ast.Module) -> set[Definition]:
    """Return the methods of a file's derived classes that `OVERRIDES` names."""
    derived = [node for node in ast.walk(file) if isinstance(node, ast.ClassDef) and node.bases]
    return {method for owner in derived for method in owner.body
            if isinstance(method, ast.FunctionDef) and method.name in OVERRIDES}


def is_value(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a method is read as an attribute is, so that a noun phrase describes it."""
    return any(ast.unparse(mark).endswith(("property", "setter")) for mark in node.decorator_list)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_have_docstrings(package):
    wrong = []
    for path in modules(package).values():
        inherited = overrides(tree(path))
        if not ast.get_docstring(tree(path)):
            wrong.append(f"{place(path, tree(path))}: the module has no docstring")
        for node, public in definitions(tree(path)):
            overload = any("overload" in ast.unparse(mark) for mark in node.decorator_list)
            if public and not overload and node not in inherited and not ast.get_docstring(node):
                wrong.append(f"{place(path, node)}: {node.name} has no docstring")
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_of_functions_begin_with_an_imperative(package):
    wrong = []
    for path in modules(package).values():
        for node, _ in definitions(tree(path)):
            text = None if isinstance(node, ast.ClassDef) or is_value(node) else ast.get_docstring(node)
            if text is None:
                continue
            first = text.split()[0]
            if not re.fullmatch(r"[A-Z][a-z]*(?<![^s]s)[,:;]?", first) or first in NO_IMPERATIVE:
                wrong.append(f"{place(path, node)}: {node.name}: {text.splitlines()[0]}")
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_of_properties_begin_with_no_question(package):
    wrong = []
    for path in modules(package).values():
        for node, _ in definitions(tree(path)):
            text = ast.get_docstring(node) if is_value(node) else None
            if text and text.split()[0] in QUESTIONS:
                wrong.append(f"{place(path, node)}: {node.name}: {text.splitlines()[0]}")
    assert not wrong, listed(wrong)
