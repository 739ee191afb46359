from collections.abc import Iterable, Mapping
from typing import Any

from ..hdl import ShapeLike
from .wiring import Component

class Memory(Component):
    def __init__(self, *, shape: ShapeLike, depth: int, init: Iterable[Any],
                 attrs: Mapping[str, int | str] | None = ...) -> None: ...
    def read_port(self, *, domain: str = ..., transparent_for: Any = ...) -> Any: ...
    def write_port(self, *, domain: str = ..., granularity: int | None = ...) -> Any: ...
