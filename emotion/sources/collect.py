"""All faces that params.yaml asks for, from whichever source."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from emotion.core.errors import InputError
from emotion.core.folders import Refused
from emotion.core.params import Section
from emotion.core.pictures import Detector
from emotion.sources import folder, kaggle
from emotion.sources.layouts import read_faces

# Outside all outputs: DVC removes those before a stage runs, and an interrupted download shall resume.
DOWNLOADS = Path("data/external/kaggle")
NO_EXTRA = "params/none.csv"


class SampleSettings(Section):
    """How many faces are drawn, and from which seed."""

    faces: int = Field(ge=70)
    seed: int = Field(ge=0)


class DataSettings(Section):
    """Section `data` of params.yaml."""

    source: Literal["kaggle", "zip", "sample", "folder"]
    input: str
    crop: Literal["none", "faces"]
    dataset: str = Field(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")
    sample: SampleSettings
    extra: str
    exclude: str  # for the split stage


def faces(
    settings: DataSettings,
    *,
    drawn: Iterable[tuple[str, bytes]],
    detector: Detector | None,
    refused: Refused,
) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name and the picture file of each face; those of `extra` are named `Extra/...`.

    Args:
        settings: The sources.
        drawn: The faces of the source `sample`, by entry name.
        detector: Finds the faces in photographs, for `crop: faces`; None: pictures are faces.
        refused: Receives the path of each file in a folder that cannot be used, and the reason.

    Raises:
        InputError: A source cannot be read, or `crop: faces` is set for a source without photographs.
    """
    if settings.crop != "none" and settings.source != "folder":
        raise InputError(
            f"data.crop is '{settings.crop}', which is for photographs in a folder: set data.crop to none, because "
            f"data.source is '{settings.source}'"
        )
    if settings.source == "kaggle":
        yield from read_faces(kaggle.fetch(settings.dataset, DOWNLOADS))
    elif settings.source == "zip":
        yield from read_faces(Path(settings.input))
    elif settings.source == "folder":
        yield from folder.read_faces(Path(settings.input), refused, detector)
    else:
        yield from drawn
    if settings.extra != NO_EXTRA:
        path = Path(settings.extra)
        for name, picture in read_faces(path) if path.is_file() else folder.read_faces(path, refused, detector):
            official, emotion, file = name.split("/", 2)
            yield f"Extra/{emotion}/{official}/{file}", picture
