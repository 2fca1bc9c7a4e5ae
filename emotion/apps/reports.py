"""Rows about faces as a table for people, CSV or JSON."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from emotion.apps.sources import Frame
from emotion.inference.results import Face

Row = dict[str, Any]
Sink = Callable[[Row], None]
BOX = ("left", "top", "width", "height")


def rows(frame: Frame, faces: Iterable[Face]) -> Iterator[Row]:
    """Yield one row for each face; a picture without faces has one row all the same, a frame of a video none."""
    place: Row = {"picture": str(frame.source), "frame": frame.number if frame.source.video else None}
    known = [place | {"face": face.track or number} | face.to_dict() for number, face in enumerate(faces, start=1)]
    yield from known or ([] if frame.source.video else [place | {"face": None}])


def table(write: Callable[[str], None], width: int) -> Sink:
    """Return a sink that writes lines for people; `width` is that of the longest name."""
    write(f"{'picture':{width}}  {'frame':>6}  {'face':>4}  {'box':>20}  {'emotion':10}  {'':>6}  next")

    def line(row: Row) -> None:
        start = f"{row['picture']:{width}}  {'' if row['frame'] is None else row['frame']:>6}"
        if row["face"] is None:
            write(f"{start}        no face found")
            return
        left, top, wide, high = row["box"]
        first, second, *_ = sorted(row["probabilities"].items(), key=lambda item: -item[1])
        box = f"{wide}x{high} at {left},{top}"
        write(f"{start}  {row['face']:>4}  {box:>20}  {first[0]:10}  {first[1]:6.1%}  {second[0]} {second[1]:.1%}")

    return line


@contextmanager
def as_csv(file: TextIO, labels: Iterable[str]) -> Iterator[Sink]:
    """Give a sink that writes rows as CSV."""
    header = ["picture", "frame", "face", *BOX, "score", "label", *labels]
    writer = csv.DictWriter(file, header, lineterminator="\n")
    writer.writeheader()

    def line(row: Row) -> None:
        simple = {name: row[name] for name in ("picture", "frame", "face", "score", "label") if name in row}
        box = dict(zip(BOX, row.get("box", ()), strict=False))
        writer.writerow(simple | box | row.get("probabilities", {}))

    yield line


@contextmanager
def as_json(file: TextIO) -> Iterator[Sink]:
    """Give a sink that writes rows as a JSON list, one a line."""
    separator = "[\n"

    def line(row: Row) -> None:
        nonlocal separator
        file.write(separator + json.dumps(row, ensure_ascii=False))
        separator = ",\n"

    yield line
    file.write("[]\n" if separator == "[\n" else "\n]\n")
