"""Networks in integers: how one is made from floats, what it predicts bit for bit, and how it is kept on disk."""

from ..ops.formats import PRESETS, Formats
from .network import Prediction, QuantNetwork
from .quantise import quantise

__all__ = ["PRESETS", "Formats", "Prediction", "QuantNetwork", "quantise"]
