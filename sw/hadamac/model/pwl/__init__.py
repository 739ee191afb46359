"""Piecewise-linear tables: their bit-exact model, and how one is fitted to a function."""
