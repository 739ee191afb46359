"""Circuits of the Fourier transforms."""
