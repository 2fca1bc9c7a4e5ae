"""Bring all faces into one archive: python -m stages.download."""

import csv
from collections.abc import Iterator
from pathlib import Path

from emotion import errors
from emotion.data import archive, folder, kaggle
from emotion.data.drawn import SampleSettings, draw_faces
from emotion.data.layouts import read_faces
from emotion.files import atomic
from emotion.params import load

TARGET = Path("data/faces.zip")
# Outside of all outputs, because DVC removes those before a stage runs again, and a download should go on.
DOWNLOADS = Path("data/external/kaggle")
REFUSED = Path("metrics/refused.csv")
NO_EXTRA = "params/none.csv"


class DataSettings(kaggle.KaggleSettings, extra="forbid"):
    """Section `data` of params.yaml."""

    sample: SampleSettings
    extra: str
    exclude: str  # the split stage's


def main() -> None:
    """Write data/faces.zip from the sources that params.yaml names, and metrics/refused.csv."""
    settings = load("data", DataSettings)
    refused: folder.Refused = []
    count = archive.write(_faces(settings, refused), TARGET)
    with atomic(REFUSED) as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "reason"), *sorted(refused)])
    sources = settings.source if settings.extra == NO_EXTRA else f"{settings.source} and {settings.extra}"
    print(f"{TARGET}: {count:,} faces from {sources}")
    if refused:
        print(f"{len(refused):,} files cannot be used: {REFUSED} tells which and why")


def _faces(settings: DataSettings, refused: folder.Refused) -> Iterator[tuple[str, bytes]]:
    if settings.source == "kaggle":
        yield from read_faces(kaggle.fetch(settings.dataset, DOWNLOADS))
    elif settings.source == "zip":
        yield from read_faces(Path(settings.input))
    elif settings.source == "folder":
        yield from folder.read_faces(Path(settings.input), refused)
    else:
        yield from draw_faces(settings.sample.faces, settings.sample.seed)
    if settings.extra != NO_EXTRA:
        path = Path(settings.extra)
        for name, picture in read_faces(path) if path.is_file() else folder.read_faces(path, refused):
            official, emotion, file = name.split("/", 2)
            yield f"Extra/{emotion}/{official}/{file}", picture


if __name__ == "__main__":
    errors.run(main)
