"""Wavelet scattering: its filters, its plan in words and its bit-exact model."""
