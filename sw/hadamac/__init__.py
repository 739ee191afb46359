"""hadamac: frequency-domain CNNs as bit-exact models and synthesizable hardware."""

__version__ = "0.1.0"
