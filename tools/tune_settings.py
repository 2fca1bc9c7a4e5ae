"""Section `tune` of params.yaml: what is searched, and how."""

import json
from typing import Any

from optuna.trial import FrozenTrial, Trial
from pydantic import Field, model_validator

from emotion.errors import InputError
from emotion.params import Section, suggest


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
    """When a trial stops early: successive halving (Li et al., "Massively Parallel Hyperparameter Tuning", 2018)."""

    first: int = Field(ge=1)  # epochs after which it may stop for the first time
    factor: int = Field(ge=2)  # the best 1 / factor go on, to factor times as many epochs


class TuneSettings(Section):
    """Section `tune` of params.yaml."""

    model: str
    trials: int = Field(ge=1)
    random: int = Field(ge=1)  # first trials that are drawn at random, for TPE to learn from
    epochs: int = Field(ge=1)
    share: float = Field(gt=0, le=1)  # of the training faces
    seed: int = Field(ge=0)
    pruning: PruningSettings
    space: dict[str, Dimension] = Field(min_length=1)


def check_space(settings: TuneSettings, params: dict[str, Any]) -> None:
    """Raise unless params.yaml has the model, and the model every key of the space.

    Raises:
        InputError: It has not; the message suggests the right name.
    """
    models = params.get("models") or {}
    if settings.model not in models:
        raise InputError(f"params.yaml: tune.model: no model {settings.model!r}{suggest(settings.model, list(models))}")
    place = f"models.{settings.model}"
    known = _leaves(models[settings.model], place)
    for key in settings.space:
        if key == f"{place}.fit.epochs":
            raise InputError(f"params.yaml: tune.space: {key} is the same in all trials: tune.epochs")
        if key not in known:
            raise InputError(f"params.yaml: tune.space: {place} has no value {key}{suggest(key, known)}")


def values(settings: TuneSettings, params: dict[str, Any], trial: Trial | FrozenTrial) -> dict[str, Any]:
    """Return what a trial sets, by dotted key; ask Optuna for what is not settled yet."""
    return {key: _value(trial, key, dimension, get(params, key)) for key, dimension in settings.space.items()}


def get(params: dict[str, Any], key: str) -> Any:
    """Return the value at a dotted key."""
    place: Any = params
    for name in key.split("."):
        place = place[name]
    return place


def put(params: dict[str, Any], key: str, value: Any) -> None:
    """Set the value at a dotted key, which is there."""
    *sections, name = key.split(".")
    get(params, ".".join(sections))[name] = value


def _value(trial: Trial | FrozenTrial, key: str, dimension: Dimension, current: Any) -> Any:
    """Return a choice, a whole number where params.yaml has one and low and high are, or three significant digits."""
    if dimension.choices is not None:  # as JSON, because Optuna knows no lists
        return json.loads(trial.suggest_categorical(key, [json.dumps(choice) for choice in dimension.choices]))
    low, high = dimension.low, dimension.high
    assert low is not None and high is not None
    if type(current) is int and low.is_integer() and high.is_integer():
        return trial.suggest_int(key, int(low), int(high), log=dimension.log)
    return float(f"{trial.suggest_float(key, low, high, log=dimension.log):.3g}")


def _leaves(section: dict[str, Any], place: str) -> list[str]:
    """Return the dotted keys of all values of a section."""
    found = []
    for name, value in section.items():
        found += _leaves(value, f"{place}.{name}") if isinstance(value, dict) else [f"{place}.{name}"]
    return found
