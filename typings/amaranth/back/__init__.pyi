from . import verilog as verilog
