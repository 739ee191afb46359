"""Boards for which hadamac builds bitstreams: the serial shell, the clocks, and a module for each board."""
