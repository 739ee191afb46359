from typing import Any

from .wiring import Signature as _Signature

class Signature(_Signature):
    payload_shape: Any
    def __init__(self, payload_shape: Any, *, payload_init: Any = ..., always_valid: bool = ...,
                 always_ready: bool = ...) -> None: ...
