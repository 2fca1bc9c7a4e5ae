"""Bring all faces into one archive: python -m stages.download."""

import csv
from pathlib import Path

from emotion import errors
from emotion.data import archive, sources
from emotion.files import atomic
from emotion.params import load

TARGET = Path("data/faces.zip")
REFUSED = Path("metrics/refused.csv")


def main() -> None:
    """Write data/faces.zip from the sources that params.yaml names, and metrics/refused.csv."""
    settings = load("data", sources.DataSettings)
    refused: list[tuple[str, str]] = []
    count = archive.write(sources.faces(settings, refused), TARGET)
    with atomic(REFUSED) as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "reason"), *sorted(refused)])
    origin = settings.source if settings.extra == sources.NO_EXTRA else f"{settings.source} and {settings.extra}"
    print(f"{TARGET}: {count:,} faces from {origin}")
    if refused:
        print(f"{len(refused):,} files cannot be used: {REFUSED} tells which and why")


if __name__ == "__main__":
    errors.run(main)
