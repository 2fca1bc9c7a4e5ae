"""A table of as many faces as asked for, made of those of the pipeline: python -m benchmarks.many_faces COUNT TARGET.

The first faces are the pipeline's own. Each further one has the upper half of one of them and the lower half of
another, so it is as varied as real faces are and a copy of none. Among these, copies are about as frequent as in
FER-2013: 5 % are identical to an earlier one, 13 % nearly.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.planted_copies import CHANGES
from emotion import errors
from emotion.errors import InputError

FACES = Path("data/faces.parquet")
IDENTICAL, NEAR = 0.05, 0.13
SEED = 3


def main(count: str, target: str) -> None:
    """Write the table."""
    if not FACES.exists():
        raise InputError(f"{FACES} is missing: run `dvc repro clean`")
    faces = pq.read_table(FACES).slice(0, int(count))
    more = int(count) - faces.num_rows
    if more:
        faces = pa.concat_tables([faces, further(faces, more)])
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(faces, target, compression="zstd")


def further(faces: pa.Table, count: int) -> pa.Table:
    """Return that many more faces, with the official parts and labels of the first."""
    rng = np.random.default_rng([SEED, count])
    pixels = np.frombuffer(b"".join(faces["pixels"].to_pylist()), np.uint8).reshape(-1, 48, 48)
    upper, lower = rng.integers(len(pixels), size=(2, count))
    made = np.concatenate([pixels[upper, :24], pixels[lower, 24:]], axis=1)
    chance = rng.random(count)
    changes = [change for name, change in CHANGES.items() if name != "exact"]
    for place in np.flatnonzero(chance[1:] < IDENTICAL + NEAR) + 1:
        original = made[rng.integers(place)]
        made[place] = original if chance[place] < IDENTICAL else changes[rng.integers(len(changes))](original, rng)
    rows = faces.take(pa.array(np.arange(count) % faces.num_rows))
    names = pa.array([f"{official}/more/{n:07}.png" for n, official in enumerate(rows["official"].to_pylist())])
    column = pa.array([face.tobytes() for face in made], pa.binary(48 * 48))
    rows = rows.set_column(rows.column_names.index("name"), "name", names)
    return rows.set_column(rows.column_names.index("pixels"), "pixels", column).cast(faces.schema)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
