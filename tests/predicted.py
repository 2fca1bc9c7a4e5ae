"""Made-up predictions, for tests of what is computed from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from emotion.core import predictions, votes


def confident(predicted: np.ndarray, probability: float = 0.4) -> np.ndarray:
    """Return probabilities (n, 7): this one for the predicted label, equal shares of the rest for the others."""
    return np.where(np.eye(7)[predicted] == 1, probability, (1 - probability) / 6)


def right_for_first(labels: np.ndarray, count: int) -> np.ndarray:
    """Return probabilities (n, 7) that predict the labels of the first faces only."""
    return confident(np.where(np.arange(len(labels)) < count, labels, (labels + 1) % 7))


def drawn(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of all emotions, and random probabilities (n, 7) that are better than chance."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(7), rng.integers(0, 7, count - 7)])
    probabilities = rng.dirichlet(np.ones(7), count)
    probabilities[np.arange(count), labels] += 0.3
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def write(path: str, probabilities: np.ndarray, labels: np.ndarray, **changes: Any) -> None:
    """Write predictions; the faces are called 0.png, 1.png ... and do not leak, unless told otherwise."""
    count = len(probabilities)
    faces = {"names": [f"{number}.png" for number in range(count)], "leakage": np.full(count, "no"), **changes}
    predictions.write(predictions.Predictions(labels=labels[:count], probabilities=probabilities, **faces), path)


def write_votes(counts: dict[str, dict[str, int]] | None = None) -> None:
    """Write data/annotations.parquet: for each face how many annotators chose an emotion; by default nobody voted."""
    counts = counts or {}
    columns = {column: [row.get(column, 0) for row in counts.values()] for column in votes.COLUMNS}
    Path("data").mkdir(exist_ok=True)
    table = pa.table({"face": pa.array(counts, pa.string()), **columns})
    pq.write_table(table, "data/annotations.parquet")


def write_params(**sections: Any) -> None:
    """Write params.yaml with these sections."""
    Path("params.yaml").write_text(yaml.safe_dump(sections), encoding="utf-8")
