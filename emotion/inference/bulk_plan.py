"""Which rows go into which part, and the manifest that lets parts of one folder belong together."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emotion.errors import InputError
from emotion.files import write_json
from emotion.inference.bulk_inputs import Inputs

MANIFEST, SCORES, SET_ASIDE, LISTING = "manifest.json", "scores", "set_aside", "inputs.parquet"
SHARES = 8  # of the work for each worker: none waits long for another in the end


@dataclass(frozen=True)
class Span:
    """Neighbouring rows of a file that one worker scores; all parts but a file's last one have `chunk` rows.

    Attributes:
        path: The Parquet file.
        name: What results call it.
        start: Its first row.
        rows: How many.
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
        """Yield each part's number and how many rows it is made of."""
        for place in range(0, self.rows, self.chunk):
            yield self.part + place // self.chunk, min(self.chunk, self.rows - place)


def spans(inputs: Inputs, chunk: int, workers: int) -> list[Span]:
    """Return all rows as spans; parts are the same whatever the number of workers is."""
    length = chunk * max(1, -(-inputs.rows // (chunk * workers * SHARES)))
    found, part = [], 0
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
    """Return how many rows a part holds; None if it is not there, or cut off by a power failure."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (FileNotFoundError, pa.ArrowInvalid):
        return None


def begin(output: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, or see that the one that is there says the same.

    Raises:
        InputError: The folder was begun with something else.
    """
    path = output / MANIFEST
    if not path.exists():
        write_json(path, manifest)
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        differing = [key for key in manifest | known if manifest.get(key) != known.get(key)]
    except (ValueError, TypeError):
        raise InputError(f"{path}: damaged: name a new folder") from None
    if differing:
        told = "; ".join(f"{key} was {known.get(key)}, is {manifest.get(key)}" for key in differing)
        raise InputError(f"{output}: was begun with something else ({told}): name a new folder")


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Keep a folder for this process alone, where the system can.

    Raises:
        InputError: Another process writes there, it holds something else, or it is no folder.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{output}: is, or lies below, a file: name a folder") from None
    strangers = sorted({file.name for file in output.iterdir() if not file.name.startswith(".")} - {LISTING})
    if strangers and MANIFEST not in strangers:
        raise InputError(f"{output}: holds {strangers[0]} and no {MANIFEST}: name a new or an empty folder")
    with (output / ".lock").open("w") as file:
        with suppress(ImportError):  # not on Windows
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"{output}: another run writes there: wait for its end") from None
        yield


def tidy(output: Path) -> None:
    """Remove what killed workers left half-written."""
    for name in (".", SCORES, SET_ASIDE):
        folder = output / name
        for entry in os.scandir(folder) if folder.is_dir() else ():
            if entry.name.startswith(".tmp-"):
                Path(entry.path).unlink(missing_ok=True)
