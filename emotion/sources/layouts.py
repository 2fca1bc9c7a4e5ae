"""A zip of pictures, and the CSV in which FER-2013 was first published, in a zip or by itself."""

import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from emotion.core import decoding, labels, tree
from emotion.core.decoding import UnusableError
from emotion.core.errors import InputError
from emotion.core.pictures import SIDE
from emotion.core.tree import Parts
from emotion.sources import fer_csv, naming, safe_zip
from emotion.sources.naming import Found, Picture
from emotion.sources.normalise import MAX_PIXELS, normalise

CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
LAYOUTS = f"it must hold folders train/<emotion>/<picture> and test/<emotion>/<picture>, or {' or '.join(CSV_NAMES)}"


def read_faces(source: Path, order: str, found: Found) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name, `<official>/<emotion>/<file>`, and the picture file of each face.

    `naming.pictures` makes the names. Pictures of another size or in colour become a PNG of 48x48 gray pixels; what
    cannot be read stays as it is, and the stage clean sets it aside.

    Args:
        source: A zip in either layout, or the CSV itself. It is not trusted, and nothing is written.
        order: Which of labels.ORDERS numbers in place of names follow.
        found: Receives the path of each file that is not used and the reason, and the number of faces.

    Raises:
        InputError: The file is missing, damaged, hostile or not a data set; the message names the entry or row.
    """
    if source.is_dir():
        raise InputError(f"{source}: a folder, not a zip: set data.source to folder in params.yaml")
    if not source.is_file():
        raise InputError(
            f"{source}: there is no such file: put the zip of FER-2013 there, or set data.source in params.yaml to "
            "kaggle (downloads it) or sample (synthetic faces), and data.input to params/none.csv"
        )
    if source.suffix.lower() == ".csv":
        yield from _read_csv(source, order, found)
    else:
        yield from _read_zip(source, order, found)


def _read_csv(source: Path, order: str, found: Found) -> Iterator[tuple[str, bytes]]:
    if source.stat().st_size > safe_zip.MAX_CSV_BYTES:
        raise InputError(f"{source}: larger than the {safe_zip.MAX_CSV_BYTES:,} bytes allowed: this is not FER-2013")
    with source.open("rb") as stream:
        yield from fer_csv.read_rows(stream, str(source), order, found)


def _read_zip(source: Path, order: str, found: Found) -> Iterator[tuple[str, bytes]]:
    with safe_zip.opened(source) as archive:
        files = safe_zip.files(archive)
        tables = [info for info in files if PurePosixPath(info.filename).name.lower() in CSV_NAMES]
        others = {PurePosixPath(info.filename).parts: info for info in files if info not in tables}
        if tables and not any(labels.meaning(part, order) for parts in others for part in parts[:-1]):
            found.refused += [
                (f"{source}/{info.filename}", "beside the CSV, which has the faces") for info in others.values()
            ]
            faces = []
        else:
            faces = list(naming.pictures(_by_folder(others), str(source), order, found))
        if not tables and not faces:
            raise InputError(f"{source}: {_what_else(files)}: {LAYOUTS}")
        if len(tables) + bool(faces) > 1:
            raise InputError(f"{source}: holds the faces more than once: make a zip of either the folders or one CSV")
        for table in tables:
            with safe_zip.entry(archive, table, safe_zip.MAX_CSV_BYTES) as stream:
                yield from fer_csv.read_rows(stream, f"{source}: {table.filename}", order, found)
        yield from _read_pictures(archive, [(face, others[face.path]) for face in faces], found)


def _by_folder(paths: Iterable[Parts]) -> dict[Parts, list[str]]:
    folders: dict[Parts, list[str]] = defaultdict(list)
    for *parts, name in sorted(paths):
        folders[tuple(parts)].append(name)
    return folders


def _read_pictures(
    archive: zipfile.ZipFile, faces: list[tuple[Picture, zipfile.ZipInfo]], found: Found
) -> Iterator[tuple[str, bytes]]:
    if sum(info.file_size for _, info in faces) > safe_zip.MAX_PICTURES_BYTES:
        raise InputError(
            f"{archive.filename}: more than {safe_zip.MAX_PICTURES_BYTES:,} bytes of pictures: put them into a folder "
            "and set data.source to folder"
        )
    for picture, info in faces:
        with safe_zip.entry(archive, info, safe_zip.MAX_PICTURE_BYTES) as stream:
            face = _face(stream.read(info.file_size + 1))
        found.subsets[picture.official, picture.source] += 1
        yield picture.name, face


def _face(content: bytes) -> bytes:
    """Return a picture as 48x48 gray pixels: itself if it is that already, and if it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about odd files that it can read
        try:
            with decoding.opened(content, MAX_PIXELS) as image:
                ready = (image.mode, image.size) == ("L", (SIDE, SIDE))
            return content if ready else normalise(content)
        except UnusableError:
            return content


def _what_else(files: list[zipfile.ZipInfo]) -> str:
    """Return what a zip without faces holds."""
    if not files:
        return "holds no file"
    nested = [info.filename for info in files if info.filename.lower().endswith(tree.ARCHIVES)]
    if nested:
        return f"holds no faces but {nested[0]!r}: unpack that and zip its contents"
    return f"holds no faces but {files[0].filename!r} and the like"
