# The targets that people and CI call. Each installs what is missing first.
BUILD ?= build/release
JOBS  ?= $(shell nproc)

.PHONY: help run build test lint format docs bench soak sanitize install clean deps ui

help:
	@echo "make run       build, start the server on http://localhost:5000, run the flights example"
	@echo "make test      build and run every test in its short form"
	@echo "make build     build build/release/millwright"
	@echo "make lint      check formatting, layers, generated files and types"
	@echo "make format    format the sources"
	@echo "make docs      write docs/reference again from the program's tables"
	@echo "make bench     run the benchmarks"
	@echo "make soak      run the long forms of the fault tests"
	@echo "make sanitize  run the tests with address, undefined-behaviour and thread sanitizers"
	@echo "make install   install into PREFIX (default /usr/local)"

deps:
	@scripts/install-deps

ui: deps
	@scripts/build-ui

build: ui
	@cmake --preset release > build-configure.log 2>&1 || (cat build-configure.log; exit 1)
	@rm -f build-configure.log
	@cmake --build $(BUILD) -j $(JOBS)

run: build
	@scripts/run

test: build
	@scripts/test $(BUILD)

lint: build
	@ctest --test-dir $(BUILD) -R '^tidy\.' --output-on-failure

format: deps
	@git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

docs: build
	@scripts/write-reference $(BUILD)/millwright

bench: build
	@bench/run $(BUILD)

soak: build
	@MILLWRIGHT_SOAK=1 scripts/test $(BUILD)

sanitize: ui
	@scripts/sanitize

install: build
	@cmake --install $(BUILD) --prefix $(or $(PREFIX),/usr/local)

clean:
	rm -rf build
