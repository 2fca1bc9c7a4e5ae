"""Copy the suspects to params/exclude.csv, for `data.exclude` to name: python -m tools.exclude_suspects [COUNT].

Only such a copy acts on the data: what a network says stays an opinion until a person puts it into git.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from emotion import errors
from emotion.data import exclusion
from emotion.errors import InputError
from emotion.files import atomic
from emotion.params import load

SUSPECTS, COPY = Path("metrics/suspects.csv"), Path(exclusion.COPY)
COLUMNS = ("name", "given", "suggested", "quality")
Row = dict[str, str]


def main(count: str = "") -> None:
    """Copy the worst of them, or all that are listed, and say what to do next."""
    if count and not (count.isascii() and count.isdecimal() and int(count)):
        raise InputError(f"COUNT={count}: it must be how many of the worst to exclude, such as COUNT=500")
    if not SUSPECTS.exists():
        raise InputError(f"{SUSPECTS} is not here: `dvc repro label_audit` writes it")
    listed = _read(SUSPECTS)
    chosen = listed[: int(count or len(listed))]
    in_use = Path(load("data", exclusion.ExcludeSettings).exclude) == COPY
    kept = earlier(listed) if in_use and COPY.exists() else []
    with atomic(COPY) as path, path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows([*kept, *chosen])
    print(summary(chosen, len(listed), len(kept)))
    print("Next: " + ("" if in_use else f"in params.yaml write `data.exclude: {COPY}`, then ") + "`dvc repro`")


def earlier(listed: list[Row]) -> list[Row]:
    """Return the faces of a copy in use that the list does not hold: no judge saw them, so it says nothing of them."""
    names = {row["name"] for row in listed}
    return [row for row in _read(COPY) if row["name"] not in names]


def summary(chosen: list[Row], listed: int, kept: int) -> str:
    """Return how many are excluded now, and of which emotions, since a rare one may lose more than it can spare."""
    count = Counter(row["given"] for row in chosen)
    given = ", ".join(f"{emotion} {number}" for emotion, number in sorted(count.items()))
    before = f"; {kept} from before stay" if kept else ""
    return f"{COPY}: {len(chosen)} of {listed} suspects ({given or 'none'}){before}"


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
