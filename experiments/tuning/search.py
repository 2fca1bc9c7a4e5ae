"""The search that section `tune` of params.yaml describes, and what each trial trains with."""

import copy
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from optuna.trial import FrozenTrial, Trial
from pydantic import Field, model_validator

from emotion.core.errors import InputError, suggest
from emotion.core.labels import EMOTIONS
from emotion.core.params import Section, load
from emotion.core.params import read as read_params

LEARN, WEIGHTS, TARGETS = "data/learn.parquet", "data/class_weights.json", "data/targets.csv"


class Dimension(Section):
    """One value of params.yaml that trials change: a range, or a list, which stands for `choices`."""

    low: float | None = None
    high: float | None = None
    log: bool = False  # equally likely between 0.01 and 0.1 as between 0.1 and 1
    choices: list[Any] | None = Field(default=None, min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"choices": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _possible(self) -> "Dimension":
        if self.choices is None:
            if self.low is None or self.high is None or self.low >= self.high:
                raise ValueError("write {low: 0.1, high: 0.5}, low below high, or a list of values")
            if self.log and self.low <= 0:
                raise ValueError("with log: true, low must be above 0")
        return self


class PruningSettings(Section):
    """Successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2018)."""

    min_epochs: int = Field(ge=1)
    reduction_factor: int = Field(ge=2)


class TuneSettings(Section):
    """Section `tune` of params.yaml."""

    model: str
    trials: int = Field(ge=1)
    startup_trials: int = Field(ge=1)
    epochs: int = Field(ge=1)
    train_fraction: float = Field(gt=0, le=1)
    seed: int = Field(ge=0)
    pruning: PruningSettings
    space: dict[str, Dimension] = Field(min_length=1)


@dataclass(frozen=True)
class Search:
    """Everything on which the trials depend."""

    settings: TuneSettings
    params: dict[str, Any]  # sections `hardware` and `models`, the latter with this model alone
    data: Mapping[str, bytes]  # files by relative path, the same for all trials
    name: str  # differs with the model, the settings and the data

    def values(self, trial: Trial | FrozenTrial) -> dict[str, Any]:
        """Return what a trial sets, by dotted key; Optuna draws what the trial does not have yet."""
        space = self.settings.space.items()
        return {key: _suggest(trial, key, dimension, _get(self.params, key)) for key, dimension in space}

    def params_of(self, trial: Trial) -> bytes:
        """Return the params.yaml with which a trial trains."""
        params = copy.deepcopy(self.params)
        for key, value in self.values(trial).items():
            section, _, name = key.rpartition(".")
            _get(params, section)[name] = value
        return yaml.safe_dump(params, sort_keys=False).encode()


def read() -> Search:
    """Return the search that params.yaml and the data in this folder describe.

    Raises:
        InputError: Section `tune` is wrong, or data are missing.
    """
    settings = load("tune", TuneSettings)
    params = read_params()
    _check_space(settings, params)
    params = {"hardware": params["hardware"], "models": {settings.model: params["models"][settings.model]}}
    params = json.loads(json.dumps(params))  # writes out what YAML's anchors share
    model = params["models"][settings.model]
    sources = {LEARN: LEARN, WEIGHTS: WEIGHTS, TARGETS: model["targets"]}
    missing = [path for path in sources.values() if not Path(path).exists()]
    if missing:
        raise InputError(f"{' and '.join(missing)} missing: run `make repro`, which makes the training data")
    data = {name: Path(path).read_bytes() for name, path in sources.items()}
    model["targets"] = TARGETS
    model["fit"]["epochs"] = settings.epochs
    described = json.dumps([settings.model_dump(exclude={"trials"}), params], sort_keys=True).encode()
    name = f"{settings.model}-{hashlib.sha256(b''.join([described, *data.values()])).hexdigest()[:12]}"
    data[LEARN] = _subsample(data[LEARN], settings.train_fraction, settings.seed)
    return Search(settings, params, data, name)


def _check_space(settings: TuneSettings, params: dict[str, Any]) -> None:
    """Require that params.yaml has the model, and the model every key of the space.

    Raises:
        InputError: One is unknown; the message suggests the right name.
    """
    models = params.get("models") or {}
    if settings.model not in models:
        raise InputError(f"params.yaml: tune.model: no model {settings.model!r}{suggest(settings.model, list(models))}")
    place = f"models.{settings.model}"
    known = _leaves(models[settings.model], place)
    for key in settings.space:
        if key == f"{place}.fit.epochs":
            raise InputError(f"params.yaml: tune.space: {key} is the same in all trials: set tune.epochs")
        if key not in known:
            raise InputError(f"params.yaml: tune.space: {place} has no value {key}{suggest(key, known)}")


def _leaves(section: dict[str, Any], place: str) -> list[str]:
    """Return the dotted keys of all values of a section."""
    found = []
    for name, value in section.items():
        found += _leaves(value, f"{place}.{name}") if isinstance(value, dict) else [f"{place}.{name}"]
    return found


def _subsample(learn: bytes, fraction: float, seed: int) -> bytes:
    """Return data/learn.parquet with this fraction of each emotion's training faces and all validation faces."""
    table = pq.read_table(io.BytesIO(learn))
    training = np.array(table["subset"].to_pylist()) == "train"
    labels = np.array(table["label"].to_pylist())
    rng = np.random.default_rng(seed)
    kept = [np.flatnonzero(~training)]
    for emotion in EMOTIONS:
        rows = np.flatnonzero(training & (labels == emotion))
        kept.append(rng.permutation(rows)[: max(1, round(fraction * len(rows)))])
    sink = io.BytesIO()
    pq.write_table(table.take(np.sort(np.concatenate(kept))), sink)
    return sink.getvalue()


def _suggest(trial: Trial | FrozenTrial, key: str, dimension: Dimension, current: Any) -> Any:
    """Return a choice; a whole number where params.yaml, low and high have one; else three significant digits."""
    if dimension.choices is not None:  # as JSON, because Optuna knows no lists
        return json.loads(trial.suggest_categorical(key, [json.dumps(choice) for choice in dimension.choices]))
    low, high = dimension.low, dimension.high
    assert low is not None and high is not None
    if type(current) is int and low.is_integer() and high.is_integer():
        return trial.suggest_int(key, int(low), int(high), log=dimension.log)
    return float(f"{trial.suggest_float(key, low, high, log=dimension.log):.3g}")


def _get(params: dict[str, Any], key: str) -> Any:
    """Return the value at a dotted key."""
    return reduce(getitem, key.split("."), params)
