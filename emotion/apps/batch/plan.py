"""The division of rows into parts, and the manifest that ensures that the parts of a folder belong together."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emotion.apps.batch.inputs import Inputs, opened
from emotion.core.errors import InputError
from emotion.core.files import write_json

MANIFEST = "manifest.json"
SCORES = "scores"
SET_ASIDE = "set_aside"
LISTING = "inputs.parquet"
SPANS_PER_WORKER = 8  # small enough that no worker waits long for another in the end


@dataclass(frozen=True)
class Span:
    """Consecutive rows of a file that one worker scores; all parts but a file's last one have `chunk` rows.

    Attributes:
        path: The Parquet file.
        name: Its name in the results.
        start: First row.
        rows: Number of rows.
        part: Number of its first part.
        chunk: Rows of a part.
    """

    path: str
    name: str
    start: int
    rows: int
    part: int
    chunk: int

    def parts(self) -> Iterator[tuple[int, int]]:
        """Yield the number of each part and of its rows."""
        for place in range(0, self.rows, self.chunk):
            yield self.part + place // self.chunk, min(self.chunk, self.rows - place)


def spans(inputs: Inputs, chunk: int, workers: int) -> list[Span]:
    """Return all rows as spans; parts are the same for any number of workers."""
    length = chunk * max(1, -(-inputs.rows // (chunk * workers * SPANS_PER_WORKER)))
    found = []
    part = 0
    for table in inputs.tables:
        for start in range(0, table.rows, length):
            rows = min(length, table.rows - start)
            found.append(Span(table.path, table.name, start, rows, part + start // chunk, chunk))
        part += -(-table.rows // chunk)
    return found


def part_name(number: int) -> str:
    """Return the name of a part's file."""
    return f"part-{number:07}.parquet"


def finished(path: Path) -> int | None:
    """Return the number of rows in a part; None if it is missing, or damaged by a power failure."""
    try:
        with opened(path) as part:
            return int(part.metadata.num_rows)
    except (FileNotFoundError, InputError):
        return None


def begin(output: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, or check that the existing one is the same.

    Raises:
        InputError: The folder was started with other inputs or options.
    """
    path = output / MANIFEST
    if not path.exists():
        write_json(path, manifest)
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        differing = [key for key in manifest | known if manifest.get(key) != known.get(key)]
    except (ValueError, TypeError):
        raise InputError(f"{path}: damaged: choose a new folder") from None
    if differing:
        changes = "; ".join(_change(key, known.get(key), manifest.get(key)) for key in differing)
        remedy = "choose a new folder, or the old ones"
        raise InputError(f"{output}: was started with other inputs or options ({changes}): {remedy}")


def _change(key: str, before: Any, now: Any) -> str:
    """Return what differs at a key of two manifests."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return f"{key}: {before}, now {now}"
    differing = [part for part in now if part != "md5" and before.get(part) != now[part]]
    changes = [f"{key} {part}: {before.get(part)}, now {now[part]}" for part in differing]
    return "; ".join(changes) or f"{key}: other contents"


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Lock a folder for this process, where the system can.

    Raises:
        InputError: Another process writes there, it holds other files, or it is not a folder.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{output}: is a file, or lies inside one: choose a folder") from None
    names = sorted({file.name for file in output.iterdir() if not file.name.startswith(".")} - {LISTING})
    if names and MANIFEST not in names:
        raise InputError(f"{output}: holds {names[0]} and no {MANIFEST}: choose a new or an empty folder")
    with (output / ".lock").open("w") as file:
        with suppress(ImportError):  # not on Windows
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"{output}: another run writes there: wait until it has finished") from None
        yield


def tidy(output: Path) -> None:
    """Remove unfinished files of killed workers."""
    for name in (".", SCORES, SET_ASIDE):
        folder = output / name
        for entry in os.scandir(folder) if folder.is_dir() else ():
            if entry.name.startswith(".tmp-"):
                Path(entry.path).unlink(missing_ok=True)
