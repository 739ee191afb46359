"""Circuits of the layers, one file for each kind."""
