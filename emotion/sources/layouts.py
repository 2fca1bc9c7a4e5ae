"""The two layouts in which FER-2013 is distributed, folders of pictures and a CSV, read as one."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.sources import fer_csv, safe_zip

# The older archive has plain file names, which do not distinguish public from private test faces.
SPLITS = {"train": "Training", "test": "Test"}
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
NESTED = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
LAYOUTS = f"it must hold folders train/<emotion>/<picture> and test/<emotion>/<picture>, or {' or '.join(CSV_NAMES)}"


def read_faces(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name, `<official>/<emotion>/<file>`, and the picture file of each face.

    Args:
        source: A zip in either layout, or the CSV itself. It is not trusted, and nothing is written.

    Raises:
        InputError: The file is missing, damaged, hostile or not FER-2013; the message names the entry or row.
    """
    if source.is_dir():
        raise InputError(f"{source}: a folder, not a zip: set data.source to folder in params.yaml")
    if not source.is_file():
        raise InputError(
            f"{source}: there is no such file: put the zip of FER-2013 there, or set data.source in params.yaml to "
            "kaggle (downloads it) or sample (drawn faces), and data.input to params/none.csv"
        )
    if source.suffix.lower() == ".csv":
        yield from _read_csv(source)
    else:
        yield from _read_zip(source)


def _read_csv(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.stat().st_size > safe_zip.MAX_CSV_BYTES:
        raise InputError(f"{source}: larger than the {safe_zip.MAX_CSV_BYTES:,} bytes allowed: this is not FER-2013")
    with source.open("rb") as stream:
        yield from fer_csv.read_rows(stream, str(source))


def _read_zip(source: Path) -> Iterator[tuple[str, bytes]]:
    with safe_zip.opened(source) as archive:
        files = safe_zip.files(archive)
        faces = [(name, info) for info in files if (name := _canonical_name(info.filename, source))]
        tables = [info for info in files if PurePosixPath(info.filename).name.lower() in CSV_NAMES]
        if not tables and not faces:
            raise InputError(f"{source}: {_what_else(files)}: {LAYOUTS}")
        if len(tables) + bool(faces) > 1:
            raise InputError(f"{source}: holds the faces more than once: make a zip of either the folders or one CSV")
        for table in tables:
            with safe_zip.entry(archive, table, safe_zip.MAX_CSV_BYTES) as stream:
                yield from fer_csv.read_rows(stream, f"{source}: {table.filename}")
        if sum(info.file_size for _, info in faces) > safe_zip.MAX_PICTURES_BYTES:
            raise InputError(
                f"{source}: more than {safe_zip.MAX_PICTURES_BYTES:,} bytes of pictures: this is not FER-2013"
            )
        for name, info in faces:
            with safe_zip.entry(archive, info, safe_zip.MAX_PICTURE_BYTES) as stream:
                yield name, stream.read(info.file_size + 1)


def _canonical_name(path: str, source: Path) -> str | None:
    """Return `<official>/<emotion>/<file>`, or None for a file outside the folders train and test."""
    parts = PurePosixPath(path).parts
    lower = [part.lower() for part in parts]
    # The last one: zipping often puts a folder into a folder of the same name.
    split = max((place for place, part in enumerate(lower[:-2]) if part in SPLITS), default=None)
    if split is None:
        return None
    emotion = lower[split + 1]
    file = parts[-1]
    if emotion not in EMOTIONS:
        raise InputError(f"{source}: {path!r}: unknown emotion {parts[split + 1]!r}: known are {', '.join(EMOTIONS)}")
    if len(parts) != split + 3:
        raise InputError(f"{source}: {path!r}: a folder inside an emotion's folder: move its pictures one folder up")
    usage, _, rest = file.partition("_")
    official = usage if rest and usage in fer_csv.USAGES else SPLITS[lower[split]]
    return f"{official}/{emotion}/{file}"


def _what_else(files: list[zipfile.ZipInfo]) -> str:
    """Return what a zip without faces holds."""
    if not files:
        return "holds no file"
    nested = [info.filename for info in files if info.filename.lower().endswith(NESTED)]
    if nested:
        return f"holds no faces but {nested[0]!r}: unpack that and zip its contents"
    return f"holds no faces but {files[0].filename!r} and the like"
