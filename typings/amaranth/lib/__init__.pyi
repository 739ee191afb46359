from . import cdc as cdc, data as data, fifo as fifo, memory as memory, stream as stream, wiring as wiring
