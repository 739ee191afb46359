"""Blocks as Verilog files of their own."""
