from typing import Any

from ..hdl import Value
from .wiring import Signature as _Signature

class Signature(_Signature):
    payload_shape: Any
    def __init__(self, payload_shape: Any, *, payload_init: Any = ..., always_valid: bool = ...,
                 always_ready: bool = ...) -> None: ...

class Interface:
    payload: Any  # a Value, or the View that its shape makes
    valid: Value
    ready: Value
    signature: Signature
    p: Any
