# The front door of lovt-bench. `make help` lists the verbs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint format bench performance gpu parity docs wheel pretrain docker evaluate submit screenshots replicate leaderboard clean

# What a user gives reaches a command as one word and unchanged: paths hold blanks, quotes and dollar signs.
GIVEN := WORKSPACE LOVT_BENCH_WORKSPACE PROFILE METHOD RUNTIME DEVICE FRACTION CORPUS BACKBONE SUBMISSION EXECUTOR WORKERS NAME WEIGHTS \
  ARCH ENCODER DATA CLAIMED DIR OUT IMAGES BASE BASE_IMAGE STACK PYTHON
$(foreach name,$(GIVEN),$(if $(filter-out undefined,$(origin $(name))),$(eval override $(name) := $$(value $(name)))))
quote = '$(subst ','\'',$(1))'
option = $(if $($(2)),$(1) $(call quote,$($(2))))

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# What reads code without running it finds `lovt_bench` here.
LINKS := build/packages
WORKSPACE ?= workspace
export LOVT_BENCH_WORKSPACE ?= $(WORKSPACE)

# Two processes with one thread each are faster than two that fight for both cores.
TEST_WORKERS ?= 2
PROFILE ?= paper
DEMO_IMAGES ?= 120
# RSNA has tasks at 1, 10 and 100 % of the training images: with so many YOLOv3 heads train on 8, 14 and 32.
DEMO_RSNA_IMAGES ?= 240
DEMO_STUDIES ?= 240
DEMO_DATASETS := rsna siim covid-rural object-cxr nih-cxr

# `make docker`: base (CPU) or base-cuda, how images are called, and further options of `docker build`.
BASE ?= base
IMAGES ?= lovt-bench
DOCKER_FLAGS ?=
# Lines that are shown of what the engine says about an image that cannot be built.
REASON_LINES := 5
argument = $(if $($(1)),--build-arg $(call quote,$(1)=$($(1))))
BASE_ARGUMENTS = $(call argument,BASE_IMAGE) $(call argument,STACK)
METHOD_ARGUMENTS = --build-arg $(call quote,BASE_IMAGE=$(IMAGES)-$(BASE))

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv and install everything into it

$(STAMP): pyproject.toml
	$(call quote,$(PYTHON)) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "lovt-bench needs Python 3.11 or newer: make setup PYTHON=python3.11")'
	test -x $(BIN)/python || $(call quote,$(PYTHON)) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## The main job on synthetic images: two backbones, 18 tasks, a leaderboard
	$(BIN)/lovt-bench data phantom --images $(DEMO_RSNA_IMAGES) --side 384 --dataset rsna
	$(BIN)/lovt-bench data phantom --images $(DEMO_IMAGES) --side 384 $(patsubst %,--dataset %,$(filter-out rsna,$(DEMO_DATASETS)))
	$(BIN)/lovt-bench data phantom --images $(DEMO_STUDIES) --side 256 --dataset mimic-cxr
	for name in $(DEMO_DATASETS); do \
	  $(BIN)/lovt-bench data prepare $$name --raw $(call quote,$(LOVT_BENCH_WORKSPACE))/phantom/$$name || exit 1; done
	$(BIN)/lovt-bench corpus prepare mimic-cxr --raw $(call quote,$(LOVT_BENCH_WORKSPACE))/phantom/mimic-cxr
	$(BIN)/lovt-bench pretrain lovt --runtime process --profile demo
	$(BIN)/lovt-bench evaluate random-resnet18 --profile demo --workers 2
	$(BIN)/lovt-bench evaluate lovt --profile demo --workers 2
	for name in random-resnet18 lovt; do $(BIN)/lovt-bench analyze $$name --profile demo --dataset rsna || exit 1; done
	$(BIN)/lovt-bench leaderboard build
	$(BIN)/lovt-bench leaderboard show
	@echo "Open leaderboard/versions/dev/index.html in a browser. Everything else lies in" $(call quote,$(LOVT_BENCH_WORKSPACE)/)

test: $(STAMP) ## All tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

test-fast: $(STAMP) ## Tests without the slow ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder -m 'not slow'

$(LINKS): $(STAMP)
	@mkdir -p $(LINKS)/lovt_bench
	@ln -sfn ../../../lovt_bench.py $(LINKS)/lovt_bench/__init__.py
	@for package in benchmark tasks submissions leaderboard; do ln -sfn ../../../$$package $(LINKS)/lovt_bench/$$package; done
	@ln -sfn ../../tests $(LINKS)/tests
	@touch $@

lint: $(STAMP) $(LINKS) ## ruff, mypy, code that nothing uses, and the scripts of the page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture
	$(BIN)/biome lint --error-on-warnings leaderboard/show/page/assets

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## Measure speed: every kind of work against its bare one, fast engine against reference engine
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest tests/bench --benchmark-only -o addopts= --benchmark-columns=min,mean,rounds -s

performance: $(STAMP) ## Measure for docs/performance.md and write its tables (PARTS="heads features" prints some only)
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m tests.bench.report $(if $(PARTS),--parts $(PARTS))

gpu: $(STAMP) ## On a machine with a GPU: its tests, its speed, the demo, in 12 minutes: make gpu [OUT=build/gpu.md]
	$(BIN)/python -m tests.gpu.report $(call quote,$(or $(OUT),build/gpu.md))

parity: $(STAMP) ## Compare with the golden vectors of the reference: make parity [DIR=other/vectors]
	$(BIN)/python -m tests.parity $(if $(DIR),$(call quote,$(DIR)))

docs: $(STAMP) $(LINKS) ## Build the documentation as a site and check its links: build/docs/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: $(STAMP) ## Build a wheel that works outside the repository: make wheel [OUT=dist]
	$(BIN)/python -m hatchling build --target wheel --directory $(call quote,$(or $(OUT),dist))

pretrain: $(STAMP) ## Run a method: make pretrain METHOD=lovt [RUNTIME=docker] [DEVICE=cuda] [PROFILE=demo] [FRACTION=0.3] [CORPUS=name]
	@test -n $(call quote,$(METHOD)) || { echo "usage: make pretrain METHOD=name [RUNTIME=docker|process|auto] [DEVICE=cuda|cpu|auto] [PROFILE=demo] [FRACTION=0.3] [CORPUS=name]"; exit 2; }
	$(BIN)/lovt-bench pretrain $(call quote,$(METHOD)) $(call option,--profile,PROFILE) $(call option,--runtime,RUNTIME) $(call option,--device,DEVICE) $(call option,--fraction,FRACTION) $(call option,--corpus,CORPUS)

docker: ## Build the images of base, harness and all methods: make docker [BASE=base-cuda] [BASE_IMAGE=python:3.11-slim]
	@docker version >/dev/null 2>&1 || { echo "no Docker Engine answers: start one, or let DOCKER_HOST name it"; exit 1; }
	@echo $(call quote,== $(IMAGES)-$(BASE): Python and the pinned stack (the first time minutes and about 7 GB))
	docker build $(DOCKER_FLAGS) -f $(call quote,docker/$(BASE)/Dockerfile) -t $(call quote,$(IMAGES)-$(BASE)) $(BASE_ARGUMENTS) .
	@failed=; for folder in docker/harness submissions/*; do \
	  test -f "$$folder/Dockerfile" || continue; image=$(call quote,$(IMAGES))-$${folder##*/}; echo "== $$image"; \
	  context=$$folder; test "$$folder" != docker/harness || context=.; \
	  said=$$(docker build $(DOCKER_FLAGS) --quiet -f "$$folder/Dockerfile" -t "$$image" $(METHOD_ARGUMENTS) "$$context" 2>&1) || \
	    failed+="$$image: not built"$$'\n'"$$(tail -n $(REASON_LINES) <<<"$$said" | sed 's/^/    /')"$$'\n'; done; \
	docker images --filter $(call quote,reference=$(IMAGES)-*); \
	test -z "$$failed" || { printf '%s' "$$failed"; exit 1; }
	@echo "Next: make pretrain METHOD=lovt RUNTIME=docker$(if $(filter base-cuda,$(value BASE)), DEVICE=cuda)"

# What is evaluated was called SUBMISSION before it was called what it is.
EVALUATED = $(or $(BACKBONE),$(SUBMISSION))
evaluate: $(STAMP) ## Take a backbone through the tasks: make evaluate BACKBONE=random [PROFILE=demo] [WORKERS=4]
	@test -n $(call quote,$(EVALUATED)) || { echo "usage: make evaluate BACKBONE=name [PROFILE=paper|small|demo] [EXECUTOR=local|ray] [WORKERS=4]"; exit 2; }
	$(BIN)/lovt-bench evaluate $(call quote,$(EVALUATED)) $(call option,--profile,PROFILE) $(call option,--executor,EXECUTOR) $(call option,--workers,WORKERS)

submit: $(STAMP) ## Make a backbone of your checkpoint: make submit NAME=mine WEIGHTS=resnet50.pt (or a folder, or hf:ORG/NAME) [ENCODER=encoder_q] [DATA=mimic-cxr]
	@test -n $(call quote,$(NAME)) && test -n $(call quote,$(WEIGHTS)) || { echo "usage: make submit NAME=name WEIGHTS=file|folder|hf:ORG/NAME [ARCH=resnet18] [ENCODER=encoder_q] [DATA='mimic-cxr chexpert'] [CLAIMED=results.csv]"; exit 2; }
	$(BIN)/lovt-bench submit $(call quote,$(NAME)) --weights $(call quote,$(WEIGHTS)) $(call option,--arch,ARCH) $(call option,--encoder,ENCODER) $(foreach data,$(DATA),--pretraining-data $(call quote,$(data))) $(call option,--claimed,CLAIMED)

screenshots: $(STAMP) ## Pictures of the leaderboard page, light and dark, wide and narrow: make screenshots [OUT=build/screenshots]
	$(BIN)/python -m tests.leaderboard.show.page.screenshots $(call quote,$(or $(OUT),build/screenshots))

replicate: $(STAMP) ## Do Random and ImageNet reach their published values on the real data prepared here? [DEVICE=cuda] [WORKERS=4]
	$(BIN)/lovt-bench leaderboard replicate --run $(call option,--device,DEVICE) $(call option,--workers,WORKERS)

leaderboard: $(STAMP) ## Build the leaderboard from the run records and show it
	$(BIN)/lovt-bench leaderboard build
	$(BIN)/lovt-bench leaderboard show
	@echo "The page again, served: $(BIN)/lovt-bench leaderboard serve --open"

clean: ## Remove the workspace (data, features, backbones, results)
	rm -rf -- $(call quote,$(WORKSPACE))
