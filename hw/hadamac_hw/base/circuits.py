"""Registry of circuits: the function that makes the block of an operation, registered in the file of the block.

>>> @circuit.register(Product)                                                           # doctest: +SKIP
... def _product(op: Product, lanes: int) -> Hadamard:
...     return Hadamard(...)
"""

from __future__ import annotations

from functools import singledispatch

from hadamac.ops.base import Operation

from .block import Block

__all__ = ["circuit"]


@singledispatch
def circuit(op: Operation, lanes: int) -> Block:
    """Return the block that computes an operation, with a number of lanes."""
    raise NotImplementedError(f"Operation {type(op).__name__} has no circuit")
