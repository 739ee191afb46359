"""Descriptions of networks: layers, the graph that they form, which bins live in it, and the stages of its circuit."""

from .layers import *  # noqa: F403
from .layers import __all__ as _layers
from .network import Network, default_network

__all__ = [*_layers, "Network", "default_network"]  # pyright: ignore[reportUnsupportedDunderAll]
