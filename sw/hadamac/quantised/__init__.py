"""Quantised networks: their making from floats, their bit-exact prediction, and their files."""

from ..ops.formats import PRESETS, Formats
from .network import Prediction, QuantNetwork
from .quantise import quantise

__all__ = ["PRESETS", "Formats", "Prediction", "QuantNetwork", "quantise"]
