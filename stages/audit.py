"""Find duplicates, near-duplicates, blank pictures, pictures without a face and label conflicts."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emotion.audit import auditing
from emotion.core import dataset, stage
from emotion.core.files import atomic, write_json
from emotion.core.params import load
from emotion.core.pictures import SIDE

BUFFER = 2**20  # bytes of the file that are read at once
BATCH = 1024  # faces


def main() -> None:
    """Write data/audit.parquet, data/near_duplicates.parquet and metrics/audit.json."""
    settings = load("audit", auditing.AuditSettings)
    faces = _read("data/faces.parquet")
    audited, pairs = auditing.audit(faces, settings)
    summary = auditing.summarise(faces, audited, pairs)
    for name, table in {"data/audit.parquet": audited, "data/near_duplicates.parquet": pairs}.items():
        with atomic(name) as path:
            pq.write_table(table, path, compression="zstd")
    write_json("metrics/audit.json", summary)
    print(", ".join(f"{kind}s: {summary[f'{kind}s']['groups']} groups" for kind in auditing.KINDS))


def _read(path: str) -> pa.Table:
    """Read the faces, piece by piece into one chunk of pictures: a whole file at once is in memory twice."""
    with pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
        faces = file.read(["name", "official", "label", "blank"])
        pictures = np.empty((faces.num_rows, SIDE * SIDE), np.uint8)
        start = 0
        for batch in file.iter_batches(BATCH, columns=["pixels"]):
            pictures[start : start + len(batch)] = dataset.pixels(pa.table(batch)).reshape(len(batch), -1)
            start += len(batch)
    pa.default_memory_pool().release_unused()  # what decoding took
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIDE * SIDE), len(pictures), [None, pa.py_buffer(pictures)])
    return faces.append_column("pixels", column)


if __name__ == "__main__":
    stage.run(main)
