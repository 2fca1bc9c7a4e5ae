"""The loader of params.yaml; each section's schema stands beside the code that uses it."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.core.errors import InputError, suggest

PARAMS = Path("params.yaml")
S = TypeVar("S", bound="Section")


class Section(BaseModel):
    """One section of params.yaml: every key is needed, none is unknown, types are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def load(section: str, schema: type[S], path: str | Path = PARAMS) -> S:
    """Return one section of params.yaml, such as `split` or `models.cnn`, checked against its schema.

    Raises:
        InputError: The file or the section is missing, or a value is not what the schema wants;
            the message names the key, the value received and, for a misspelt key, the right one.
    """
    values = read(path)
    seen: list[str] = []
    for name in section.split("."):
        if not isinstance(values, dict) or name not in values:
            known = list(values) if isinstance(values, dict) else []
            where = ".".join([*seen, name])
            raise InputError(f"{path}: there is no section {where!r}{suggest(name, known)}")
        values = values[name]
        seen.append(name)
    return validate(values, section, schema, path)


def validate(values: Any, section: str, schema: type[S], path: str | Path = PARAMS) -> S:
    """Return the values of a section as its schema; errors are those of `load`."""
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        problems = [_describe(section, schema, detail) for detail in error.errors()]
        raise InputError(f"{path}: " + "; ".join(problems)) from None


def read(path: str | Path = PARAMS) -> Any:
    """Return the content of a YAML file, read like DVC reads it: YAML 1.2, in which 5e-05 is a number.

    Raises:
        InputError: The file is missing or not valid YAML, or holds what DVC cannot handle.
    """
    path = Path(path)
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise InputError(f"{path} is not here: run the command in the project's root folder") from None
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', None) or error}") from None
    for problem in _unusable(content):
        raise InputError(f"{path}: {problem}")
    return content


def _unusable(content: Any, where: str = "") -> Iterator[str]:
    """Yield what stops DVC, or what it drops without a word (seen in DVC 3.67.1)."""
    if isinstance(content, dict):
        for key, value in content.items():
            if not isinstance(key, str):
                yield f"the key {key!r} in {where or 'the file'} must be text: write '{key}' in quotes or rename it"
            yield from _unusable(value, f"{where}.{key}".lstrip("."))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _unusable(value, f"{where}[{number}]")
    elif isinstance(content, datetime.date):
        yield f"{where} is a date, {content}, which DVC cannot read: write it in quotes"


def _describe(section: str, schema: type[BaseModel], detail: ErrorDetails) -> str:
    """Return one of pydantic's complaints in words that a person can act on."""
    key = ".".join([section, *map(str, detail["loc"])])
    if detail["type"] == "extra_forbidden":
        return f"unknown key {key}{suggest(detail['loc'][-1], _fields(schema, detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return f"{key} is missing"
    return f"{key} is {detail['input']!r}: {detail['msg'].removeprefix('Value error, ')}"


def _fields(schema: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the schema knows at a place inside it."""
    for name in location:
        field = schema.model_fields.get(str(name))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return []
        schema = field.annotation
    return list(schema.model_fields)
