"""The list of faces that a person wants out of training; `python -m emotion.data.exclusion` checks it before DVC does.

DVC itself says of a list that is the pipeline's own output only that one item is both a dependency and an output.
"""

import csv
from collections.abc import Collection
from pathlib import Path

from emotion import errors
from emotion.errors import InputError
from emotion.params import Section, load

OUTPUTS = Path("metrics")
COPY = "params/exclude.csv"


class ExcludeSettings(Section, extra="ignore"):
    """What concerns the list in section `data` of params.yaml."""

    exclude: str


def excluded(path: str) -> set[str]:
    """Return the names in a CSV file whose first line names its columns, `name` among them.

    A file with that line alone, such as params/none.csv, excludes nothing.

    Raises:
        InputError: The file is an output of the pipeline, is not there, or has no column `name`.
    """
    if Path(path).resolve().is_relative_to(OUTPUTS.resolve()):
        raise InputError(
            f"data.exclude: {path} follows from the very faces that it would exclude, which is a cycle: "
            f"copy it by `make exclude-suspects` and write data.exclude: {COPY}"
        )
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="more", restval="")
            if "name" not in (reader.fieldnames or []):
                raise InputError(f"data.exclude: {path} has no column `name`: its first line must hold that word")
            return {row["name"] for row in reader if row["name"]}
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(
            f"data.exclude: there is no file {path}: `make exclude-suspects` writes {COPY}; "
            "params/none.csv excludes nothing"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"data.exclude: {path} is no CSV file in UTF-8 ({error}): save it as one") from None


def require_known(names: Collection[str], known: Collection[str], path: str) -> None:
    """Refuse a list that names faces which are not there: it belongs to other data, and would do less than it says.

    Raises:
        InputError: The message tells how many, and the first of them.
    """
    strangers = sorted(set(names) - set(known))
    if strangers:
        first = ", ".join(map(repr, strangers[:3]))
        raise InputError(
            f"data.exclude: {path}: {len(strangers)} of its {len(names)} names are no face of these data ({first}): "
            "take their lines out, or write data.exclude: params/none.csv"
        )


def main() -> None:
    """Check the file that params.yaml names."""
    excluded(load("data", ExcludeSettings).exclude)


if __name__ == "__main__":
    errors.run(main)
