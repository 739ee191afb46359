"""Bit-exact NumPy models: the specification of every block."""
