"""Cells of circuits, before synthesis."""
