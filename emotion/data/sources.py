"""All faces that params.yaml asks for, wherever they come from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from emotion.data import folder, kaggle
from emotion.data.drawn import SampleSettings, draw_faces
from emotion.data.layouts import read_faces
from emotion.errors import InputError
from emotion.faces import Haar

# Outside of all outputs, because DVC removes those before a stage runs again, and a download should go on.
DOWNLOADS = Path("data/external/kaggle")
NO_EXTRA = "params/none.csv"


class DataSettings(kaggle.KaggleSettings, extra="forbid"):
    """Section `data` of params.yaml."""

    crop: Literal["none", "faces"]
    sample: SampleSettings
    extra: str
    exclude: str  # the split stage's


def faces(settings: DataSettings, refused: folder.Refused) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name and the picture file of each face; those of `extra` are named `Extra/...`.

    Args:
        settings: Which sources.
        refused: Gets the path and the reason of each file in a folder that cannot be used.

    Raises:
        InputError: A source cannot be read, or photographs are expected where there can be none.
    """
    if settings.crop != "none" and settings.source != "folder":
        raise InputError(
            f"data.crop is '{settings.crop}', which is for photographs in a folder: set data.crop to none, because "
            f"data.source is '{settings.source}'"
        )
    detector = Haar() if settings.crop == "faces" else None
    if settings.source == "kaggle":
        yield from read_faces(kaggle.fetch(settings.dataset, DOWNLOADS))
    elif settings.source == "zip":
        yield from read_faces(Path(settings.input))
    elif settings.source == "folder":
        yield from folder.read_faces(Path(settings.input), refused, detector)
    else:
        yield from draw_faces(settings.sample.faces, settings.sample.seed)
    if settings.extra != NO_EXTRA:
        path = Path(settings.extra)
        for name, picture in read_faces(path) if path.is_file() else folder.read_faces(path, refused, detector):
            official, emotion, file = name.split("/", 2)
            yield f"Extra/{emotion}/{official}/{file}", picture
