"""Boards that hadamac builds bitstreams for: the serial shell, clocks, and one module per board."""
