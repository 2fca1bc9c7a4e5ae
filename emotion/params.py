"""The loader of params.yaml; each section's schema stands beside the code that uses it."""

import difflib
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from emotion.errors import InputError

S = TypeVar("S", bound="Section")


class Section(BaseModel):
    """One section of params.yaml: every key is needed, none is unknown, types are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def load(section: str, schema: type[S], path: str | Path = "params.yaml") -> S:
    """Return one section of params.yaml, such as `split` or `models.cnn`, checked against its schema.

    Raises:
        InputError: The file or the section is missing, or a value is not what the schema wants;
            the message names the key, the value received and, for a misspelt key, the right one.
    """
    values = _read(Path(path))
    seen: list[str] = []
    for name in section.split("."):
        if not isinstance(values, dict) or name not in values:
            known = list(values) if isinstance(values, dict) else []
            where = ".".join([*seen, name])
            raise InputError(f"{path}: there is no section {where!r}{suggest(name, known)}")
        values = values[name]
        seen.append(name)
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        problems = [_describe(section, schema, detail) for detail in error.errors()]
        raise InputError(f"{path}: " + "; ".join(problems)) from None


def suggest(name: object, known: list[str]) -> str:
    """Return how an error goes on about a misspelt name: the nearest known one, else all of them."""
    near = difflib.get_close_matches(str(name), known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(map(str, known))}" if known else ""


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is not here: run the command in the project's root folder") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None


def _describe(section: str, schema: type[BaseModel], detail: ErrorDetails) -> str:
    """Return one of pydantic's complaints in words that a person can act on."""
    key = ".".join([section, *map(str, detail["loc"])])
    if detail["type"] == "extra_forbidden":
        return f"unknown key {key}{suggest(detail['loc'][-1], _fields(schema, detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return f"{key} is missing"
    value = detail["input"]
    hint = ""
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        hint = f" (YAML reads {value} as text: write {Decimal(value):f})"
    return f"{key} is {value!r}: {detail['msg'].removeprefix('Value error, ')}{hint}"


def _fields(schema: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the schema knows at a place inside it."""
    for name in location:
        field = schema.model_fields.get(str(name))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return []
        schema = field.annotation
    return list(schema.model_fields)
