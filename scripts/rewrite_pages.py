#!/usr/bin/env python3
"""Writing of the generated pages of docs/ from their recorded figures, without measuring anything again."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
sys.path += [str(ROOT), str(ROOT / "study"), str(ROOT / "sw"), str(ROOT / "hw")]

import network_pages  # noqa: E402  (the paths come first)
import pages  # noqa: E402
from bench.fft.page import markdown as fft_page  # noqa: E402
from bench.layers.page import markdown as layers_page  # noqa: E402


def figures(path: Path) -> dict:
    """Return the figures that a JSON file records."""
    return json.loads(path.read_text("utf-8"))


def main() -> None:
    """Write every generated page."""
    texts = {DOCS / "layers.md": layers_page(figures(DOCS / "benchmarks" / "layers.json"))}
    peers = figures(ROOT / "bench" / "fft" / "peers.json")
    texts[DOCS / "benchmarks" / "fft.md"] = fft_page(figures(DOCS / "benchmarks" / "fft.json"), peers)
    for name, page in (("toy", pages.toy_page), ("pooling", pages.pooling_page),
                       ("dependence", pages.dependence_page), ("mnist", network_pages.mnist_page)):
        texts[DOCS / "study" / f"{name}.md"] = page(figures(DOCS / "study" / f"{name}.json"))
    mnist = figures(DOCS / "study" / "mnist.json")
    texts[DOCS / "study" / "fashion.md"] = network_pages.fashion_page(figures(DOCS / "study" / "fashion.json"), mnist)
    for path, text in texts.items():
        path.write_text(text, "utf-8")
        print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
