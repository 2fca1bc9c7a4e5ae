"""The files that tell how good answers are: the same ones for a model and for an ensemble."""

import csv
import json
from typing import Any

import numpy as np

from emotion.evaluation import figures, scores
from emotion.evaluation.predictions import Predictions
from emotion.files import atomic

Parts = dict[str, tuple[np.ndarray, np.ndarray]]  # labels (n,) and probabilities (n, 7) of each


def parts(validation: Predictions, test: Predictions, kind: str = "") -> Parts:
    """Return what is scored: all faces of either part, and the test faces of which no other part holds a copy.

    Args:
        validation: Answers for validation faces.
        test: Answers for test faces.
        kind: What the names say of the answers, such as `_averaged`.
    """
    found = {"validation" + kind: (validation.labels, validation.probabilities)}
    found["test" + kind] = (test.labels, test.probabilities)
    for leak, kept in {"unleaked": test.leaked != "exact", "unleaked_near": test.leaked == "no"}.items():
        if kept.any():
            found[f"test{kind}_{leak}"] = (test.labels[kept], test.probabilities[kept])
    return found


def write(name: str, scored: Parts, metrics: dict[str, Any]) -> None:
    """Write metrics/<name>.json and, under plots/, details of each part and what the charts of `test` are drawn from.

    Args:
        name: Of the model, or ensemble.
        scored: What `parts` returns, of one kind or several.
        metrics: The content of metrics/<name>.json.
    """
    _write_json(f"metrics/{name}.json", metrics)
    details = [{"part": part, "faces": len(data[0]), **_details(*data)} for part, data in scored.items()]
    _write_json(f"plots/scores/{name}.json", {"scores": details})
    _write_json(f"plots/roc/{name}.json", {"roc": scores.roc(*scored["test"])})
    rows = scores.per_class(*scored["test"])
    with atomic(f"plots/per_class/{name}.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    figure = figures.confusion(scores.confusion(*scored["test"]), f"{name} on test faces, % of each row")
    with atomic(f"plots/confusion/{name}.png") as path:
        figure.savefig(path, metadata={"Software": None})


def _details(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    low, high = scores.accuracy_interval(labels, probabilities)
    accuracy = scores.headline(labels, probabilities)["accuracy"]
    matrix = scores.confusion(labels, probabilities).tolist()
    per_class = scores.per_class(labels, probabilities)
    return {
        "accuracy": accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "per_class": per_class,
        "confusion": matrix,
    }


def _write_json(path: str, content: object) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
