"""Tables of faces as the clean stage writes them, and their audits as the audit stage writes them."""

from collections.abc import Container, Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from emotion.audit import duplicates
from emotion.core import dataset
from emotion.preparation.cleaning import SCHEMA

OUTPUTS = ("data/audit.parquet", "data/near_duplicates.parquet", "metrics/audit.json")
SETTINGS = {"min_contrast": 6.0, "min_candidate_similarity": 0.91, "min_similarity": 0.95}


def faces_table(faces: Iterable[tuple[str, str, bytes]], blank: Container[str] = ()) -> pa.Table:
    """Return a table of faces, in the order given.

    Args:
        faces: Name, which begins with the official subset, label, and pixels, of which the first 16 are the hash; a
            shorter content is padded.
        blank: Names of blank faces.
    """
    rows = [
        (name, name.split("/")[0], label, pixels.ljust(2304), pixels.ljust(16)[:16], name in blank)
        for name, label, pixels in faces
    ]
    columns = zip(zip(*rows, strict=True), SCHEMA, strict=True)
    return pa.Table.from_arrays([pa.array(column, field.type) for column, field in columns], schema=SCHEMA)


def audited(faces: pa.Table, near: Iterable[Iterable[str]] = (), **columns: Any) -> pa.Table:
    """Return an audit of faces of which equal pictures are exact duplicates.

    Args:
        faces: As the clean stage writes them.
        near: Groups of names that are near-duplicates.
        columns: Values of other columns, a dict by name: `almost_blank={"Training/sad/1.png": True}`.
    """
    names = faces["name"].to_pylist()
    exact = duplicates.exact(dataset.pixels(faces))
    pairs = [(names.index(first), names.index(other), False, 1.0) for first, *others in near for other in others]
    table = {
        "name": names,
        "exact_duplicate": exact,
        "near_duplicate": duplicates.near(exact, pairs_of(pairs)),
        "blank": np.zeros(len(names), bool),
        "almost_blank": np.zeros(len(names), bool),
        "not_a_face": np.zeros(len(names), np.float32),
    }
    for column, values in columns.items():
        for name, value in values.items():
            table[column][names.index(name)] = value
    return pa.table(table)


def pairs_of(rows: list[tuple[int, int, bool, float]]) -> pa.Table:
    """Return pairs of near-duplicates: first, second, whether mirrored, and similarity."""
    return pa.Table.from_pylist([dict(zip(duplicates.PAIRS.names, row, strict=True)) for row in rows], duplicates.PAIRS)
