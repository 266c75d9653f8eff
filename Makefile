# Thin front for the CMake presets; every target first installs what it lacks (tools/deps.sh).
#   make lib       build/lib/5.1 ... build/lib/5.5: complete module folders
#   make demo      the examples on real libraries, with what they print
#   make test      everything; `make test STAGES="unit specs"` for a part (tests/README.md)
#   make bench     table of nanoseconds against a hand-written binding, and build/bench.json
#   make install   into PREFIX (default /usr/local), below DESTDIR if that is set
#   make clean
PREFIX ?= /usr/local
DESTDIR ?=
STAGES ?=

.PHONY: lib demo test bench install clean help
.DEFAULT_GOAL := lib

help:
	@sed -n '2,8s/^# *//p' Makefile

# A tree that make test has configured stays one with tests; a fresh one does not need their libraries.
lib:
	@tools/deps.sh build
	@cmake --preset release $(if $(wildcard build/CMakeCache.txt),,-DFERRY_TESTS=OFF) >build-configure.log 2>&1 \
	  || { cat build-configure.log; exit 1; }; rm -f build-configure.log
	@cmake --build build --target modules
	@for v in build/lib/5.*; do echo "Lua $${v##*/}: $$v"; done

# Lua 5.5 is built first where the system has no package of it (tools/lua55.sh).
demo:
	@tools/deps.sh build demo
	@tools/lua55.sh
	@$(MAKE) --no-print-directory lib
	@tests/run_examples.sh --show

test:
	@tools/deps.sh build demo test
	@tools/lua55.sh
	@tests/run.sh $(STAGES)

bench:
	@tools/deps.sh build bench
	@tools/lua55.sh
	@cmake --preset release $(if $(wildcard build/CMakeCache.txt),,-DFERRY_TESTS=OFF) -DFERRY_BENCH=ON >/dev/null
	@cmake --build build --target modules bench_binding
	@bench/run.sh

install: lib
	DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)" --strip

clean:
	rm -rf build build-debug build-asan build-aarch64 build-configure.log
