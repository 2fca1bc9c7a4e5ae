"""Decode every picture of the archive and set aside what is no face of 48x48 pixels."""

import csv
from pathlib import Path

import pyarrow.parquet as pq

from emotion import errors
from emotion.data import archive, cleaning
from emotion.files import atomic, write_json
from emotion.labels import EMOTIONS


def main() -> None:
    """Write data/faces.parquet, metrics/set_aside.csv and metrics/clean.json."""
    faces, set_aside = cleaning.clean(archive.read(Path("data/faces.zip")))
    summary = cleaning.summarise(faces, set_aside)
    with atomic("metrics/set_aside.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "reason"), *set_aside])
    with atomic("data/faces.parquet") as path:
        pq.write_table(faces, path, compression="zstd")
    write_json("metrics/clean.json", summary)
    print(f"{faces.num_rows} faces, {len(set_aside)} files set aside (metrics/set_aside.csv)")
    absent = sorted(set(EMOTIONS) - set(faces["label"].to_pylist()))
    if absent:
        print(f"no face of {', '.join(absent)}: networks will learn to tell the others apart")


if __name__ == "__main__":
    errors.run(main)
