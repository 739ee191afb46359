"""hadamac: frequency-domain CNNs as bit-exact models and synthesizable hardware.

>>> import hadamac
>>> network = hadamac.load()                          # the shipped, trained MNIST network
>>> images, labels = hadamac.shipped_digits()         # 500 test digits, uint8 (500, 28, 28)
>>> prediction = network.predict(images)              # integer logits, exactly the circuit's
>>> float((prediction.classes == labels).mean())
0.986
"""

__version__ = "0.1.0"  # The only place of the version.  It is set before the imports, because modules use it.

from .cost.estimate import estimate
from .data import load_mnist, shipped_digits
from .errors import HadamacError, HadamacWarning
from .network.network import Network, default_network
from .ops.formats import PRESETS, Formats
from .quantised.accuracy import measure
from .quantised.artifact import Artifact, load, save
from .quantised.network import QuantNetwork
from .quantised.quantise import quantise

__all__ = [
    "Artifact", "Formats", "HadamacError", "HadamacWarning", "Network", "PRESETS", "QuantNetwork", "default_network",
    "estimate", "load", "load_mnist", "measure", "quantise", "save", "shipped_digits",
]
