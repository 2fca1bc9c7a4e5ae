"""The table of FER+, by the names that FER-2013's faces have in the archive.

Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", 2016.
"""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emotion.core import votes
from emotion.core.errors import InputError

# Row i of FER+'s table is face i of fer2013.csv. (The number in its column `Image name` is another one: it skips the
# faces that FER+ left out.) Kaggle's names say nothing of the row: this file does; see the README beside it.
ROWS = Path(__file__).with_name("ferplus_rows.parquet")
FACES = 35_887
ANNOTATORS = 10
USAGE = "Usage"
NOT_A_FACE = "NF"
# What FER+ calls votes.COLUMNS, in their order.
COLUMNS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "unknown", NOT_A_FACE)


def parse(content: bytes, origin: str) -> pa.Table:
    """Return the votes for each face under its name in Kaggle's archive and in that made of fer2013.csv.

    Args:
        content: FER+'s file fer2013new.csv.
        origin: What errors call it.

    Returns:
        Columns `face`, such as Training_3908 (Kaggle) or Training_00000001 (row 1 of the CSV), and `votes.COLUMNS`.

    Raises:
        InputError: A column is missing, a row is damaged, or there are more or fewer of them.
    """
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
    missing = [column for column in (USAGE, *COLUMNS) if column not in (reader.fieldnames or [])]
    if missing:
        raise InputError(f"{origin}: no column {', '.join(missing)}: this is not FER+'s fer2013new.csv")
    usages = []
    counts = []
    for line, row in enumerate(reader, start=2):
        try:
            counts.append([int(row[column]) for column in COLUMNS])
        except (TypeError, ValueError):
            raise InputError(f"{origin}, line {line}: a vote is not a number: download it again") from None
        usages.append(row[USAGE])
    if len(counts) != FACES:
        raise InputError(f"{origin}: {len(counts):,} rows instead of {FACES:,}: download it again")
    return _named(usages, np.array(counts, np.uint8))


def empty() -> pa.Table:
    """Return a table without a face, for data without annotations."""
    return _table([], np.empty((0, len(votes.COLUMNS)), np.uint8))


def _named(usages: list[str], counts: np.ndarray) -> pa.Table:
    """Return the table with each row of counts under both of its names, where it has two."""
    kaggle = pq.read_table(ROWS)
    pairs = zip(kaggle["subset"].to_pylist(), kaggle["number"].to_pylist(), strict=True)
    names = [f"{subset}_{number}" for subset, number in pairs]
    names += [f"{usage}_{row:08}" for row, usage in enumerate(usages, start=1)]
    left_out = [ANNOTATORS if column == NOT_A_FACE else 0 for column in COLUMNS]
    rows = kaggle["row"].fill_null(len(counts)).to_numpy()
    return _table(names, np.concatenate([np.vstack([counts, left_out])[rows], counts]))


def _table(names: list[str], counts: np.ndarray) -> pa.Table:
    columns = dict(zip(votes.COLUMNS, counts.T, strict=True))
    return pa.table({"face": pa.array(names, pa.string()), **columns})
