"""Command line of hadamac.  It imports the packages hadamac and hadamac_hw; neither of them imports it.

Circuits, torch and matplotlib are imported inside the functions that need them, so that a command starts quickly and
works without the packages that it does not use.
"""
