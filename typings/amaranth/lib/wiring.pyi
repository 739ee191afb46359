from collections.abc import Mapping
from typing import Any

from ..hdl import Elaboratable, Module, ShapeLike

class Flow:
    name: str
    def __call__(self, shape: ShapeLike | Signature, *, init: Any = ...) -> Member: ...

In: Flow
Out: Flow

class Member:
    flow: Flow
    shape: ShapeLike  # of a port
    signature: Signature  # of an interface
    is_port: bool
    is_signature: bool

class Signature:
    members: Mapping[str, Member]
    def __init__(self, members: Mapping[str, Member]) -> None: ...
    def flip(self) -> Any: ...
    def create(self, *, path: tuple[str, ...] | None = ..., src_loc_at: int = ...) -> Any: ...

class Component(Elaboratable):
    """Its members, which the signature makes when it is constructed, are of any type."""

    signature: Signature
    def __init__(self, signature: Signature | Mapping[str, Any] | None = ..., *, src_loc_at: int = ...) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

def connect(m: Module, *args: Any, **kwargs: Any) -> None: ...
def flipped(interface: Any) -> Any: ...
