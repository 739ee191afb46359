"""Circuits of the Fourier transforms."""

from .iterative import IterativeFft
from .real import RealFft
from .streaming import Fft

__all__ = ["Fft", "IterativeFft", "RealFft"]
