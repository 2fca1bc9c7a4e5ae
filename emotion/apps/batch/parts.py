"""The work of one worker: read a span's rows, score them and write parts, each completely or not at all."""

import os
import platform
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emotion.apps.batch.inputs import opened
from emotion.apps.batch.plan import MANIFEST, SCORES, SET_ASIDE, Span, finished, part_name
from emotion.apps.batch.scorer import Job, Part, Place, Scorer
from emotion.core.errors import InputError
from emotion.core.files import atomic

PLACE = [("file", pa.string()), ("row", pa.int64()), ("name", pa.string())]
DETECTION = [*((name, pa.int32()) for name in ("face", "left", "top", "width", "height")), ("score", pa.float32())]
# Types of a column `name` that is not copied: it may be no text.
NO_NAMES = (
    pa.types.is_nested,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)
RAW_ROWS = 1024  # rows of gray pixels to read at a time
PICTURE_ROWS = 64  # rows of anything else


def score(span: Span, job: Job) -> None:
    """Write the parts of a span that are not finished yet.

    Raises:
        InputError: A file or a folder does not exist on this machine, or is damaged.
    """
    output = Path(job.output)
    for path in (output / MANIFEST, job.folder or span.path, span.path):
        if not Path(path).exists():
            raise InputError(f"{path}: does not exist on {platform.node()}: every node must see input and output")
    todo = {number for number, _ in span.parts() if finished(output / SCORES / part_name(number)) is None}
    if not todo:
        return
    scorer = _scorer(job)
    values = _values(span, job)
    for number, rows in span.parts():
        part = Part(scorer)
        for _ in range(rows):
            place, value = next(values)
            if number in todo:
                part.add(place, value)
        if number in todo:
            part.flush()
            _write(output, number, part, scorer.model.labels)


@lru_cache(1)  # opens the model once per process
def _scorer(job: Job) -> Scorer:
    return Scorer(job)


def _values(span: Span, job: Job) -> Iterator[tuple[Place, bytes | None]]:
    """Yield the place and the value of each row."""
    try:
        with opened(span.path) as file:
            yield from _rows(span, job, file)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise InputError(f"{span.path}: damaged: {str(error).splitlines()[0]}") from None


def _rows(span: Span, job: Job, file: pq.ParquetFile) -> Iterator[tuple[Place, bytes | None]]:
    groups, skipped = _groups(span, file.metadata)
    schema = file.schema_arrow
    named = "name" in schema.names and not any(is_kind(schema.field("name").type) for is_kind in NO_NAMES)
    columns = [job.column, "name"] if named else [job.column]
    place = span.start - skipped
    for batch in file.iter_batches(RAW_ROWS if job.raw else PICTURE_ROWS, groups, columns, use_threads=False):
        cut = min(skipped, len(batch))
        skipped -= cut
        place += cut
        batch = batch.slice(cut)
        values = batch[job.column]
        if pa.types.is_struct(values.type):
            values = pc.struct_field(values, "bytes")
        names = batch["name"].cast(pa.string()).to_pylist() if named else [None] * len(batch)
        for value, name in zip(values, names, strict=True):
            content = value.as_py()
            file_name = content.decode(errors="backslashreplace") if job.folder else span.name
            yield (file_name, place, name), content
            place += 1


def _groups(span: Span, metadata: pq.FileMetaData) -> tuple[list[int], int]:
    """Return the row groups that hold a span, and how many rows of the first of them precede it."""
    starts = np.cumsum([0, *(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))])
    first, last = np.searchsorted(starts, [span.start, span.start + span.rows - 1], side="right") - 1
    return list(range(first, last + 1)), span.start - int(starts[first])


def _write(output: Path, number: int, part: Part, labels: tuple[str, ...]) -> None:
    """Write a part; the scores last, because a part whose scores exist is finished."""
    if part.set_aside:
        _save(output / SET_ASIDE / part_name(number), _columns(part.set_aside, [*PLACE, ("reason", pa.string())]))
    probabilities = np.concatenate([np.empty((0, len(labels)), np.float32), *part.probabilities])
    columns = _columns(part.scored, [*PLACE, *DETECTION])
    columns["label"] = pa.array([labels[best] for best in probabilities.argmax(axis=1)], pa.string())
    columns |= {label: pa.array(column) for label, column in zip(labels, probabilities.T.copy(), strict=True)}
    _save(output / SCORES / part_name(number), columns)


def _columns(rows: list[tuple[Any, ...]], fields: list[tuple[str, pa.DataType]]) -> dict[str, pa.Array]:
    """Return rows as columns."""
    values = zip(*rows, strict=True) if rows else [()] * len(fields)
    return {name: pa.array(column, kind) for (name, kind), column in zip(fields, values, strict=True)}


def _save(path: Path, columns: dict[str, pa.Array]) -> None:
    content = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), content, compression="zstd")
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(content.getvalue())
        file.flush()
        os.fsync(file.fileno())
