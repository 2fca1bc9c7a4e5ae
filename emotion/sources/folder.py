"""A folder of your own pictures: `<root>/<emotion>/*`, or the same inside train, validation and test."""

import os
import warnings
from collections import Counter
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from emotion.core.decoding import UnusableError
from emotion.core.errors import InputError
from emotion.core.folders import LINK, Refused, files, printable, visible
from emotion.core.labels import EMOTIONS
from emotion.core.pictures import Detector
from emotion.sources.normalise import normalise

SUBSETS = {"train": "Training", "validation": "Validation", "val": "Validation", "valid": "Validation", "test": "Test"}
LAYOUT = f"its folders must be emotions ({', '.join(EMOTIONS)}), or train, validation and test with these inside"
MAX_FILE_BYTES = 1 << 26
THREADS = 4  # each holds one decoded picture
BATCH = 512  # files that are read ahead


def read_faces(root: Path, refused: Refused, detector: Detector | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name, `<official>/<emotion>/<file>`, and a PNG of 48x48 gray pixels of each picture.

    Official is Training, Validation or Test, or All without such folders. The file is the path below the emotion's
    folder with its suffix, as `printable` returns it; where a folder is there more than once (Happy and happy, val
    and valid), all are read, and it is the path below the root. Links to files are followed, links to folders are
    not, and hidden files are skipped.

    Args:
        root: The folder. It is not trusted, and nothing is written.
        refused: Receives the path of each file that cannot be used, and the reason.
        detector: Finds the faces, if the pictures are photographs; None: each picture is a face.

    Raises:
        InputError: There is no such folder, one in it has an unknown name, or no file can be used.
    """
    if not root.is_dir():
        problem = "a file, not a folder" if root.exists() else "there is no such folder"
        raise InputError(f"{printable(root)}: {problem}: correct source, input or extra of `data` in params.yaml")
    before = len(refused)
    empty = True
    for name, path, face in _normalised(_named(root, refused), detector):
        if isinstance(face, bytes):
            empty = False
            yield name, face
        else:
            refused.append((printable(path), face))
    if empty:
        reasons = sorted(Counter(reason for _, reason in refused[before:]).items())
        counts = ", ".join(f"{count:,} x {reason}" for reason, count in reasons)
        raise InputError(f"{printable(root)}: no usable picture (refused: {counts or 'none'}): {LAYOUT}")


def _normalised(
    named: Iterator[tuple[str, Path]], detector: Detector | None
) -> Iterator[tuple[str, Path, bytes | str]]:
    """Yield names and paths in their order, each with the PNG or the reason why there is none."""
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := list(islice(named, BATCH)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Pillow, about odd files that it can read
                faces = list(pool.map(lambda file: _face(file[1], detector), batch))
            yield from ((name, path, face) for (name, path), face in zip(batch, faces, strict=True))


def _face(path: Path, detector: Detector | None) -> bytes | str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return f"more than {MAX_FILE_BYTES:,} bytes"
        return normalise(path.read_bytes(), detector)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except UnusableError as reason:
        return str(reason)


def _named(root: Path, refused: Refused) -> Iterator[tuple[str, Path]]:
    """Yield the canonical entry name and the path of each file, sorted by path."""
    folders = _emotions(root, refused)
    count = Counter(place for place, _ in folders)
    for place, folder in folders:
        above = folder if count[place] == 1 else root
        for path in files(folder, refused):
            yield f"{place}/{printable(path.relative_to(above))}", path


def _emotions(root: Path, refused: Refused) -> list[tuple[str, Path]]:
    """Return `<official>/<emotion>` of each folder of an emotion, and the folder."""
    folders = _folders(root, refused)
    subsets = [("All", folders)]
    if any(folder.name.lower() in SUBSETS for folder in folders):
        _require(folders, SUBSETS)
        subsets = [(SUBSETS[subset.name.lower()], _folders(subset, refused)) for subset in folders]
    for _, emotions in subsets:
        _require(emotions, EMOTIONS)
    return [(f"{official}/{folder.name.lower()}", folder) for official, emotions in subsets for folder in emotions]


def _require(folders: list[Path], known: Container[str]) -> None:
    for folder in folders:
        if folder.name.lower() not in known:
            raise InputError(f"{printable(folder)}: unknown folder name: {LAYOUT}")
        if folder.is_symlink():
            raise InputError(f"{printable(folder)}: {LINK}: replace it by the folder")


def _folders(folder: Path, refused: Refused) -> list[Path]:
    paths = visible(folder, refused)
    refused += [(printable(path), "not in a folder of an emotion") for path in paths if not os.path.isdir(path)]
    return [path for path in paths if os.path.isdir(path)]
