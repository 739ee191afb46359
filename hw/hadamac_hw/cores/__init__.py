"""Stand-alone cores: blocks as Verilog files of their own."""
