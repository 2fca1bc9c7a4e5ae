"""Rules about all sections of params.yaml, and about what several must agree on; the others are in their schemas."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emotion.core.errors import suggest

NAME = re.compile(r"[A-Za-z0-9_-]+")  # of an entry: a part of stages' names, of paths and of commands
MAX_SEED = 2**31 - 1  # NumPy and Keras take 32 bits, and some stages add to a seed
ONNX_KINDS = ("", ".float16", ".int8")  # of models/<name><kind>.onnx
TAKEN = {"audit", "best", "clean", "ensemble", "ensemble_members", "label_audit", "split", "vote_audit"}  # in metrics/
TAKEN |= {"emotion", "emotion_fer2013", "emotion_small"}  # in models/, of the apps


def broken(found: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with sections that are each valid.

    Args:
        found: The sections by their names, and the entries of `models`, `pretrained`, `vote_targets`, `distill` and
            `external` as `models.cnn` and so on.
    """
    rules = (_bad_names, _large_seeds, _weak_corruptions, _unknown_models, _missing_files)
    return [problem for rule in rules for problem in rule(found)]


def _entries(found: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return the entries of a section by their names."""
    return {name.partition(".")[2]: one for name, one in found.items() if name.startswith(f"{section}.")}


def _bad_names(found: Mapping[str, Any]) -> Iterator[str]:
    for key in found:
        section, dot, name = key.partition(".")
        if dot and not NAME.fullmatch(name):
            yield f"{section}: the name {name!r} may hold letters, digits, _ and - only"
        elif section == "models" and name in TAKEN:
            yield f"models: the name {name!r} is taken by other files in metrics/ or models/: choose another"


def _large_seeds(found: Mapping[str, Any]) -> Iterator[str]:
    for name, one in found.items():
        if getattr(one, "seed", 0) > MAX_SEED:
            yield f"{name}.seed is {one.seed}; it must be at most {MAX_SEED}"


def _weak_corruptions(found: Mapping[str, Any]) -> Iterator[str]:
    for kind, strengths in found["robustness"]:
        if kind != "seed" and min(strengths) <= 0:
            yield f"robustness.{kind} is {strengths}; each must be above 0"


def _unknown_models(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names in other sections that are no model, and the models that the report would lack."""
    models = list(_entries(found, "models"))
    named = {
        "ensemble.candidates": found["ensemble"].candidates,
        "compare.models": found["compare"].models,
        "export.models": found["export"].models,
        "explain.model": [found["explain"].model],
    }
    for key, names in named.items():
        for name in names:
            if name not in models:
                yield f"{key}: there is no model {name!r}{suggest(name, models)}"
    for name in found["export"].models:
        if name in models and name not in found["compare"].models:
            yield f"export.models: {name} may be chosen as the best model, so add it to compare.models"


def _missing_files(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files of weights, teachers and soft targets that neither exist nor are made by a stage."""
    models, students = _entries(found, "models"), _entries(found, "distill")
    targets = [f"data/soft_targets/{name}.csv" for name in (*_entries(found, "vote_targets"), *students)]
    weights = [f"data/pretrained/{one.file}" for one in _entries(found, "pretrained").values()]
    networks = [f"models/{name}.keras" for name in models]
    networks += [f"models/{name}{kind}.onnx" for name in found["export"].models for kind in ONNX_KINDS]
    for name, one in models.items():
        yield from _missing(f"models.{name}.targets", one.targets, targets)
        yield from _missing(f"models.{name}.weights", one.weights, weights)
    for name, one in students.items():
        yield from _missing(f"distill.{name}.labels", one.labels, targets)
        for place, path in one.teachers:
            yield from _missing(f"distill.{name}.teachers.{place}", path, networks)


def _missing(key: str, path: str, made: list[str]) -> Iterator[str]:
    if path not in made and not Path(path).is_file():
        yield f"{key}: there is no file {path}, and no stage makes it{suggest(path, made)}"
