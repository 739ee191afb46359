"""Conversion of torch modules to networks: :func:`hadamac.compile`.

``torch.fx`` records the calls of a module.  A converter for each kind of call adds layers to a builder, and the result
is compared with torch.  Nothing else of hadamac imports this room; :mod:`hadamac` does so when it is first used.

======================  =========================================================================
``builder``             the layers that have been added, and what a tensor is in the network
``registry``            converters by class, function, method or full name of a class
``layout``              borders of maps, and what is still to be computed
``convolutions``, ...   converters, one file for each family; ``fno`` is that of neuralop's operators
``trace``               the calls of a module, one after the other
``finish``, ``check``   the network, its parameters, and their comparison with torch
======================  =========================================================================
"""

from __future__ import annotations

from .. import nn as _nn  # noqa: F401  (says what to install where there is no torch)
from . import activations, convolutions, fno, linear, own, pooling, shapes  # noqa: F401  (converters are registered)
from .compile import compile_model

__all__ = ["compile_model"]
