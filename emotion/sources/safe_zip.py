"""Reading an untrusted zip: nothing is extracted, every size has a limit."""

import errno
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from emotion.core.errors import InputError
from emotion.core.folders import is_hidden

# FER-2013 has 35,887 pictures of at most 2.5 kB, or one CSV of 301 MB. The limits leave room for similar
# data sets and keep what a hostile archive can cost far below the memory of a small machine.
MAX_ENTRIES = 200_000
MAX_PICTURE_BYTES = 1 << 20
MAX_PICTURES_BYTES = 1 << 29  # of all together
MAX_CSV_BYTES = 1 << 30
MAX_ARCHIVE_BYTES = 1 << 30


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip that is neither damaged nor too large.

    Raises:
        InputError: It is, which is found out before Python makes a large object of each entry.
    """
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise InputError(f"{path}: larger than the {MAX_ARCHIVE_BYTES:,} bytes allowed: this is not FER-2013")
    with path.open("rb") as stream:
        entries = sum(chunk.count(b"PK\x01\x02") for chunk in iter(lambda: stream.read(1 << 20), b""))
    if entries > MAX_ENTRIES:
        raise InputError(f"{path}: more than the {MAX_ENTRIES:,} entries allowed: this is not FER-2013")
    with _explained(str(path)), zipfile.ZipFile(path) as archive:
        yield archive


@contextmanager
def entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> Iterator[IO[bytes]]:
    """Open one entry for reading if it claims at most `limit` bytes; it then never gives more than it claims.

    Read a number of bytes: a plain `read()` unpacks all there is, however much that is.
    """
    name = f"{archive.filename}: {info.orig_filename!r}"
    if info.file_size > limit:
        raise InputError(f"{name}: {info.file_size:,} bytes, more than the {limit:,} allowed: make a zip without it")
    with _explained(name), archive.open(info) as stream:
        yield stream


def files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the entries that are files, without hidden ones and those of a desktop.

    Raises:
        InputError: An entry does not belong into an archive of pictures; the message names it.
    """
    seen = set()
    for info in archive.infolist():
        problem = "it is in the zip twice" if info.orig_filename in seen else _problem(info)
        if problem:
            raise InputError(f"{archive.filename}: {info.orig_filename!r}: {problem}: make a new zip without it")
        seen.add(info.orig_filename)
    return [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info)]


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn the errors of a damaged zip into one line."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: truncated, damaged or not a zip ({error}): get the file again") from None
    except (OSError, ValueError) as error:
        # Wrong offsets in a damaged zip end in a seek to nowhere.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise InputError(f"{name}: damaged, it points outside the file: get the file again") from None


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Return why an entry is refused."""
    name = info.orig_filename
    mode = info.external_attr >> 16
    parts = name.split("/")
    if "" in (parts[0], *parts[:-1]) or ".." in parts or "\\" in name or ":" in name or not name.isprintable():
        return "its name is not a plain path inside a folder"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or device instead of a file"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Only for these two, Python bounds what one read unpacks.
        return "its compression is neither stored nor deflate"
    if name.lower().endswith(".zip") and not _is_hidden(info):
        return "a zip inside the zip"
    return None


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    return any(is_hidden(part) for part in PurePosixPath(info.filename).parts)
