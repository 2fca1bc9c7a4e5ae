"""The archive of pictures that the download stage writes and the clean stage reads."""

import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from emotion.core.errors import InputError
from emotion.core.files import atomic


def write(faces: Iterable[tuple[str, bytes]], target: Path) -> int:
    """Write pictures to a zip whose bytes depend on nothing but their names and content; return how many.

    Args:
        faces: Entry names, `<official>/<emotion>/<file>`, and the bytes of the picture files, in any order.
            All are held in memory until they are sorted: 57 MB for FER-2013.
        target: The zip. It is replaced as a whole or not at all.

    Raises:
        InputError: There is no picture, or two have the same name.
    """
    # The file is opened first, so that a folder without write permission is an error before the long work.
    with atomic(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        pictures = _collect(faces)
        for name in sorted(pictures):
            archive.writestr(_entry(name), pictures[name])
    return len(pictures)


def read(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the entry name and the bytes of each picture of an archive that `write` made, sorted by name.

    Raises:
        InputError: The archive is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as pictures:
            for name in pictures.namelist():
                yield name, pictures.read(name)
    except zipfile.BadZipFile as error:
        raise InputError(f"{archive}: damaged ({error}): remake it with `dvc repro -f -s download`") from None


def _collect(faces: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return all pictures by name, with progress on stderr: a bar in a terminal, few lines in a log."""
    pictures: dict[str, bytes] = {}
    interval = 0.2 if sys.stderr.isatty() else 10  # seconds
    for name, content in tqdm(faces, "collecting", unit=" pictures", mininterval=interval, delay=interval):
        if name in pictures:
            raise InputError(f"{name}: two pictures have this name: remove or rename one of them")
        pictures[name] = content
    if not pictures:
        raise InputError("no picture was found: the archive needs train/<emotion>/<file> or the CSV of FER-2013")
    return pictures


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry without the date, the system and the permissions of the machine that writes it."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry
