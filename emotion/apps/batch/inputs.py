"""The inputs of `emotion score-many`: Parquet files whose rows hold pictures, or a folder of pictures."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from emotion.core import folders
from emotion.core.errors import InputError
from emotion.core.files import atomic
from emotion.core.folders import Refused
from emotion.core.pictures import SIDE

COLUMNS = ("pixels", "image", "picture", "bytes")  # that may hold pictures, without --column
TABLE = ".parquet"
LISTED = "file"  # the column of a list of pictures


@dataclass(frozen=True)
class Table:
    """A Parquet file whose rows are scored.

    Attributes:
        path: Where it is.
        name: Its name in the results.
        rows: How many it has.
    """

    path: str
    name: str
    rows: int


@dataclass(frozen=True)
class Inputs:
    """All pictures to score, in an order that depends on names alone.

    Attributes:
        tables: Parquet files; of a folder of pictures the one that lists them.
        column: Which holds pictures, or their paths.
        raw: Whether values are gray pixels, 48 x 48, and not a picture's file.
        folder: To which listed paths are relative; None if rows hold the pictures themselves.
        files: How many were found.
        md5: Of each file's name, size and modification time.
    """

    tables: tuple[Table, ...]
    column: str
    raw: bool
    folder: str | None
    files: int
    md5: str

    @property
    def rows(self) -> int:
        """The number of pictures."""
        return sum(table.rows for table in self.tables)


def find(path: Path, column: str | None, listing: Path, refused: Refused) -> Inputs:
    """Return the pictures of a Parquet file or a folder.

    Args:
        path: The file, or the folder, with all folders below.
        column: Which holds pictures; None looks for one of COLUMNS.
        listing: Where the list of a folder's pictures is written, so that it need not stay in memory.
        refused: Receives the path of each other file in a folder, and the reason.

    Raises:
        InputError: There is nothing to score, or a file is not a Parquet file or holds no pictures.
    """
    if path.is_file():
        return _of_tables([path], path.parent, column)
    files = folders.pictures(path, refused, TABLE)
    tables = [file for file in files if file.suffix.lower() == TABLE]
    if tables and len(tables) < len(files):
        raise InputError(f"{path}: holds Parquet files and pictures: put them into separate folders")
    if not files:
        nothing = f"{path}: holds neither Parquet files ({TABLE}) nor pictures"
        raise InputError("; ".join([nothing, *folders.told(refused)]))
    if column and not tables:
        raise InputError(f"{path}: holds pictures, which have no columns: leave out --column")
    return _of_tables(tables, path, column) if tables else _of_pictures(files, path, listing)


def _of_pictures(pictures: list[Path], folder: Path, listing: Path) -> Inputs:
    names = [os.fsencode(path.relative_to(folder).as_posix()) for path in pictures]  # may be no UTF-8
    with atomic(listing) as temporary:
        pq.write_table(pa.table({LISTED: pa.array(names, pa.binary())}), temporary)
    table = Table(str(listing.resolve()), "", len(names))
    return Inputs((table,), LISTED, False, str(folder.resolve()), len(names), _md5(pictures, folder))


def _of_tables(paths: list[Path], folder: Path, column: str | None) -> Inputs:
    tables, kinds = [], {}
    for path in paths:
        with opened(path) as file:
            kinds[_column(path, file.schema_arrow, column)] = path
            tables.append(Table(str(path.resolve()), path.relative_to(folder).as_posix(), file.metadata.num_rows))
    if len(kinds) > 1:
        one, other, *_ = kinds.items()
        raise InputError(
            f"{one[1]}, {other[1]}: differ in the column of pictures ({one[0][0]}, {other[0][0]}) or its type: score "
            "them separately"
        )
    ((name, raw),) = kinds
    return Inputs(tuple(tables), name, raw, None, len(tables), _md5(paths, folder))


def opened(path: str | Path) -> pq.ParquetFile:
    """Return a Parquet file that is read in small pieces, however large its row groups are.

    Raises:
        InputError: It is not a Parquet file.
    """
    try:
        return pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # of the system; those about a damaged footer have no number
            raise
        raise InputError(f"{path}: not a Parquet file, or a damaged one") from None


def _column(path: Path, schema: pa.Schema, wanted: str | None) -> tuple[str, bool]:
    """Return which column holds pictures and whether these are raw pixels."""
    name = wanted or next((name for name in COLUMNS if name in schema.names), None)
    if name is None or name not in schema.names:
        raise InputError(
            f"{path}: no column {wanted or ', '.join(COLUMNS)}: name the pictures' column with --column; there are "
            + ", ".join(schema.names)
        )
    kind = schema.field(name).type
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width == SIDE * SIDE:
        return name, True
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:  # as Hugging Face stores pictures
        kind = kind.field("bytes").type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return name, name == "pixels"
    raise InputError(
        f"{path}: column {name} is of type {kind}: it must hold {SIDE * SIDE} bytes of gray pixels ({SIDE} x {SIDE}) "
        "or the bytes of a picture's file"
    )


def _md5(paths: Iterable[Path], folder: Path) -> str:
    """Return a hash that changes if a file is added, removed or rewritten; reading all contents would take too long."""
    digest = hashlib.md5(usedforsecurity=False)
    for path in paths:
        about = path.stat()
        digest.update(os.fsencode(path.relative_to(folder)))
        digest.update(f"\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
