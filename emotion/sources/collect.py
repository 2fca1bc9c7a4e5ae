"""All faces that params.yaml asks for, from whichever source."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from emotion.core.errors import InputError
from emotion.core.pictures import Detector
from emotion.sources import folder, kaggle, layouts
from emotion.sources.naming import Found
from emotion.sources.settings import DataSettings

# Outside all outputs: DVC removes those before a stage runs, and an interrupted download shall resume.
DOWNLOADS = Path("data/external/kaggle")
NO_EXTRA = "params/none.csv"


def faces(
    settings: DataSettings,
    *,
    drawn: Iterable[tuple[str, bytes]],
    detector: Detector | None,
    found: Found,
) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name and the picture file of each face; those of `extra` are named `Extra/...`.

    Args:
        settings: The sources.
        drawn: The faces of the source `sample`, by entry name.
        detector: Finds the faces in photographs, for `crop: faces`; None: pictures are faces.
        found: Receives what is not used and why, and which folder became which subset.

    Raises:
        InputError: A source cannot be read, or `crop: faces` is set for a source without photographs.
    """
    if settings.crop != "none" and settings.source != "folder":
        raise InputError(
            f"data.crop is '{settings.crop}', which is for photographs in a folder: set data.crop to none, because "
            f"data.source is '{settings.source}'"
        )
    order = settings.label_order
    if settings.source == "kaggle":
        yield from layouts.read_faces(kaggle.fetch(settings.dataset, DOWNLOADS), order, found)
    elif settings.source == "zip":
        yield from layouts.read_faces(Path(settings.input), order, found)
    elif settings.source == "folder":
        yield from folder.read_faces(Path(settings.input), order, found, detector)
    else:
        yield from drawn
    if settings.extra != NO_EXTRA:
        yield from _extra(Path(settings.extra), order, found, detector)


def _extra(path: Path, order: str, found: Found, detector: Detector | None) -> Iterator[tuple[str, bytes]]:
    more = Found(found.refused)
    faces = layouts.read_faces(path, order, more) if path.is_file() else folder.read_faces(path, order, more, detector)
    for name, picture in faces:
        official, emotion, file = name.split("/", 2)
        yield f"Extra/{emotion}/{official}/{file}", picture
    found.subsets["Extra", str(path)] = more.subsets.total()
    found.order = found.order or more.order
