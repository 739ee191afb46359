"""Wavelet scattering: its filters, the choice of its number formats, and its bit-exact model."""

from .filters import scatter
from .model import ScatteringPlan
from .plan import scattering_plan

__all__ = ["ScatteringPlan", "scatter", "scattering_plan"]
