"""A folder of your own pictures: `<root>/<emotion>/*`, or the same inside train, validation and test."""

import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from emotion.core import tree
from emotion.core.decoding import UnusableError
from emotion.core.errors import InputError
from emotion.core.folders import printable
from emotion.core.pictures import Detector
from emotion.sources import naming
from emotion.sources.naming import Found, Picture
from emotion.sources.normalise import normalise

MAX_FILE_BYTES = 1 << 26
THREADS = 4  # each holds one decoded picture
BATCH = 512  # files that are read ahead


def read_faces(root: Path, order: str, found: Found, detector: Detector | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name, `<official>/<emotion>/<file>`, and a PNG of 48x48 gray pixels of each picture.

    `naming.pictures` makes the names. Links to files are followed, links to folders are not, and hidden files are
    skipped.

    Args:
        root: The folder. It is not trusted, and nothing is written.
        order: Which of labels.ORDERS folders are numbered by, if they are.
        found: Receives the path of each file that cannot be used and the reason, and the number of faces.
        detector: Finds the faces, if the pictures are photographs; None: each picture is a face.

    Raises:
        InputError: There is no such folder, one in it has an unknown name, or no file can be used.
    """
    shown = root.as_posix()
    if not root.is_dir():
        problem = "a file, not a folder" if root.exists() else "there is no such folder"
        raise InputError(f"{printable(shown)}: {problem}: correct source, input or extra of `data` in params.yaml")
    before = len(found.refused)
    empty = True
    files = naming.pictures(tree.walk(root, found.refused), shown, order, found)
    for picture, face in _normalised(root, files, detector):
        if isinstance(face, bytes):
            empty = False
            found.subsets[picture.official, picture.source] += 1
            yield picture.name, face
        else:
            found.refused.append((printable("/".join((shown, *picture.path))), face))
    if empty:
        reasons = sorted(Counter(reason for _, reason in found.refused[before:]).items())
        counts = ", ".join(f"{count:,} x {reason}" for reason, count in reasons)
        raise InputError(f"{printable(shown)}: no usable picture (refused: {counts or 'none'}): {tree.LAYOUT}")


def _normalised(
    root: Path, files: Iterator[Picture], detector: Detector | None
) -> Iterator[tuple[Picture, bytes | str]]:
    """Yield pictures in their order, each with the PNG or the reason why there is none."""
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := list(islice(files, BATCH)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Pillow, about odd files that it can read
                faces = list(pool.map(lambda file: _face(root.joinpath(*file.path), detector), batch))
            yield from zip(batch, faces, strict=True)


def _face(path: Path, detector: Detector | None) -> bytes | str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return f"more than {MAX_FILE_BYTES:,} bytes"
        return normalise(path.read_bytes(), detector)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except UnusableError as reason:
        return str(reason)
