"""Test bench that drives the streams of emitted Verilog and compares the outputs beat by beat and cycle by cycle.

Most tests of blocks need only `case.run_case`.  `streams` is for cocotb tests of one's own.
"""
