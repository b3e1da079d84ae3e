# The front door. `make help` lists what there is; CONTRIBUTING.md says more.
#
# Each target starts from nothing: it installs what it needs from the distribution, fetches what the
# distribution does not have, builds, and does its work. What is there already is only looked at.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

PRESET ?= release
BUILD := build/$(PRESET)
# The unit tests are compiled for `make test` only; once on in a build directory, they stay on.
TESTS := OFF
# Names of suites (test/run.py --list), or --all; without any, all that need no build of their own.
SUITES :=
# Of the simulation, FIRST-LAST.
SEEDS := 1-1000
# What clang-tidy looks at; without any, everything.
FILES :=
NODE_PACKAGES := test/servers/iterable
OWN_DUCKDB := $(if $(SLUICE_DUCKDB_DIR),-DSLUICE_DUCKDB_DIR='$(SLUICE_DUCKDB_DIR)')
MAKE_PARTS := $(MAKE) --no-print-directory -j4

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: deps
deps: ## install what building, the demo and the tests need (apt)
	@scripts/install-deps test demo

.PHONY: build
build: ## build build/release/sluice; PRESET=dev, ci, asan or tsan for the others
	@scripts/install-deps build
	@$(MAKE_PARTS) binary

.PHONY: demo
demo: ## the main job on real input: an S3 drop comes in, an audience goes out to Iterable
	@scripts/install-deps demo
	@$(MAKE_PARTS) binary s3-server node-packages
	@scripts/demo

.PHONY: test
test: ## everything, from nothing, with one summary
	@scripts/install-deps test
	@$(MAKE_PARTS) binary s3-server node-packages TESTS=ON
	@scripts/test --build-dir $(BUILD) $(SUITES)

.PHONY: sim
sim: ## the simulation of syncs, SEEDS=1-5000; `make test` runs 300
	@scripts/install-deps test
	@$(MAKE_PARTS) configure TESTS=ON
	@cmake --build $(BUILD) --target sync_simulation
	@test/simulate.py --build-dir $(BUILD) --seeds $(SEEDS)

.PHONY: torture
torture: ## stopped at every write, killed 300 times, defects that must be found: many hours
	@scripts/install-deps test
	@$(MAKE_PARTS) binary s3-server node-packages TESTS=ON
	@test/torture.py --build-dir $(BUILD)

.PHONY: bench
bench: ## the measurements of docs/performance.md (long; never in CI)
	@scripts/install-deps bench build
	@$(MAKE_PARTS) binary
	@bench/run.py

.PHONY: package
package: ## build/sluice_VERSION_ARCH.deb, for Debian 12
	@scripts/install-deps package build
	@$(MAKE_PARTS) binary
	@scripts/package $(BUILD)

.PHONY: lint
lint: ## formatting, clang-tidy (FILES='src/...cc' for these alone: all take hours), shell, Python
	@scripts/install-deps lint test
	@$(MAKE_PARTS) configure TESTS=ON
	@scripts/lint $(BUILD) $(FILES)

.PHONY: format
format: ## format the C++ sources
	@scripts/install-deps lint
	@git ls-files -z --cached --others --exclude-standard '*.cc' '*.h' '*.c' | xargs -0 clang-format -i

.PHONY: clean
clean: ## remove what was built; keep what was fetched
	@if [[ -d build ]]; then \
	  find build -mindepth 1 -maxdepth 1 ! -name third_party ! -name tools -exec rm -rf {} +; fi

.PHONY: distclean
distclean: ## remove everything that is not in git's care
	@rm -rf build $(addsuffix /node_modules,$(NODE_PACKAGES))

# Parts of the above. They run side by side: the S3 server is compiled while Sluice is.
.PHONY: duckdb configure binary s3-server node-packages
duckdb:
	@scripts/fetch-duckdb

configure: duckdb
	@mkdir -p build
	@if [[ $(TESTS) == ON || ! -f $(BUILD)/build.ninja ]]; then \
	  cmake --preset $(PRESET) -DSLUICE_TESTS=$(TESTS) $(OWN_DUCKDB) >$(BUILD).configure.log || \
	    { cat $(BUILD).configure.log; exit 1; }; fi

binary: configure
	@cmake --build $(BUILD)

s3-server:
	@scripts/install-s3-server

node-packages:
	@scripts/install-node-packages $(NODE_PACKAGES)
