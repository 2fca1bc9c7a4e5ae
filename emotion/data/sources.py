"""All faces that params.yaml asks for, wherever they come from."""

from collections.abc import Iterator
from pathlib import Path

from emotion.data import folder, kaggle
from emotion.data.drawn import SampleSettings, draw_faces
from emotion.data.layouts import read_faces

# Outside of all outputs, because DVC removes those before a stage runs again, and a download should go on.
DOWNLOADS = Path("data/external/kaggle")
NO_EXTRA = "params/none.csv"


class DataSettings(kaggle.KaggleSettings, extra="forbid"):
    """Section `data` of params.yaml."""

    sample: SampleSettings
    extra: str
    exclude: str  # the split stage's


def faces(settings: DataSettings, refused: folder.Refused) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name and the picture file of each face; those of `extra` are named `Extra/...`.

    Args:
        settings: Which sources.
        refused: Gets the path and the reason of each file in a folder that cannot be used.
    """
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
