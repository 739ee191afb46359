"""Code blocks of documentation pages."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["blocks"]


def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)
