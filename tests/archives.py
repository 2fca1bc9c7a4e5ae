"""A place for a zip or CSV file of faces, and how it is read or refused."""

import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emotion.core.errors import InputError
from emotion.sources import layouts
from emotion.sources.naming import Found


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A path for the input in the working folder, in which nothing may be written."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "input.zip"
    assert set(os.listdir(tmp_path)) <= {"input.zip", "fer2013.csv"}


def read_faces(source: Path) -> Iterator[tuple[str, bytes]]:
    return layouts.read_faces(source, "fer2013", Found())


def refused(source: Path, read: Callable[[Path], Iterator[object]] = read_faces) -> str:
    """Return the one line of the error with which a file or folder is refused."""
    with pytest.raises(InputError) as caught:
        list(read(source))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail if more than so many bytes are held at once; the process's own peak may be higher already."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()
