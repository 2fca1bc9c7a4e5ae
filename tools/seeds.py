"""Fit models again with other seeds, as DVC experiments, and keep their scores: python -m tools.seeds.

It works in a clone of this repository, .seeds, so that nothing here changes meanwhile. Cut off, the same command
goes on.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from dvc.repo import Repo

from emotion import errors
from emotion.errors import InputError
from emotion.files import write_json
from emotion.params import suggest

FOLDER, RESULT = Path(".seeds"), Path("docs/seeds.json")
MODELS, SEEDS = ("cnn_aug", "distilled"), (1, 2, 3)
PARTS = ("validation", "test", "validation_averaged", "test_averaged")


def main(*arguments: str) -> None:
    """Run what was not run yet for this commit and write docs/seeds.json, the scores of each model and seed.

    It is written after each experiment; models that are not asked for keep the scores they had.
    """
    parser = argparse.ArgumentParser(description="Fit models with several seeds, as DVC experiments.")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    options = parser.parse_args(arguments)
    committed = _committed_seeds(options.models)
    if changed := git(Path(), "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{RESULT}"):
        raise InputError(f"{changed.split()[1]} is not committed: commit it first, an experiment belongs to a commit")
    clone(FOLDER)
    scores = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for model in options.models:
        scores[model] = {}
        for seed in options.seeds:
            scores[model][str(seed)] = _accuracies(model, experiment(model, seed, committed[model]))
            write_json(RESULT, scores)
    print(RESULT)


def clone(folder: Path) -> None:
    """Bring the folder, a clone, to this commit, with this repository's cache; checkpoints in it stay."""
    if not (folder / ".git").exists():
        git(Path(), "clone", "--quiet", "--no-checkout", ".", str(folder))
    git(folder, "fetch", "--quiet", "origin", "HEAD")
    git(folder, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    local = Path(".dvc/config.local")
    settings = local.read_text(encoding="utf-8") if local.exists() else ""
    (folder / ".dvc/config.local").write_text(settings, encoding="utf-8")
    with Repo(str(folder)).config.edit("local") as config:
        config["cache"]["dir"] = Repo().cache.local_cache_dir


def experiment(model: str, seed: int, committed: int) -> str:
    """Return the git revision that holds the scores; run the experiment if there is none yet."""
    if seed == committed:
        return "HEAD"
    name, head = f"seed-{model}-{seed}", git(Path(), "rev-parse", "HEAD")
    reference = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    if not git(Path(), "for-each-ref", reference):
        if not git(FOLDER, "for-each-ref", reference):
            _run(model, seed, name)
        git(Path(), "fetch", "--quiet", str(FOLDER), f"{reference}:{reference}")
    return reference


def _run(model: str, seed: int, name: str) -> None:
    """Run it in the clone, where the archive, which DVC does not keep, need not be."""
    git(FOLDER, "checkout", "--quiet", "--force", ".")
    print(f"{model} with seed {seed}: experiment {name}", flush=True)
    change = f"models.{model}.seed={seed}"
    command = ["exp", "run", "--allow-missing", "--name", name, "-S", change, f"evaluate@{model}"]
    code = subprocess.run([sys.executable, "-m", "dvc", *command], cwd=FOLDER).returncode
    if code:
        sys.exit(code)


def _committed_seeds(models: list[str]) -> dict[str, int]:
    """Return the seed of each model in params.yaml."""
    known = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["models"]
    for model in models:
        if model not in known:
            raise InputError(f"params.yaml: there is no model {model!r}{suggest(model, list(known))}")
    return {model: known[model]["seed"] for model in models}


def _accuracies(model: str, revision: str) -> dict[str, Any]:
    scores = json.loads(git(Path(), "show", f"{revision}:metrics/{model}.json"))
    return {part: scores[part]["accuracy"] for part in PARTS if part in scores}


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it prints.

    Raises:
        InputError: It fails; the message is its own.
    """
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"git {arguments[0]}: {(done.stderr.strip() or 'failed').splitlines()[-1]}")
    return done.stdout.strip()


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
