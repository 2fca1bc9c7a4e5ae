"""Get the votes of ten annotators for each face of FER-2013."""

import pyarrow.parquet as pq

from emotion.annotations import ferplus
from emotion.annotations.settings import AnnotationSettings
from emotion.core import stage
from emotion.core.files import atomic
from emotion.core.params import load
from emotion.pretrained import download

FILE = "fer2013new.csv"


def main() -> None:
    """Write data/annotations.parquet, without a row if there are no annotations."""
    settings = load("annotations", AnnotationSettings)
    if settings.source == "none":
        table = ferplus.empty()
    else:
        table = ferplus.parse(download.fetch(settings.url, settings.sha256, FILE), FILE)
    with atomic("data/annotations.parquet") as path:
        pq.write_table(table, path, compression="zstd")
    print(f"data/annotations.parquet: votes for {len(table):,} names of faces")


if __name__ == "__main__":
    stage.run(main)
