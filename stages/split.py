"""Divide the faces into training, validation and test."""

import json
from collections import Counter

import pyarrow.parquet as pq

from emotion import errors
from emotion.data import splitting
from emotion.files import atomic
from emotion.labels import EMOTIONS
from emotion.params import load


def main() -> None:
    """Write data/learn.parquet (train and validation), data/test.parquet and metrics/split.json."""
    settings = load("split", splitting.SplitSettings)
    faces = splitting.split(pq.read_table("data/faces.parquet"), settings)
    is_test = [part == "test" for part in faces["part"].to_pylist()]
    with atomic("data/learn.parquet") as path:
        pq.write_table(faces.filter([not test for test in is_test]), path, compression="zstd")
    with atomic("data/test.parquet") as path:
        pq.write_table(faces.filter(is_test), path, compression="zstd")
    rows = zip(faces["part"].to_pylist(), faces["label"].to_pylist(), faces["leaked"].to_pylist(), strict=True)
    count: Counter[tuple[str, str]] = Counter()
    for part, label, leaked in rows:
        count.update([(part, "faces"), (part, label)] + [(part, "leaked")] * leaked)
    summary = {
        part: {column: count[part, column] for column in ("faces", "leaked", *EMOTIONS)} for part in splitting.PARTS
    }
    with atomic("metrics/split.json") as path:
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print(", ".join(f"{part} {summary[part]['faces']}" for part in splitting.PARTS))


if __name__ == "__main__":
    errors.run(main)
