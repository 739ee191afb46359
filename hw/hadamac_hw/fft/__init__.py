"""Circuits of the Fourier transforms."""

from .folded import FoldedFft
from .iterative import IterativeFft
from .real import RealFft
from .streaming import Fft

__all__ = ["Fft", "FoldedFft", "IterativeFft", "RealFft"]
