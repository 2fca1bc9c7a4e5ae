"""How every table is written: columns are format strings, rows are what JSON files hold."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MISSING = "–"


class NotMeasuredError(Exception):
    """A file or a benchmark's result is missing; the message is the file or the command that writes it."""


def read(path: str) -> dict[str, Any]:
    """Return the content of a JSON file.

    Raises:
        NotMeasuredError: The file is missing.
    """
    if not Path(path).exists():
        raise NotMeasuredError(path)
    return dict(json.loads(Path(path).read_text(encoding="utf-8")))


def read_if_present(path: str) -> dict[str, Any]:
    """Return the content of a JSON file, nothing if the file is missing."""
    return read(path) if Path(path).exists() else {}


def table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a table in Markdown.

    Args:
        columns: A format string for each heading, such as `{test[accuracy]:.1f}`.
        rows: The values of those names; a cell whose value is missing holds a dash.
    """
    cells = [list(columns), ["---"] * len(columns), *([_cell(text, row) for text in columns.values()] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _cell(text: str, row: Mapping[str, Any]) -> str:
    try:
        return text.format_map(row)
    except (KeyError, TypeError):  # no such name, or None where a number belongs
        return MISSING
