"""The list of faces that a person excludes from training."""

import csv
from collections.abc import Collection
from pathlib import Path

from emotion.core.errors import InputError

OUTPUTS = Path("metrics")
COPY = "params/exclude.csv"


def excluded(path: str) -> set[str]:
    """Return the names in a CSV file whose first line names its columns, `name` among them.

    A file with that line alone, such as params/none.csv, excludes nothing.

    Raises:
        InputError: The file is an output of the pipeline, is not there, or has no column `name`.
    """
    if Path(path).resolve().is_relative_to(OUTPUTS.resolve()):
        raise InputError(
            f"data.exclude: {path} is an output of the pipeline, and the stage that reads it would depend on itself: "
            f"copy it with `make exclude-label-issues` and write data.exclude: {COPY}"
        )
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="more", restval="")
            if "name" not in (reader.fieldnames or []):
                raise InputError(f"data.exclude: {path} has no column `name`: its first line must name one")
            return {row["name"] for row in reader if row["name"]}
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(
            f"data.exclude: there is no file {path}: `make exclude-label-issues` writes {COPY}; "
            "params/none.csv excludes nothing"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"data.exclude: {path} is not a CSV file in UTF-8 ({error}): save it as one") from None


def require_known(names: Collection[str], known: Collection[str], path: str) -> None:
    """Refuse a list with unknown names, which belongs to other data and would exclude less than it says.

    Raises:
        InputError: There are unknown names; the message tells how many, and the first of them.
    """
    unknown = sorted(set(names) - set(known))
    if unknown:
        first = ", ".join(map(repr, unknown[:3]))
        raise InputError(
            f"data.exclude: {path}: {len(unknown)} of its {len(names)} names are not in these data ({first}): "
            "remove their lines, or write data.exclude: params/none.csv"
        )
