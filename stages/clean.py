"""Decode every picture of the archive and set aside unusable ones."""

from pathlib import Path

import pyarrow.parquet as pq

from emotion.core import stage
from emotion.core.files import atomic, write_csv, write_json
from emotion.core.labels import EMOTIONS
from emotion.preparation import cleaning
from emotion.sources import archive


def main() -> None:
    """Write data/faces.parquet, metrics/set_aside.csv and metrics/clean.json."""
    faces, set_aside = cleaning.clean(archive.read(Path("data/faces.zip")))
    summary = cleaning.summarise(faces, set_aside)
    rows = [{"name": name, "reason": reason} for name, reason in set_aside]
    write_csv("metrics/set_aside.csv", rows, ["name", "reason"])
    with atomic("data/faces.parquet") as path:
        pq.write_table(faces, path, compression="zstd")
    write_json("metrics/clean.json", summary)
    print(f"{faces.num_rows} faces, {len(set_aside)} files set aside (metrics/set_aside.csv)")
    absent = sorted(set(EMOTIONS) - set(faces["label"].to_pylist()))
    if absent:
        print(f"no face of {', '.join(absent)}: networks will learn the other emotions only")


if __name__ == "__main__":
    stage.run(main)
