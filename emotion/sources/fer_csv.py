"""The CSV in which FER-2013 was first published: one row per face, its pixels as text."""

import csv
import io
from collections.abc import Iterator
from typing import IO

from PIL import Image

from emotion.core import labels, subsets
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.pictures import SIDE
from emotion.sources.naming import Found

COLUMNS = ("emotion", "pixels", "Usage")
USAGES = ("Training", "PublicTest", "PrivateTest")
MAX_LINE_CHARACTERS = 1 << 16  # a face needs at most 9,300


def read_rows(stream: IO[bytes], source: str, order: str, found: Found) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical entry name and a lossless PNG for each row.

    Args:
        stream: The CSV, read line by line.
        source: What errors call it.
        order: Which of labels.ORDERS the numbers in column `emotion` follow.
        found: Receives the row of each face with another label, and the number of faces.

    Raises:
        InputError: A column is missing or a row is not a face; the message counts rows from 1, without the header.
    """
    lines = _lines(stream, source)
    header = [name.strip() for name in next(lines, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(f"{source}: no column {', '.join(missing)}: its first line must name {', '.join(COLUMNS)}")
    for row, values in enumerate(lines, start=1):
        try:
            if len(values) != len(header):
                raise ValueError(f"{len(values)} values instead of {len(header)}")
            face = dict(zip(header, values, strict=True))
            label = _label(face["emotion"], order)
            usage = _usage(face["Usage"])
            pixels = _pixels(face["pixels"])
        except ValueError as error:
            raise InputError(f"{source}: row {row}: {error}: correct or remove this row") from None
        if label in EMOTIONS:
            found.subsets[usage, f"Usage {face['Usage'].strip()}"] += 1
            yield f"{usage}/{label}/{usage}_{row:08}.png", _png(pixels)
        else:
            found.refused.append((f"{source}: row {row}", labels.other(label)))


def _lines(stream: IO[bytes], source: str) -> Iterator[list[str]]:
    """Yield the values of each line that is not empty; a line is bounded, and no value spans two."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline=None)
    for number, line in enumerate(iter(lambda: text.readline(MAX_LINE_CHARACTERS), ""), start=1):
        if len(line) == MAX_LINE_CHARACTERS:
            raise InputError(f"{source}: line {number} is far too long for a face: this is not the CSV of FER-2013")
        if line.strip():
            yield next(csv.reader([line]))


def _label(value: str, order: str) -> str:
    label = labels.meaning(value, order)
    if label is None:
        raise ValueError(f"emotion is {value.strip()!r:.40}, no name of one, nor one of {labels.numbered(order)}")
    return label


def _usage(value: str) -> str:
    usage = subsets.meaning(value)
    if usage is None:
        raise ValueError(f"Usage is {value.strip()!r:.40} instead of {', '.join(USAGES)}")
    return usage


def _pixels(value: str) -> bytes:
    numbers = value.split()
    if len(numbers) != SIDE * SIDE:
        raise ValueError(f"{len(numbers):,} pixels instead of {SIDE * SIDE:,}")
    try:
        return bytes(map(int, numbers))
    except ValueError:
        raise ValueError("a pixel is not a whole number from 0 to 255") from None


def _png(pixels: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("L", (SIDE, SIDE), pixels).save(buffer, "PNG")
    return buffer.getvalue()
