"""Copy label issues to params/exclude.csv, for `data.exclude` to name: python -m tools.exclude_label_issues [COUNT].

Only the copy affects the data: nothing is excluded until a person puts it into git.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from emotion.core import errors
from emotion.core.errors import InputError
from emotion.core.files import write_csv
from emotion.core.params import load
from emotion.preparation import exclusion
from emotion.preparation.settings import ExcludeSettings

LISTED, COPY = Path("metrics/label_issues.csv"), Path(exclusion.COPY)
COLUMNS = ("name", "label", "predicted_label", "label_quality")


def main(count: str = "") -> None:
    """Copy the COUNT worst label issues, or all, and print the next step."""
    if count and not (count.isascii() and count.isdecimal() and int(count)):
        raise InputError(f"COUNT={count}: it must be how many of the worst to exclude, such as COUNT=500")
    if not LISTED.exists():
        raise InputError(f"{LISTED} is missing: `dvc repro label_audit` writes it")
    listed = _read(LISTED)
    chosen = listed[: int(count or len(listed))]
    used = Path(load("data", ExcludeSettings).exclude)
    in_use = used == COPY
    kept = _own(used, listed)
    names = {row["name"] for row in kept}
    lost = [row["name"] for row in _own(COPY, listed) if row["name"] not in names]
    if lost:
        raise InputError(
            f"{COPY}: {len(lost)} of its faces would be lost, such as {lost[0]!r}: write `data.exclude: {COPY}` in "
            "params.yaml to keep them, or move the file"
        )
    rows = [*kept, *(row for row in chosen if row["name"] not in names)]
    columns = list(dict.fromkeys([*COLUMNS, *(column for row in rows for column in row if column)]))
    write_csv(COPY, [{column: row.get(column, "") for column in columns} for row in rows], columns)
    labels = Counter(row["label"] for row in chosen)
    counts = ", ".join(f"{label} {number}" for label, number in sorted(labels.items())) or "none"
    print(f"{COPY}: {len(chosen)} of {len(listed)} label issues ({counts})" + (f"; {len(kept)} kept" if kept else ""))
    print("Next: " + ("" if in_use else f"in params.yaml write `data.exclude: {COPY}`, then ") + "`dvc repro`")


def _own(path: Path, listed: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows of a list of excluded faces that are no copies of label issues; none if there is no such file.

    Faces that are excluded already are not among the label issues, because no network was trained on them.
    """
    if not path.exists():
        return []
    exclusion.excluded(str(path))  # refuses what is not a list
    issues = {row["name"]: row for row in listed}
    return [row for row in _read(path) if row.get("name") and row != issues.get(row["name"])]


def _read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, each without its empty cells."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [{column: cell for column, cell in row.items() if cell} for row in csv.DictReader(file)]


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
