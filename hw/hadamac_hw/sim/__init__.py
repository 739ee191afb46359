"""Test bench: drives the streams of emitted Verilog and compares what comes out, beat by beat and cycle by cycle.

`case.run_case` is all that most block tests need.  `streams` is for cocotb code of one's own.
"""
