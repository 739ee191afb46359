"""The families of FPGAs for which hadamac builds bitstreams."""

from .ecp5 import ECP5
from .gowin import GOWIN
from .ice40 import ICE40
from .nexus import NEXUS

__all__ = ["ECP5", "GOWIN", "ICE40", "NEXUS"]
