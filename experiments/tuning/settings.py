"""Section `tune` of params.yaml: what is searched, and how."""

from functools import reduce
from operator import getitem
from typing import Any

from pydantic import Field, model_validator

from emotion.core.errors import InputError, suggest
from emotion.core.params import Section


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


def check_space(settings: TuneSettings, params: dict[str, Any]) -> None:
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


def get(params: dict[str, Any], key: str) -> Any:
    """Return the value at a dotted key."""
    return reduce(getitem, key.split("."), params)


def put(params: dict[str, Any], key: str, value: Any) -> None:
    """Replace the value at a dotted key, which must exist."""
    section, _, name = key.rpartition(".")
    get(params, section)[name] = value


def _leaves(section: dict[str, Any], place: str) -> list[str]:
    """Return the dotted keys of all values of a section."""
    found = []
    for name, value in section.items():
        found += _leaves(value, f"{place}.{name}") if isinstance(value, dict) else [f"{place}.{name}"]
    return found
