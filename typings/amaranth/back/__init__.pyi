from . import rtlil as rtlil
from . import verilog as verilog
