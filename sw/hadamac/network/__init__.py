"""Descriptions of networks: layers, the graph that they form, which bins live in it, and the stages of its circuit."""

from .layers import Activation, Dense, MaxPool, Normalise, Pad, SpectralConv, SpectralPool
from .network import Network, default_network

__all__ = ["Activation", "Dense", "MaxPool", "Network", "Normalise", "Pad", "SpectralConv", "SpectralPool",
           "default_network"]
