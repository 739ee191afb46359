"""Networks in integers: how one is made from floats, what it predicts bit for bit, and how it is kept on disk."""

from .network import PRESETS, Formats, Prediction, QuantNetwork
from .quantise import quantise

__all__ = ["PRESETS", "Formats", "Prediction", "QuantNetwork", "quantise"]
