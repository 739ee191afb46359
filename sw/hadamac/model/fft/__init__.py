"""Bit-exact models of the Fourier transforms."""
