"""Cost of a network's circuit in cycles, multipliers and memory, computed before any Verilog is written."""
