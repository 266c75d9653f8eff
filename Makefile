# Thin front for CMake. demo, test and bench first install what they lack (tools/deps.sh); FERRY_DEPS=skip leaves that to you.
#   make lib       build/lib/5.1 ... build/lib/5.5: complete module folders for the Luas that are here, or FERRY_LUAS="5.1;5.4"
#   make demo      the examples on real libraries, with what they print
#   make test      everything; `make test STAGES="unit specs"` for a part, FULL=1 for every pair of Lua and back end (tests/README.md)
#   make fuzz      what reads C, fuzzed; `make fuzz TIME=600`: seconds for each target (tests/fuzz/run)
#   make prove     calls, callbacks and layouts of random types against compilers, and random programs against LuaJIT, in great numbers (tests/prove/run)
#   make coverage  which lines of src run in tests, in build-coverage (tests/coverage/run)
#   make lint      src read by cppcheck and clang-tidy, many minutes; `make lint STEPS=cppcheck`, FILES=PATTERN (tests/lint/run)
#   make cross     tests for another processor, in an emulator; `make cross ARCH=riscv64`, STEPS="calls specs" (tests/cross/run.sh)
#   make hosts     programs of Debian's that contain Lua, with Ferry in them; installs them (tests/hosts/run)
#   make soak      an hour of random use at constant memory; TIME=300: seconds (tests/soak/run)
#   make bench     table of nanoseconds against a hand-written binding, and build/bench.json
#   make install   into PREFIX (default /usr/local), below DESTDIR if that is set
#   make uninstall removes what the last make install from here has installed
#   make dist      build/dist/ferry-VERSION.tar.gz and its rockspec, from the last commit
#   make deb       Debian packages from the last commit, in build/deb (tools/deb.sh)
#   make clean
PREFIX ?= /usr/local
DESTDIR ?=
STAGES ?=
TIME ?= 60
ARCH ?= aarch64
STEPS ?=
FERRY_LUAS ?=

.PHONY: lib demo test fuzz prove coverage lint cross hosts soak bench install uninstall dist deb clean help
.DEFAULT_GOAL := lib

help:
	@sed -n '2,17s/^# *//p' Makefile

# Installs nothing, needs no root. A tree that make test has configured stays one with tests; a fresh one does not need their
# libraries. Presets are not used: older CMakes do not know them.
lib:
	@FERRY_DEPS=$(if $(FERRY_DEPS),$(FERRY_DEPS),tell) tools/deps.sh build
	@cmake -S . -B build $(if $(wildcard build/CMakeCache.txt),,-DCMAKE_BUILD_TYPE=Release -DFERRY_TESTS=OFF \
	    $(if $(shell command -v ninja),-G Ninja)) $(if $(FERRY_LUAS),"-DFERRY_LUAS=$(FERRY_LUAS)") \
	  >build-configure.log 2>&1 || { cat build-configure.log; rm -f build-configure.log; exit 1; }
	@sed -n 's/^-- \(Lua 5.*: no headers\), /\1: /p; s/^-- \(asmjit: .*\)/\1/p' build-configure.log; rm -f build-configure.log
	@cmake --build build --target modules $(if $(wildcard build/build.ninja),,-j $(shell nproc 2>/dev/null || echo 2))
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
	@FULL="$(FULL)" tests/run.sh $(STAGES)

fuzz:
	@tools/deps.sh build test
	@TIME="$(TIME)" tests/fuzz/run $(TARGETS)

prove:
	@tools/deps.sh build test
	@cmake --preset release -DFERRY_TESTS=ON >/dev/null
	@cmake --build build --target modules layout_compare abi_calls plan_probe
	@tests/prove/run $(PARTS)

coverage:
	@tools/deps.sh build test
	@tests/coverage/run $(STEPS)

lint:
	@tools/deps.sh build lint
	@FILES="$(FILES)" tests/lint/run $(STEPS)

cross:
	@tests/cross/run.sh $(ARCH) $(STEPS)

hosts: lib
	@tests/hosts/run $(HOSTS)

soak: lib
	@TIME="$(if $(filter command line environment,$(origin TIME)),$(TIME),3600)" tests/soak/run

bench:
	@tools/deps.sh build bench
	@tools/lua55.sh
	@cmake --preset release $(if $(wildcard build/CMakeCache.txt),,-DFERRY_TESTS=OFF) -DFERRY_BENCH=ON >/dev/null
	@cmake --build build --target modules bench_binding
	@bench/run.sh

install: lib
	DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)" --strip

uninstall:
	@DESTDIR="$(DESTDIR)" tools/uninstall.sh

dist:
	@tools/dist.sh

deb:
	@tools/deb.sh

clean:
	rm -rf build build-debug build-asan build-fuzz build-aarch64 build-armhf build-i386 build-ppc64le build-riscv64 build-s390x build-coverage build-lint build-configure.log
