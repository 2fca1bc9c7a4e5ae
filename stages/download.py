"""Bring all faces into one archive: python -m stages.download."""

from collections.abc import Iterator
from pathlib import Path

from emotion import errors
from emotion.data import archive, kaggle
from emotion.data.drawn import SampleSettings, draw_faces
from emotion.data.layouts import read_faces
from emotion.params import load

TARGET = Path("data/faces.zip")
# Outside of all outputs, because DVC removes those before a stage runs again, and a download should go on.
DOWNLOADS = Path("data/external/kaggle")


class DataSettings(kaggle.KaggleSettings, extra="forbid"):
    """Section `data` of params.yaml."""

    sample: SampleSettings


def main() -> None:
    """Write data/faces.zip from the source that params.yaml names."""
    settings = load("data", DataSettings)
    count = archive.write(_faces(settings), TARGET)
    print(f"{TARGET}: {count:,} faces from {settings.source}")


def _faces(settings: DataSettings) -> Iterator[tuple[str, bytes]]:
    if settings.source == "kaggle":
        return read_faces(kaggle.fetch(settings.dataset, DOWNLOADS))
    if settings.source == "zip":
        return read_faces(Path(settings.input))
    return draw_faces(settings.sample.faces, settings.sample.seed)


if __name__ == "__main__":
    errors.run(main)
