# make run [ARGS="..."]   play: the microphone, else the bundled étude
# make test               the engine's tests (no torch installed), and the training package's
# make lint               ruff, mypy --strict, what may import what
# make fuzz EXAMPLES=N    every fuzz test with N other inputs
# make bench [ARGS=--quick]  ours beside peers and floors, one table; --quick: a second or two each
# make soak MINUTES=60    a whole show while everything around it and in it breaks; a page in OUT, exit code 1 when a limit does
# make docs               the documentation as a site, in site/
# make wheel-check        build the wheel, install it in an empty environment, play it
# Each target prepares what it needs by itself (tools/setup.sh); nothing is installed outside .venv and .venv-train
# but the system libraries, and those only as root.

ARGS ?=
PYTEST_ARGS ?=
# A process for each core, at most four, and one thread in each: twice as quick on two cores.
PYTEST := -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
EXAMPLES ?= 2000
MINUTES ?= 3
OUT ?= docs/results
ENGINE := .venv/bin
TRAIN := .venv-train/bin

.PHONY: run test test-engine test-training lint fuzz bench soak docs wheel wheel-check clean

run:
	@tools/setup.sh run
	@$(ENGINE)/chromesthesia run $(ARGS)

test: test-training test-engine

test-engine:
	@tools/setup.sh test
	OMP_NUM_THREADS=1 $(ENGINE)/python $(PYTEST) tests --ignore=tests/training $(PYTEST_ARGS)

test-training:
	@tools/setup.sh train
	OMP_NUM_THREADS=1 $(TRAIN)/python $(PYTEST) tests/training $(PYTEST_ARGS)

lint:
	@tools/setup.sh train
	$(TRAIN)/ruff check .
	$(TRAIN)/ruff format --check .
	$(TRAIN)/mypy
	$(TRAIN)/lint-imports --no-logo
	$(TRAIN)/python tools/draw_house.py --check

fuzz:
	@tools/setup.sh test
	$(ENGINE)/python tools/fuzz.py $(EXAMPLES) $(PYTEST_ARGS)

bench:
	@tools/setup.sh bench
	@tools/setup.sh train
	@$(ENGINE)/python -m benchmarks $(ARGS)

soak:
	@tools/setup.sh test
	@$(ENGINE)/python -m benchmarks.soak --minutes $(MINUTES) --out $(OUT) $(ARGS)

docs:
	@tools/setup.sh docs
	@NO_MKDOCS_2_WARNING=1 $(ENGINE)/python -m mkdocs build --strict --quiet

wheel-check:
	@tools/setup.sh test
	$(ENGINE)/python tools/wheel_check.py

wheel:
	@tools/setup.sh run
	$(ENGINE)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv .venv-train dist build site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
