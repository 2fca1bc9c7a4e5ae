"""The votes of the annotators who labelled the faces anew, and what they say."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow.parquet as pq

from emotion.core.labels import EMOTIONS

COLUMNS = (*EMOTIONS, "contempt", "unknown", "not_a_face")
MAJORITY = 6  # of ten annotators
CLEAR_MAJORITY = 8
NO_MAJORITY = -1


def read(path: str | Path, names: Sequence[str]) -> np.ndarray:
    """Return how many annotators chose each of COLUMNS for each face, int64 (n, 10); zeros where nobody was asked.

    Args:
        path: A file that stage annotations wrote.
        names: Of the faces in data/faces.zip, such as Training/angry/Training_3908.jpg.
    """
    table = pq.read_table(path)
    rows = {face: row for row, face in enumerate(table["face"].to_pylist(), start=1)}
    counts = np.stack([table[column].to_numpy() for column in COLUMNS], axis=1).astype(np.int64)
    counts = np.concatenate([np.zeros((1, len(COLUMNS)), np.int64), counts])
    return counts[[rows.get(PurePosixPath(name).stem, 0) for name in names]]


def shares(votes: np.ndarray) -> np.ndarray:
    """Return the share of each emotion in the votes for the seven, float64 (n, 7); zeros where it got none.

    Votes for contempt, unknown and not a face count for nothing.
    """
    of_emotions = votes[:, : len(EMOTIONS)]
    return of_emotions / np.maximum(of_emotions.sum(axis=1, keepdims=True), 1)


def majority(votes: np.ndarray, least: int = MAJORITY) -> np.ndarray:
    """Return the emotion that at least so many annotators chose, as its position in EMOTIONS, else -1, int64 (n,)."""
    of_emotions = votes[:, : len(EMOTIONS)]
    return np.where(of_emotions.max(axis=1, initial=0) >= least, of_emotions.argmax(axis=1), NO_MAJORITY)
