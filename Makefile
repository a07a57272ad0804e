# A thin face: everything is built by CMake, through the presets of CMakePresets.json.
#
#   make           builds build/metaclip and build/libmetaclip.so|a
#   make demo      curates a crawl of real web pages and shows its data card
#   make experiment  trains small models on the raw, matched and balanced pairs of one pool (an hour)
#   make test      builds and runs all tests, also under sanitizers
#   make torture   kills runs at 1,000 random moments (KILLS) and compares what comes out
#   make bench     measures            make fuzz      fuzzes a minute a target (FUZZ_SECONDS)
#   make install   into PREFIX (/usr/local), under DESTDIR
#   make format    spaces the code     make lint      clang-tidy
#   make coverage  which lines the tests reach
#   make clean     removes what the above made
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
BENCH ?= .
KILLS ?= 1000

.PHONY: all demo experiment test torture bench fuzz install format lint coverage clean

all:
	@scripts/install-packages build
	@cmake --preset release -DMETACLIP_TESTS=OFF -DMETACLIP_BENCH=OFF >/dev/null
	@cmake --build --preset release

demo: all
	@scripts/install-packages demo
	@scripts/demo

experiment: all
	@scripts/install-packages experiment
	@scripts/experiment

test:
	@scripts/test

torture: all
	@scripts/torture $(KILLS)

bench:
	@scripts/bench '$(BENCH)'

fuzz:
	@scripts/install-packages build fuzz
	@scripts/fuzz $(FUZZ_SECONDS)

# Configured anew, because the prefix stands in the pkg-config file.
install:
	@scripts/install-packages build
	@cmake --preset release -DCMAKE_INSTALL_PREFIX='$(PREFIX)' >/dev/null
	@cmake --build --preset release
	@DESTDIR='$(DESTDIR)' cmake --install build
	@[ -n '$(DESTDIR)' ] || [ "$$(id -u)" != 0 ] || ldconfig # so that programs find the library at once

format:
	@git ls-files -co --exclude-standard '*.c' '*.h' '*.cc' | xargs clang-format-14 -i

lint:
	@scripts/install-packages build fuzz lint
	@scripts/lint

coverage:
	@scripts/install-packages build coverage
	@scripts/coverage

clean:
	rm -rf build build-dev build-tsan build-fuzz build-coverage demo-out experiment-out
