# What people type. Needs Python 3.11-3.13, git and make: every target sets up the rest by itself.
#   PYTHON=python3.12   another Python
#   USE=gpu             the packages of requirements-gpu.txt, in .venv-gpu
#   SOURCE=1, MODEL=... what webcam looks at and asks
#   ALL=1               quickstart with the slow stages at the end, too
#   RAY=..., APPLY=1    what tune does
USE ?=
LOCK := requirements$(addprefix -,$(USE)).txt
VENV := .venv$(addprefix -,$(USE))
RUN := $(VENV)/bin/python -m

# `python` in dvc.yaml is the one of the environment; nothing outside it is imported.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHON USE
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE VIRTUAL_ENV CONDA_PREFIX
.DEFAULT_GOAL := help
.PHONY: help quickstart repro pull repair-remote test test-remotes lint verify verify-real hooks check plots report \
    pull-request results benchmark inference-benchmark bulk-benchmark tune-machine webcam demo api web check-deploy \
    kill-test overfitting study seeds tune exclude-suspects ship lock setup clean-cache clean-quickstart \
    clean-overfitting clean-study clean-verify clean-seeds clean-tune

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' Makefile

quickstart: setup ## run the whole pipeline on drawn faces and show what came out (5 minutes; ALL=1: every stage)
	@$(RUN) tools.quickstart $(if $(ALL),--all)

repro: setup ## run the pipeline on FER-2013, what is not up to date of it (hours the first time; STAGES=evaluate@cnn)
	@$(RUN) emotion.data.exclusion
	@$(RUN) emotion.data.kaggle
	@$(RUN) dvc repro $(STAGES)

pull: setup ## get data and weights from the remote, or say how to make one (docs/sharing.md)
	@$(RUN) tools.pull

repair-remote: setup ## find damaged objects in the remote and remove them, for `dvc push` to write again (REMOTE=name)
	@$(RUN) tools.repair_remote $(REMOTE)

test: setup ## run the tests
	@$(RUN) pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-remotes: setup ## test remotes for long: kills, servers that go down, full disks, wrong keys (needs sshd and nginx)
	@$(MAKE) --no-print-directory USE=swift setup
	@$(RUN) pytest -q -m remote

lint: setup ## check style and types
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy

verify: setup ## run the pipeline on drawn faces twice, under other conditions: same bytes? (15 minutes; STAGES=class_weights)
	@$(RUN) tools.verify $(STAGES)

verify-real: setup ## train MODEL=cnn of the last commit again, apart from the pipeline: same bytes as dvc.lock? (hours)
	@$(RUN) tools.verify_real '$(or $(MODEL),cnn)'
hooks: setup ## let git check each commit: style, no real face, no credential; and DVC follow git (.pre-commit-config.yaml)
	@$(RUN) pre_commit install

check: setup ## prove that dvc.lock, params, code, metrics and plots belong together
	@$(RUN) tools.check_run

plots: setup ## make one page of all charts, dvc_plots/index.html
	@$(RUN) dvc plots show

report: setup ## write report.html: everything on one page, with real faces, for yourself alone
	@$(RUN) stages.report report.html

pull-request: setup ## write .pull_request/report.md: what has changed since REVISION=origin/main, with charts
	@$(RUN) tools.pull_request $(or $(REVISION),origin/main) .pull_request

results: setup ## write README's tables and picture and the tables in docs/ from metrics/ and benchmarks/results.json
	@$(RUN) tools.results
	@$(RUN) tools.data_card
	@$(RUN) tools.face_page
	@$(RUN) tools.serving_pages

benchmark: setup ## measure training beside Keras and PyTorch, and `dvc repro` beside DVC alone (10 minutes)
	@# PYTHONPATH may name a folder with PyTorch; only its row sees it.
	@PYTHONPATH='$(PYTHONPATH)' $(RUN) benchmarks.training_speed
	@$(RUN) benchmarks.noop_repro

inference-benchmark: setup ## measure classifying beside the package fer, and memory over 100,000 calls (10 minutes; MODEL=...)
	@# PYTHONPATH may name a folder with fer; benchmarks/inference_speed.py says how it gets there.
	@PYTHONPATH='$(PYTHONPATH)' $(RUN) benchmarks.inference_speed $(MODEL)
	@$(RUN) benchmarks.soak $(addprefix --model ,$(firstword $(MODEL)))

bulk-benchmark: setup ## measure `emotion score-many` with 100,000 and 1 million faces (30 minutes, 2.3 GB of disk; MODEL=...)
	@$(RUN) benchmarks.bulk_scoring $(addprefix --model ,$(MODEL))

tune-machine: setup ## measure which values of section `training` in params.yaml are fastest here; changes nothing
	@$(RUN) tools.tune_machine

webcam: ## label the faces before a camera; q quits, s saves a picture (SOURCE=1, a video or an RTSP address)
	@$(MAKE) --no-print-directory USE=webcam setup
	@.venv-webcam/bin/python -m emotion webcam $(if $(SOURCE),'$(SOURCE)') $(if $(MODEL),--model '$(MODEL)')

demo: ## serve a web page that labels faces in pictures and before a webcam (PORT=7860, MODEL=...)
	@$(MAKE) --no-print-directory USE=demo setup
	@.venv-demo/bin/python -m emotion demo $(if $(PORT),--port '$(PORT)') $(if $(MODEL),--model '$(MODEL)')

api: ## serve the classifier to other programs, by HTTP (PORT=8000, MODEL=...; settings: docs/deploy.md)
	@$(MAKE) --no-print-directory USE=api setup
	@.venv-api/bin/python -m emotion api $(if $(PORT),--port '$(PORT)') $(if $(MODEL),--model '$(MODEL)')

web: ## make a static page that labels faces in a browser, web/site (MODEL=...; needs npm)
	@$(MAKE) --no-print-directory USE=webcam setup
	@.venv-webcam/bin/python -m tools.web_page $(if $(MODEL),--model '$(MODEL)')

check-deploy: ## check deploy/: the Dockerfile, the compose file and the Kubernetes manifests (needs kubectl)
	@$(MAKE) --no-print-directory USE=deploy setup
	@deploy/check.sh .venv-deploy/bin

kill-test: setup ## kill a small training at 50 random moments and compare what it ends with (15 minutes)
	@$(RUN) benchmarks.kills

overfitting: setup ## fit cnn for 100 epochs, apart from the pipeline, and draw where it overfits (hours)
	@$(RUN) tools.overfitting

study: setup ## change one param of cnn at a time, in 19 short runs, and draw what that does (1-3 hours)
	@$(RUN) tools.study

seeds: setup ## fit cnn_aug and distilled with three seeds each, as DVC experiments: mean and spread (hours)
	@$(RUN) tools.seeds

tune: setup ## let Optuna look for better params (an hour; RAY=HOST:PORT: on a cluster; APPLY=1: queue the winner in DVC)
	@$(RUN) tools.tune $(if $(RAY),--ray '$(RAY)') $(if $(APPLY),--experiment)

exclude-suspects: setup ## copy suspect labels to params/exclude.csv, for data.exclude to name (COUNT=500: the worst 500)
	@$(RUN) tools.exclude_suspects $(COUNT)

ship: setup ## copy the chosen model's float16 ONNX to models/emotion.onnx, for git
	@$(RUN) tools.ship

lock: setup ## compile requirements*.txt again from pyproject.toml; versions stay where they can
	@for file in requirements*.txt; do \
	    echo "$$file"; \
	    options=$$(sed -n 's/^#    uv pip compile //p' "$$file"); \
	    $(RUN) uv pip compile --quiet $$options || exit; \
	done

setup: ## install what the other targets need (they do it by themselves)
	@tools/setup.sh $(LOCK) $(VENV)
	@# A folder from a zip file has no .git, and DVC must be told.
	@test -e .git || test -e .dvc/config.local || printf '[core]\n    no_scm = true\n' > .dvc/config.local

clean-cache: ## remove what frozen layers made of the faces; the next training that needs it makes it again
	rm -rf .features

clean-quickstart: ## remove what quickstart made
	rm -rf .quickstart

clean-overfitting: ## remove what overfitting made, apart from its files in docs/
	rm -rf .overfitting

clean-study: ## remove what study made, apart from its files in docs/
	rm -rf .study

clean-verify: ## remove what verify and verify-real made
	rm -rf .verify

clean-seeds: ## remove the folder in which seeds works; its experiments stay
	rm -rf .seeds

clean-tune: ## remove what tune knows of its trials, apart from its files in docs/
	rm -rf .tune
