# What people type. Needs Python 3.11-3.13, git and make: every target installs by itself what it needs.
#   PYTHON=python3.12   another Python
#   USE=gpu             the packages of requirements/gpu.txt, in .venv-gpu
#   SOURCE=1, MODEL=... the camera and the model of webcam
#   PORT=..., HOST=..., ROOT_PATH=/faces   where demo and api listen, and the path of a proxy before them
#   ALL=1               quickstart with every model and the slow stages at the end, too
#   STAGES=..., SET=... what repro runs; SET=models.cnn.fit.epochs=2 makes an experiment of it
#   RAY=..., APPLY=1    options of tune
USE ?=
LOCK := $(if $(USE),requirements/$(USE).txt,requirements.txt)
VENV := .venv$(addprefix -,$(USE))
RUN := $(VENV)/bin/python -m
# HOST alone of the command line: some shells export the machine's name, and demo and api would serve others, too.
SERVER = $(if $(PORT),--port '$(PORT)') $(if $(filter command,$(origin HOST)),--host '$(HOST)') \
    $(if $(ROOT_PATH),--root-path '$(ROOT_PATH)')
BENCHMARKS = $(basename $(notdir $(shell grep -l __main__ benchmarks/*.py)))

# `python` in dvc.yaml is the one of the environment; nothing outside it is imported.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHON USE
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE VIRTUAL_ENV CONDA_PREFIX
.DEFAULT_GOAL := help
.PHONY: help quickstart repro pull repair-remote test test-remotes test-newest test-oldest test-images lint verify \
    hooks findings check plots report pull-request results benchmark tune webcam demo api web check-deploy image \
    exclude-label-issues ship lock setup clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-22s %s\n", $$1, $$2 }' Makefile

quickstart: setup ## run the pipeline on synthetic faces and show the results (some 90 seconds; ALL=1: all models)
	@$(RUN) tools.quickstart $(if $(ALL),--all)

repro: setup ## run the pipeline on FER-2013, whatever is not up to date (hours at first; STAGES=evaluate@cnn)
	@$(RUN) tools.run_pipeline $(addprefix -S ,$(SET)) $(STAGES)

pull: setup ## get data and weights from the remote, or say how to make one (docs/sharing.md)
	@$(RUN) tools.pull

check: setup ## prove that dvc.lock, params, code, metrics and plots belong together
	@$(RUN) tools.check_run

plots: setup ## write one page with all charts, dvc_plots/index.html
	@$(RUN) dvc plots show

report: setup ## write report.html: everything on one page, with real faces, for yourself only
	@$(RUN) stages.report report.html

results: setup ## write the tables of README and docs/, and README's picture, from what was measured
	@$(RUN) tools.tables

ship: setup ## copy the selected model's int8 ONNX file to models/emotion.onnx, for git
	@$(RUN) tools.ship

tune: setup ## search hyperparameters with Optuna (an hour; RAY=HOST:PORT: on a cluster; APPLY=1: queue the best)
	@$(RUN) experiments.tuning $(if $(RAY),--ray '$(RAY)') $(if $(APPLY),--apply)

benchmark: setup ## measure BENCH=training, inference, bulk, noop, kills, hardware or another file of benchmarks/
	@# PYTHONPATH may name a folder with PyTorch or the package fer, which only their rows see.
	@PYTHONPATH='$(PYTHONPATH)' $(RUN) benchmarks.$(or $(firstword $(filter $(or $(BENCH),training)%,$(BENCHMARKS))), \
	    $(error there is no benchmark '$(BENCH)'; known are $(BENCHMARKS))) $(ARGS)

webcam: ## label the faces in front of a camera (SOURCE=1, a video or an RTSP address)
	@$(MAKE) --no-print-directory USE=webcam setup
	@.venv-webcam/bin/python -m emotion webcam $(if $(SOURCE),'$(SOURCE)') $(if $(MODEL),--model '$(MODEL)')

demo: ## serve a page that labels faces in pictures and webcams (PORT=7860, HOST=..., MODEL=...)
	@$(MAKE) --no-print-directory USE=demo setup
	@.venv-demo/bin/python -m emotion demo $(SERVER) $(if $(MODEL),--model '$(MODEL)')

api: ## serve the classifier to other programs by HTTP (PORT=8000, HOST=..., MODEL=...; docs/deploy.md)
	@$(MAKE) --no-print-directory USE=api setup
	@.venv-api/bin/python -m emotion api $(SERVER) $(if $(MODEL),--model '$(MODEL)')

web: ## build a static page that labels faces in the browser, deploy/web/site (MODEL=...; needs npm)
	@$(MAKE) --no-print-directory USE=webcam setup
	@.venv-webcam/bin/python -m tools.web_page $(if $(MODEL),--model '$(MODEL)')

test: setup ## run the tests
	@$(RUN) pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: setup ## check style and types
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy

verify: setup ## run the pipeline on synthetic faces twice and compare each byte (15 minutes)
	@$(RUN) tools.verify $(STAGES)

hooks: setup ## let git check each commit for style, real faces and credentials, and DVC follow git
	@$(RUN) pre_commit install

findings: ## show what surprised us in DVC, Keras, OpenCV and others (findings/README.md; an hour; ONLY=dvc)
	@for script in findings/$(ONLY)*.sh; do \
	    echo "$$script"; \
	    "$$script" || { echo "$$script: this has changed"; failed=1; }; \
	done; test -z "$$failed"

clean: ## remove the folders in which quickstart, verify and tune work
	rm -rf .quickstart .verify .tune

# What few people need; docs/ describes it.

# COUNT=500: the worst 500
exclude-label-issues: setup
	@$(RUN) tools.exclude_label_issues $(COUNT)

repair-remote: setup
	@$(RUN) tools.repair_remote $(REMOTE)

test-remotes: setup
	@$(MAKE) --no-print-directory USE=swift setup
	@$(RUN) pytest -q -m remote

# The tests with the newest and with the oldest versions that pyproject.toml allows, each in an environment of its own.
test-newest test-oldest: test-%: setup
	@$(RUN) uv pip compile --quiet --upgrade --resolution $(if $(filter oldest,$*),lowest-direct,highest) \
	    $$(sed -n 's/^#    uv pip compile \(.*\) -o .*/\1/p' requirements.txt) -o .venv-$*.txt
	@$(MAKE) --no-print-directory USE=$* LOCK=.venv-$*.txt test

pull-request: setup
	@$(RUN) tools.pull_request $(or $(REVISION),origin/main) .pull_request

check-deploy:
	@$(MAKE) --no-print-directory USE=deploy setup
	@deploy/check.sh .venv-deploy/bin

# Builds emotion-api and emotion-demo with docker, podman or buildah (TARGETS=api, PYTHON_IMAGE=..., MODEL=...).
image:
	@deploy/build_images.sh $(TARGETS)

# Needs buildah, and root for it (TARGETS=api).
test-images: setup
	@$(RUN) pytest -q -rs -m image tests/test_image*.py

# Compiles the locks again from pyproject.toml and requirements/*.in; versions stay where they can.
lock: setup
	@for file in requirements.txt requirements/*.txt; do \
	    echo "$$file"; \
	    options=$$(sed -n 's/^#    uv pip compile //p' "$$file"); \
	    $(RUN) uv pip compile --quiet $$options || exit; \
	done

setup:
	@tools/setup.sh $(LOCK) $(VENV)
