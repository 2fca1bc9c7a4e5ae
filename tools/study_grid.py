"""Which runs `make study` consists of."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from emotion.errors import InputError
from emotion.params import Section, suggest
from tools.quickstart import merge


class StudySettings(Section):
    """Section `study` of params.yaml."""

    model: str
    share: float = Field(gt=0, le=1)  # of the training faces
    seed: int = Field(ge=0)
    epochs: int = Field(ge=1)
    factors: dict[str, list[Any]] = Field(min_length=1)  # values of keys of the model, such as build.dropout


@dataclass(frozen=True)
class Run:
    """One training: all settings of its model, and the values of what the study varies, by key."""

    settings: dict[str, Any]
    values: dict[str, str]


def runs(study: StudySettings, models: dict[str, Any]) -> list[Run]:
    """Return the run with the model's own values and then each that differs from it in one of them.

    Raises:
        InputError: There is no such model, or it has no such key.
    """
    if study.model not in models:
        raise InputError(f"params.yaml: study.model: there is no {study.model!r}{suggest(study.model, list(models))}")
    own = merge(models[study.model], {"fit": {"epochs": study.epochs}})
    committed = {key: _value(own, key, study.model) for key in study.factors}
    texts = {key: text(value) for key, value in committed.items()}
    found = [Run(own, texts)]
    for key, values in study.factors.items():
        for value in [value for value in values if value != committed[key]]:
            change: Any = value
            for name in reversed(key.split(".")):
                change = {name: change}
            found.append(Run(merge(own, change), texts | {key: text(value)}))
    return found


def text(value: object) -> str:
    """Return a value as it stands in the table and the figure."""
    if isinstance(value, list):
        return "-".join(map(text, value))
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _value(settings: dict[str, Any], key: str, model: str) -> Any:
    value: Any = settings
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            known = list(value) if isinstance(value, dict) else []
            raise InputError(f"params.yaml: study.factors: models.{model} has no {key}{suggest(name, known)}")
        value = value[name]
    return value
