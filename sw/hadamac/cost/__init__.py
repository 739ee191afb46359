"""Cycles, multipliers and memory of a network's circuit, before anything is emitted."""
